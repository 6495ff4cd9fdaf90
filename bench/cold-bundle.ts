/** First invokes of functions with 50 MB of dependencies, in turns with the same Node loading the same files. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import { deploy, invoke, remove } from "../src/cli/function-calls.ts";
import { NODE } from "./bench-functions.ts";
import { spawnMs } from "./cold-start.ts";
import type { RegionProcess } from "./region-process.ts";
import { median } from "./statistics.ts";

const PACKAGES = 50;
const FILES_OF_EACH = 20;
/** Of each file: a thousand files come to 50 MB, of which the engine has to compile what it meets. */
const FUNCTIONS_OF_EACH = 500;

export interface BundleFigures {
  readonly functions: number;
  readonly bundleMb: number;
  readonly coldP50Ms: number;
  readonly loadP50Ms: number;
}

/** Its dependencies, by path: packages as their authors publish them, of many files that require each other. */
function bundle(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (let number = 0; number < PACKAGES; number++) {
    const directory = `node_modules/dependency-${number}`;
    const parts = Array.from({ length: FILES_OF_EACH }, (_, part) => `part-${part}`);
    files.set(`${directory}/index.js`, parts.map((part) => `exports["${part}"] = require("./${part}");`).join("\n"));
    for (const part of parts) files.set(`${directory}/${part}.js`, source(`${number}-${part}`));
  }
  const requires = Array.from({ length: PACKAGES }, (_, number) => `require("dependency-${number}");`);
  files.set(NODE.file, `${requires.join("\n")}\n${NODE.source}`);
  return files;
}

function source(mark: string): string {
  const functions = Array.from({ length: FUNCTIONS_OF_EACH }, (_, index) => {
    const text = `"${mark} ${"lorem ipsum ".repeat(3)}${index}"`;
    return `exports.f${index} = function f${index}(a, b) { return a === undefined ? ${text} : [a, b]; };`;
  });
  return functions.join("\n");
}

export async function measureColdBundle(region: RegionProcess, functions: number): Promise<BundleFigures> {
  const files = bundle();
  const directory = await mkdtemp(join(tmpdir(), "bench-bundle-"));
  const names = Array.from({ length: functions + 1 }, (_, index) => `bench-bundle-${index}`);
  try {
    for (const [path, text] of files) {
      await mkdir(join(directory, path, ".."), { recursive: true });
      await writeFile(join(directory, path), text);
    }
    for (const name of names) await deployBundle(region, name, files);
    const load = [process.execPath, join(directory, NODE.file)] as const;
    const cold: number[] = [];
    const loaded: number[] = [];
    const [warmUp = "", ...rest] = names;
    await invoke(region.client, warmUp, { payload: "{}" });
    await spawnMs(load);
    for (const name of rest) {
      loaded.push(await spawnMs(load));
      const { wallMs, functionError, payload } = await invoke(region.client, name, { payload: '{"a":1}' });
      if (functionError !== undefined) throw new Error(`${name} failed: ${payload}`);
      cold.push(wallMs);
    }
    const bytes = [...files.values()].reduce((sum, text) => sum + text.length, 0);
    return { functions, bundleMb: bytes / 1e6, coldP50Ms: median(cold), loadP50Ms: median(loaded) };
  } finally {
    for (const name of names) await remove(region.client, name).catch(() => {});
    await rm(directory, { recursive: true, force: true });
  }
}

/** Each has its own: the page cache knows the files of none but the first plain load. */
async function deployBundle(region: RegionProcess, name: string, files: ReadonlyMap<string, string>): Promise<void> {
  const zip = new ZipFile();
  for (const [path, text] of files) zip.addBuffer(Buffer.from(text), path, { compressionLevel: 1 });
  zip.addBuffer(Buffer.from(name), "name.txt");
  zip.end();
  const { runtime, handler } = NODE;
  const roleArn = "arn:aws:iam::000000000000:role/bench";
  const code = await buffer(zip.outputStream);
  await deploy(region.client, { name, runtime, handler, roleArn, zip: code, memoryMb: 1024, timeoutSeconds: 30 });
}
