/**
 * A signed invoke request as bytes. Signed once and sent many times: a signature stays good for its date, so that the
 * server verifies every request and the load generator pays for none.
 */
import type { RegionProcess } from "./region-process.ts";

/** 1 KB of JSON, as in the baselines of the yardstick. */
export const PAYLOAD = JSON.stringify({ key: "x".repeat(1024 - '{"key":""}'.length) });

export function rawRequest(method: string, path: string, headers: Record<string, string>, body: string): Buffer {
  const lines = Object.entries({ ...headers, "content-length": String(Buffer.byteLength(body)) });
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`,
  );
}

export async function invokeRequest(
  region: RegionProcess,
  functionName: string,
  given: Readonly<Record<string, string>> = {},
): Promise<Buffer> {
  const path = `/2015-03-31/functions/${functionName}/invocations`;
  const headers = await region.client.sign({ method: "POST", path, headers: given, body: PAYLOAD });
  return rawRequest("POST", path, headers, PAYLOAD);
}
