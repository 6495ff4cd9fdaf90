/**
 * First invokes in environments that come from a snapshot, in turns with plain cold starts of the same function in the same region:
 * a Python function whose init takes two seconds, and a Java one.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import { buildExample } from "../examples/build.ts";
import { invoke, remove, untilReady } from "../src/cli/function-calls.ts";
import { Runtimes } from "../src/execution/runtimes.ts";
import { RegionProcess } from "./region-process.ts";
import { median } from "./statistics.ts";

export interface SnapStartPlan {
  /** Environments of each function, restored and plain. */
  readonly restores: number;
  readonly starts: number;
}

export interface SnapStartFigures {
  readonly language: string;
  readonly restores: number;
  readonly restoredP50Ms: number;
  readonly slowestMs: number;
  readonly plainP50Ms: number;
}

/** Where `npm test` and `alonzo runtimes install java` in this checkout put AWS's client. */
const RUNTIMES = join(import.meta.dirname, "..", ".cache", "runtimes");
const PYTHON = "import time\ntime.sleep(2)\ndef handler(event, context):\n    return event\n";

interface Subject {
  readonly language: string;
  readonly runtime: string;
  readonly handler: string;
  readonly zip: Buffer;
}

async function subjects(): Promise<Subject[]> {
  const found = (await Runtimes.discover()).list().map(({ runtime }) => runtime);
  const python = found.find((runtime) => Number(/^python3\.(\d+)$/.exec(runtime)?.[1] ?? 0) >= 12);
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(PYTHON), "index.py");
  zip.end();
  const code = await buffer(zip.outputStream);
  const java = await buildExample("hello-java").then((path) => readFile(path));
  return [
    ...(python ? [{ language: "Python", runtime: python, handler: "index.handler", zip: code }] : []),
    { language: "Java", runtime: "java17", handler: "example.Greeting", zip: java },
  ];
}

export async function measureSnapStart(isolation: string, plan: SnapStartPlan): Promise<SnapStartFigures[]> {
  const region = await RegionProcess.start(isolation, { variables: { ALONZO_RUNTIMES_DIR: RUNTIMES } });
  try {
    const figures: SnapStartFigures[] = [];
    for (const subject of await subjects()) figures.push(await measure(region, subject, plan));
    return figures;
  } finally {
    await region.stop();
  }
}

async function measure(
  region: RegionProcess,
  { language, runtime, handler, zip }: Subject,
  { restores, starts }: SnapStartPlan,
): Promise<SnapStartFigures> {
  const name = `bench-snap-start-${language.toLowerCase()}`;
  const path = `/2015-03-31/functions/${name}`;
  await region.client.json({
    method: "POST",
    path: "/2015-03-31/functions",
    body: {
      FunctionName: name,
      Runtime: runtime,
      Handler: handler,
      Role: "arn:aws:iam::000000000000:role/bench",
      Code: { ZipFile: zip.toString("base64") },
      MemorySize: 512,
      Timeout: 30,
      SnapStart: { ApplyOn: "PublishedVersions" },
    },
  });
  await untilReady(region.client, name);
  await region.client.json({ method: "POST", path: `${path}/versions`, body: {} });
  await untilReady(region.client, `${name}:1`);
  const coldMs = async (qualifier: string, sign: string) => {
    const environments = { path: "/_alonzo/environments", query: { functionName: name } };
    await region.client.json({ method: "DELETE", ...environments });
    // What it costs to end the one before is no part of it.
    while (
      (await region.client.json<{ environments: [] }>({ method: "GET", ...environments })).environments.length > 0
    );
    const answer = await invoke(region.client, name, { payload: '{"name":"a"}', qualifier, tail: true });
    if (answer.functionError !== undefined) throw new Error(`${name} failed: ${answer.payload}`);
    if (!answer.logTail.includes(sign)) throw new Error(`${name}: no ${sign} in ${answer.logTail}`);
    return answer.wallMs;
  };
  // The first pays for what is cold in the machine.
  await coldMs("1", "\tRestore Duration: ");
  const restored: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round < restores; round++) {
    restored.push(await coldMs("1", "\tRestore Duration: "));
    if (round < starts) plain.push(await coldMs("$LATEST", "\tInit Duration: "));
  }
  await remove(region.client, name);
  return {
    language,
    restores,
    restoredP50Ms: median(restored),
    slowestMs: Math.max(...restored),
    plainP50Ms: median(plain),
  };
}
