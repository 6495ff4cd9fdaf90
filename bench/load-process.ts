/** Runs load.ts in a process of its own and hands its result back. */
import { fork } from "node:child_process";
import { join } from "node:path";
import type { LoadManner, LoadOrder, LoadResult } from "./load.ts";

export async function generateLoad(
  url: string,
  request: Buffer,
  concurrency: number,
  durationMs: number,
  manner: LoadManner = {},
): Promise<LoadResult> {
  const { hostname, port } = new URL(url);
  const order: LoadOrder = {
    host: hostname,
    port: Number(port),
    request: request.toString("base64"),
    concurrency,
    durationMs,
    manner,
  };
  const child = fork(join(import.meta.dirname, "load.ts"), { serialization: "advanced" });
  const result = await new Promise<LoadResult>((resolve, reject) => {
    child.once("message", (message) => resolve(message as LoadResult));
    child.once("exit", (code) => reject(new Error(`the load generator ended with ${code}`)));
    child.send(order);
  });
  if (result.failures > 0)
    throw new Error(`${result.failures} requests were not answered as expected, first:\n${result.firstFailure}`);
  return result;
}
