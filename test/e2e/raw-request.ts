/** For tests: requests as bytes on a connection of their own, so that they can be as wrong as a test needs them. */
import { hash } from "node:crypto";
import { connect } from "node:net";
import { formatAmzDate } from "../../src/gateway/amz-date.ts";
import { deriveSigningKey, hmacHex } from "../../src/gateway/signing-keys.ts";
import { canonicalRequestHash } from "../../src/gateway/sigv4-canonical.ts";

export interface Request {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A request signed by the administrator of a region with default keys. */
export function signed(
  host: string,
  method: string,
  target: string,
  body = "",
  extra: Record<string, string> = {},
): Request {
  const [path = "", query = ""] = target.split("?");
  const date = formatAmzDate(Date.now());
  const scope = { date: date.slice(0, 8), region: "us-east-1", service: "lambda" };
  const payloadHash = extra["x-amz-content-sha256"] ?? hash("sha256", Buffer.from(body, "latin1"), "hex");
  const headers: Record<string, string> = { ...extra, host, "x-amz-date": date, "x-amz-content-sha256": payloadHash };
  const names = Object.keys(headers).toSorted();
  const canonical = canonicalRequestHash(
    { method, path, query, headers, rawHeaders: [] },
    "lambda",
    names,
    payloadHash,
  );
  const scopeText = `${scope.date}/us-east-1/lambda/aws4_request`;
  const key = deriveSigningKey("test", scope);
  const signature = hmacHex(key, `AWS4-HMAC-SHA256\n${date}\n${scopeText}\n${canonical}`);
  headers.authorization = `AWS4-HMAC-SHA256 Credential=test/${scopeText}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { method, target, headers, body };
}

/** As latin1 text: every byte of a request is one character here. */
export function render({ method, target, headers, body }: Request, length = body.length): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\n${lines.join("")}Content-Length: ${length}\r\nConnection: close\r\n\r\n${body}`;
}

export interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

/** Send the bytes, end our half, and collect what comes until the connection closes. */
export async function exchange(port: number, bytes: string): Promise<Answer> {
  const socket = connect(port, "127.0.0.1");
  // A reset after the answer is as good an end as any; without an answer the status tells.
  socket.on("error", () => {});
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.end(bytes, "latin1");
  await new Promise((resolve) => socket.once("close", resolve));
  const text = Buffer.concat(chunks).toString();
  const end = text.indexOf("\r\n\r\n");
  return {
    status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0),
    headers: text.slice(0, end),
    body: text.slice(end + 4),
  };
}
