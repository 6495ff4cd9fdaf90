/** What a large object costs the region in memory on its way into a bucket and out of it, and how fast it goes. */
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { PeakMemory } from "./peak-memory.ts";
import type { RegionProcess } from "./region-process.ts";

const Bucket = "bench-s3";
const CHUNK = Buffer.alloc(65_536, "x");

export interface Transfer {
  readonly direction: "upload" | "download";
  readonly bytes: number;
  readonly seconds: number;
  /** Of the region's process: resident before, and the most while it ran. */
  readonly beforeMb: number;
  readonly peakMb: number;
}

function* content(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, left);
}

async function answerOf(sent: ReturnType<typeof httpRequest>): Promise<number> {
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let bytes = 0;
  for await (const chunk of response) bytes += chunk.length;
  if (response.statusCode !== 200) throw new Error(`S3 answered ${response.statusCode}`);
  return bytes;
}

/** @param bytes of the object, sent and read over one connection each */
export async function measureS3Streaming(region: RegionProcess, bytes: number): Promise<readonly Transfer[]> {
  const { endpoint, region: name, accessKeyId, secretAccessKey } = region.target;
  const s3 = new S3Client({ endpoint, region: name, credentials: { accessKeyId, secretAccessKey } });
  // The presigner's types are of another release than the client's.
  const url = (command: unknown) => getSignedUrl(s3 as never, command as never);
  const measured = async (direction: Transfer["direction"], transfer: () => Promise<void>): Promise<Transfer> => {
    const memory = new PeakMemory(region.pid);
    const started = performance.now();
    await transfer();
    const seconds = (performance.now() - started) / 1000;
    return { direction, bytes, seconds, beforeMb: memory.beforeMb, peakMb: memory.peakMb };
  };
  const upload = async (Key: string, size: number) => {
    const headers = { "content-length": String(size) };
    const sent = httpRequest(await url(new PutObjectCommand({ Bucket, Key })), { method: "PUT", headers });
    await Promise.all([pipeline(Readable.from(content(size)), sent), answerOf(sent)]);
  };
  const download = async (Key: string, size: number) => {
    const sent = httpRequest(await url(new GetObjectCommand({ Bucket, Key }))).end();
    const received = await answerOf(sent);
    if (received !== size) throw new Error(`${received} of ${size} bytes came back`);
  };
  try {
    await s3.send(new CreateBucketCommand({ Bucket }));
    // What the first request of all costs is not what is asked about.
    await upload("warm", CHUNK.length);
    await download("warm", CHUNK.length);
    return [
      await measured("upload", () => upload("large", bytes)),
      await measured("download", () => download("large", bytes)),
    ];
  } finally {
    s3.destroy();
  }
}
