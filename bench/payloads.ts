/**
 * `npm run bench:payloads`: what large events and answers cost the region in memory, and how fast they go: 1 KB, 100 KB and
 * 6 MB each way, many at once, and one answer of 100 MB streamed.
 * Flags: --quick (fewer and smaller: a smoke test), --border (also 200 MB streamed, and one byte more: minutes),
 * --json FILE (also write the figures there; - for stdout only), --isolation NAME.
 */
import { writeFile } from "node:fs/promises";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { parseArgs } from "node:util";
import { deployNode } from "./bench-functions.ts";
import { PeakMemory } from "./peak-memory.ts";
import { RegionProcess } from "./region-process.ts";

const KB = 1024;
const MB = 1024 * 1024;
/** As many as Lambda allows to a streamed answer. */
const BORDER_BYTES = 200 * MB;

const FUNCTION = "bench-payloads";
const STREAM = "bench-stream";
const SOURCE = `exports.whole = async (event) => ("bytes" in event ? "x".repeat(event.bytes) : 0);
const { pipeline } = require("node:stream/promises");
exports.streamed = awslambda.streamifyResponse(async ({ bytes }, stream) => {
  const chunk = Buffer.alloc(65536, "x");
  await pipeline(function* () { for (let left = bytes; left > 0; left -= chunk.length) yield chunk.subarray(0, left); }, stream);
});
`;

export interface PayloadFigures {
  readonly direction: "event" | "answer" | "stream";
  readonly bytes: number;
  readonly concurrency: number;
  readonly invokes: number;
  readonly seconds: number;
  /** Of the region's process: resident before, and the most while it ran. */
  readonly beforeMb: number;
  readonly peakMb: number;
  /** Of an answer that was refused. */
  readonly error?: string;
}

const agent = new Agent({ keepAlive: true });

async function post(region: RegionProcess, path: string, body: string): Promise<IncomingMessage> {
  const headers = await region.client.sign({ method: "POST", path, body });
  const url = new URL(path, region.target.endpoint);
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: "POST", headers, agent }, resolve);
    request.on("error", reject);
    request.end(body);
  });
}

/** @returns bytes of the answer's body, and its end as text */
async function drain(response: IncomingMessage): Promise<{ bytes: number; end: string }> {
  let bytes = 0;
  let end = "";
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    end = (end + chunk.toString("latin1", Math.max(0, chunk.length - KB))).slice(-KB);
  }
  return { bytes, end };
}

async function measureWhole(
  region: RegionProcess,
  direction: "event" | "answer",
  bytes: number,
  concurrency: number,
  rounds: number,
): Promise<PayloadFigures> {
  const path = `/2015-03-31/functions/${FUNCTION}/invocations`;
  // Two quotes belong to a JSON string; an event is wrapped in them and a key.
  const body =
    direction === "event"
      ? JSON.stringify({ key: "x".repeat(bytes - '{"key":""}'.length) })
      : JSON.stringify({ bytes: bytes - 2 });
  const one = async (): Promise<void> => {
    const response = await post(region, path, body);
    const answer = await drain(response);
    const isGood = response.statusCode === 200 && response.headers["x-amz-function-error"] === undefined;
    if (!isGood || (direction === "answer" && answer.bytes !== bytes)) {
      throw new Error(`${response.statusCode}: ${answer.end}`);
    }
  };
  const all = () => Promise.all(Array.from({ length: concurrency }, one));
  const memory = new PeakMemory(region.pid);
  // Speed is told of environments that are there; what memory the way there took counts.
  await all();
  const started = performance.now();
  for (let round = 0; round < rounds; round++) await all();
  const seconds = (performance.now() - started) / 1000;
  const { beforeMb, peakMb } = memory;
  return { direction, bytes, concurrency, invokes: rounds * concurrency, seconds, beforeMb, peakMb };
}

async function measureStream(region: RegionProcess, bytes: number): Promise<PayloadFigures> {
  const path = `/2021-11-15/functions/${STREAM}/response-streaming-invocations`;
  await drain(await post(region, path, '{"bytes":1}'));
  const memory = new PeakMemory(region.pid);
  const started = performance.now();
  const { end } = await drain(await post(region, path, JSON.stringify({ bytes })));
  const seconds = (performance.now() - started) / 1000;
  const error = /\\"errorType\\":\\"([^\\]+)/.exec(end)?.[1];
  const { beforeMb, peakMb } = memory;
  const figures = { direction: "stream", bytes, concurrency: 1, invokes: 1, seconds, beforeMb, peakMb } as const;
  return { ...figures, ...(error !== undefined && { error }) };
}

function render(figures: PayloadFigures): string {
  const { direction, bytes, concurrency, invokes, seconds, beforeMb, peakMb, error } = figures;
  const size = bytes < MB ? `${Math.round(bytes / KB)} KB` : `${(bytes / MB).toFixed(bytes % MB === 0 ? 0 : 6)} MB`;
  const speed = `${(invokes / seconds).toFixed(1)}/s, ${((bytes * invokes) / MB / seconds).toFixed(1)} MB/s`;
  const memory = `${beforeMb.toFixed(0)} MB before, peak ${peakMb.toFixed(0)} MB (+${(peakMb - beforeMb).toFixed(0)})`;
  return `${direction.padEnd(6)} ${size.padStart(8)} x${String(concurrency).padEnd(3)} ${speed.padEnd(24)} ${memory}${error ? `  ${error}` : ""}`;
}

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    border: { type: "boolean", default: false },
    json: { type: "string" },
    isolation: { type: "string", default: "auto" },
  },
});

const figures: PayloadFigures[] = [];

/** Each in a region of its own: what memory one left behind would hide what the next needs. */
async function note(measure: (region: RegionProcess) => Promise<PayloadFigures>): Promise<void> {
  const region = await RegionProcess.start(flags.isolation);
  try {
    await deployNode(region, FUNCTION, SOURCE, "index.whole");
    await deployNode(region, STREAM, SOURCE, "index.streamed", 300);
    const one = await measure(region);
    figures.push(one);
    process.stderr.write(`${render(one)}\n`);
  } finally {
    agent.destroy();
    await region.stop();
  }
}

const many = flags.quick ? 4 : 50;
for (const direction of ["event", "answer"] as const) {
  await note((region) => measureWhole(region, direction, KB, 16, flags.quick ? 2 : 100));
  await note((region) => measureWhole(region, direction, 100 * KB, 16, flags.quick ? 2 : 20));
  await note((region) => measureWhole(region, direction, 6 * MB, many, flags.quick ? 1 : 2));
}
await note((region) => measureStream(region, flags.quick ? 7 * MB : 100 * MB));
if (flags.border) {
  await note((region) => measureStream(region, BORDER_BYTES));
  await note((region) => measureStream(region, BORDER_BYTES + 1));
}
const json = `${JSON.stringify(figures, null, 2)}\n`;
if (flags.json === "-") process.stdout.write(json);
else if (flags.json !== undefined) await writeFile(flags.json, json);
