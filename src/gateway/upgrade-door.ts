/** Connections that want to become WebSockets: to the surface that they mean, or refused as plain HTTP. */
import { randomUUID } from "node:crypto";
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Log } from "../observability/log.ts";
import type { SurfaceMatch } from "../wire/http-surface.ts";
import { ServiceError } from "../wire/service-error.ts";
import type { BrowserGuard } from "./cors.ts";
import { plainError } from "./plain-error.ts";
import { refusal } from "./refusal.ts";
import { readHead } from "./request-head.ts";
import type { SurfaceDoor } from "./surface-door.ts";

export class UpgradeDoor {
  readonly #surfaces: SurfaceDoor;
  readonly #guard: BrowserGuard;
  readonly #maxHeaders: number;
  readonly #log: Log;
  readonly #open = new Set<Duplex>();

  constructor(surfaces: SurfaceDoor, guard: BrowserGuard, maxHeaders: number, log: Log) {
    this.#surfaces = surfaces;
    this.#guard = guard;
    this.#maxHeaders = maxHeaders;
    this.#log = log;
  }

  /** Any other request that names a protocol to change to is served as if it had not. */
  wants({ method, url = "", headers }: IncomingMessage): boolean {
    if (method !== "GET" || headers.upgrade?.toLowerCase() !== "websocket") return false;
    return this.#surfaces.match(headers.host ?? "", url.split("?", 1)[0] ?? "") !== undefined;
  }

  /** Never rejects. @param isInside it comes from a sandbox */
  async take(
    incoming: IncomingMessage,
    socket: Duplex,
    first: Buffer,
    { isInside, isDraining }: { readonly isInside: boolean; readonly isDraining: boolean },
  ): Promise<void> {
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    socket.on("error", () => socket.destroy());
    const requestId = randomUUID();
    const refuse = (status: number, headers: readonly string[], body: Buffer): void =>
      answer(socket, status, [...headers, "x-amzn-RequestId", requestId], body);
    let match: SurfaceMatch | undefined;
    try {
      const head = readHead(incoming, this.#maxHeaders);
      const host = head.headers.host ?? "";
      match = this.#surfaces.match(host, head.path);
      if (match?.by !== "host") this.#guard.admitHost(host, isInside);
      if (match === undefined) throw refusal("InvalidRequestException", "There is no WebSocket here");
      if (isDraining) throw refusal("ServiceUnavailable", "The region is shutting down");
      await this.#surfaces.upgrade(head, requestId, { incoming, socket, first, refuse }, match);
    } catch (error) {
      if (!(error instanceof ServiceError))
        this.#log.error("a WebSocket failed by a fault of ours", { requestId, error });
      const told = error instanceof ServiceError ? error : refusal("ServiceException", "An error occurred.");
      const { status, headers, body } =
        match?.renderError(told, requestId) ?? plainError(told, incoming.headers, requestId);
      refuse(status, Object.entries(headers).flat(), Buffer.isBuffer(body) ? body : Buffer.alloc(0));
    }
  }

  /** What is still open when everything else has ended. */
  closeAll(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

function answer(socket: Duplex, status: number, headers: readonly string[], body: Buffer): void {
  if (!socket.writable) return;
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  lines.push(`Content-Length: ${body.length}`, "Connection: close");
  socket.end(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]));
}
