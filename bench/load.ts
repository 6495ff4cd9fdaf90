/**
 * The load generator's main loop, run in a process of its own: sends the same prepared HTTP/1.1 request over N
 * keep-alive sockets, one at a time on each, and counts. Hand-made, because a general client costs more than the server
 * that it would measure. Reads one LoadOrder as an IPC message, answers with one LoadResult.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface LoadOrder {
  readonly host: string;
  readonly port: number;
  /** The whole request, base64. */
  readonly request: string;
  readonly concurrency: number;
  readonly durationMs: number;
  readonly manner: LoadManner;
}

export interface LoadManner {
  /** Between an answer and the next request on the same socket; 0 unless told. */
  readonly pauseMs?: number;
  /** What the answers must be: anything else is a failure of the bench. Success unless told. */
  readonly expected?: ExpectedAnswer;
}

export type ExpectedAnswer = "success" | "function error" | "throttle";

export interface LoadResult {
  readonly requests: number;
  readonly failures: number;
  readonly elapsedMs: number;
  readonly latenciesUs: number[];
  /** The first answer that was not as expected, to explain failures. */
  readonly firstFailure?: string;
}

const HEAD_END = Buffer.from("\r\n\r\n");

/** Bytes of the first whole response in the buffer, or 0 while it is incomplete. */
export function responseLength(buffer: Buffer): number {
  const headEnd = buffer.indexOf(HEAD_END);
  if (headEnd < 0) return 0;
  const head = buffer.toString("latin1", 0, headEnd).toLowerCase();
  const bodyStart = headEnd + HEAD_END.length;
  const declared = /\r\ncontent-length: *(\d+)/.exec(head);
  if (declared) {
    const length = bodyStart + Number(declared[1]);
    return buffer.length >= length ? length : 0;
  }
  const last = buffer.indexOf("0\r\n\r\n", bodyStart);
  return last < 0 ? 0 : last + 5;
}

class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #onResponse: ((response: Buffer) => void) | undefined;
  #onFailure: ((error: Error) => void) | undefined;

  constructor(host: string, port: number) {
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("error", (error) => this.#onFailure?.(error));
    this.#socket.on("close", () => this.#onFailure?.(new Error("the server closed the connection")));
  }

  exchange(request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#onResponse = resolve;
      this.#onFailure = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#onFailure = undefined;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const length = responseLength(this.#received);
    if (length === 0) return;
    const response = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    this.#onResponse?.(response);
  }
}

const FUNCTION_ERROR = /\r\nx-amz-function-error/i;

const IS_AS_EXPECTED: Record<ExpectedAnswer, (head: string) => boolean> = {
  // 200 and 202.
  success: (head) => head.startsWith("HTTP/1.1 20") && !FUNCTION_ERROR.test(head),
  "function error": (head) => head.startsWith("HTTP/1.1 200") && FUNCTION_ERROR.test(head),
  throttle: (head) => head.startsWith("HTTP/1.1 429"),
};

async function load(order: LoadOrder): Promise<LoadResult> {
  const request = Buffer.from(order.request, "base64");
  const { pauseMs = 0, expected = "success" } = order.manner;
  const isAsExpected = IS_AS_EXPECTED[expected];
  const latenciesUs: number[] = [];
  let failures = 0;
  let firstFailure: string | undefined;
  const started = performance.now();
  const until = started + order.durationMs;
  const worker = async (): Promise<void> => {
    const connection = new Connection(order.host, order.port);
    for (let now = performance.now(); now < until; ) {
      const response = await connection.exchange(request);
      const after = performance.now();
      const head = response.subarray(0, 1024).toString("latin1");
      if (isAsExpected(head)) latenciesUs.push(Math.round((after - now) * 1000));
      else {
        failures++;
        firstFailure ??= head;
      }
      if (pauseMs > 0) await delay(pauseMs);
      now = pauseMs > 0 ? performance.now() : after;
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: order.concurrency }, worker));
  const elapsedMs = performance.now() - started;
  const requests = latenciesUs.length;
  return { requests, failures, elapsedMs, latenciesUs, ...(firstFailure !== undefined && { firstFailure }) };
}

if (process.send) {
  process.once("message", (order: LoadOrder) => {
    load(order).then((result) => process.send?.(result, () => process.exit(0)));
  });
}
