/**
 * What large events and answers cost the region in memory, and how fast they go: each way, many at once, and one long answer
 * streamed; up to the border, 200 MB, where that is wanted.
 */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { deployNode } from "./bench-functions.ts";
import { PeakMemory } from "./peak-memory.ts";
import { RegionProcess } from "./region-process.ts";

export const KB = 1024;
export const MB = 1024 * 1024;
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

export interface PayloadPlan {
  readonly whole: readonly PayloadSize[];
  readonly streamedBytes: number;
}

interface PayloadSize {
  readonly bytes: number;
  /** Invokes at once. */
  readonly concurrency: number;
  readonly rounds: number;
}

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
  { bytes, concurrency, rounds }: PayloadSize,
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

/** Each in a region of its own: what memory one left behind would hide what the next needs. */
async function inOwnRegion(
  isolation: string,
  measure: (region: RegionProcess) => Promise<PayloadFigures>,
): Promise<PayloadFigures> {
  const region = await RegionProcess.start(isolation);
  try {
    await deployNode(region, FUNCTION, SOURCE, "index.whole");
    await deployNode(region, STREAM, SOURCE, "index.streamed", 300);
    return await measure(region);
  } finally {
    agent.destroy();
    await region.stop();
  }
}

export async function measurePayloads(isolation: string, plan: PayloadPlan): Promise<PayloadFigures[]> {
  const figures: PayloadFigures[] = [];
  for (const direction of ["event", "answer"] as const) {
    for (const size of plan.whole) {
      figures.push(await inOwnRegion(isolation, (region) => measureWhole(region, direction, size)));
    }
  }
  figures.push(await inOwnRegion(isolation, (region) => measureStream(region, plan.streamedBytes)));
  return figures;
}

/** The longest answer that may be streamed, and one byte more. Minutes. */
export async function measureStreamBorder(isolation: string): Promise<PayloadFigures[]> {
  const figures: PayloadFigures[] = [];
  for (const bytes of [BORDER_BYTES, BORDER_BYTES + 1]) {
    figures.push(await inOwnRegion(isolation, (region) => measureStream(region, bytes)));
  }
  return figures;
}
