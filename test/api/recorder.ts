/** An HTTP server that remembers what it was sent: what functions have seen, and what API destinations were called with. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { zipOf } from "./lambda/zip.ts";

export interface Recorded {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Unix ms */
  readonly atMs: number;
}

/** A function that posts each event to the recorder, to the path /NAME of its environment variable. */
export const TELLING = zipOf({
  "index.mjs": `const { RECORDER } = process.env;
  export const handler = async (event) => {
    if (event?.detail?.fail) throw new Error("as told");
    await fetch(RECORDER, { method: "POST", body: JSON.stringify(event) });
  };`,
});

export class Recorder implements AsyncDisposable {
  readonly url: string;
  readonly seen: Recorded[] = [];
  /** Answers, by path; 200 where there is none. */
  readonly statuses = new Map<string, number>();
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url: path = "", headers } = request;
        this.seen.push({ method, path, headers, body: Buffer.concat(chunks).toString(), atMs: Date.now() });
        response.statusCode = this.statuses.get(path.split("?")[0] ?? "") ?? 200;
        response.setHeader("content-type", "application/json");
        response.end('{"access_token":"opensesame","expires_in":60}');
        for (const look of this.#waiting) look();
      });
    });
  }

  static async start(): Promise<Recorder> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Recorder(server);
  }

  /** What came to a path so far. */
  at(path: string): Recorded[] {
    return this.seen.filter((one) => one.path.split("?")[0] === path);
  }

  /** Resolves when so many have come to a path. */
  async until(path: string, count = 1): Promise<Recorded[]> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.at(path).length >= count) resolve();
    };
    this.#waiting.add(look);
    look();
    await promise;
    this.#waiting.delete(look);
    return this.at(path);
  }

  /** The JSON of the first that came to a path. */
  async json<T = Record<string, unknown>>(path: string): Promise<T> {
    const [first] = await this.until(path);
    return JSON.parse(first?.body ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
