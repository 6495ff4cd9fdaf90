/**
 * Connections while all that comes over them are plain invokes (plain-request.ts): served without node:http, which costs
 * as much as everything else that the gateway does for an invoke. The first request that is anything else, or that does
 * not arrive in time, takes its connection over to the general server, for good.
 */
import type { Socket } from "node:net";
import type { WireService } from "../wire/service.ts";
import { LaneExchange } from "./lane-exchange.ts";
import { type PlainRequest, readPlainRequest } from "./plain-request.ts";
import type { RequestHead } from "./request-head.ts";

const SWEEP_MS = 1_000;
const NOTHING = Buffer.alloc(0);

export interface LaneOptions {
  /** Serve this connection, and what it has sent so far, as any other. */
  readonly general: (socket: Socket) => void;
  /** The caller ended the connection within a request: tell it so. */
  readonly cutOff: (socket: Socket) => void;
  /** Answer the exchange. Never rejects. */
  readonly serve: (exchange: LaneExchange, head: RequestHead, functionName: string) => Promise<void>;
  readonly lambda: WireService | undefined;
  /** Is something else than Lambda's API served under this Host? */
  readonly isSurfaceHost: (host: string) => boolean;
  /** An idle connection is kept this long (ms). */
  readonly keepAliveMs: number;
  /** A caller that takes nothing of its answer for so long (ms) is given up. */
  readonly stallMs: number;
}

export class InvokeLane {
  readonly #options: LaneOptions;
  readonly #connections = new Set<LaneConnection>();
  readonly #sweeper: NodeJS.Timeout;
  #running = 0;
  #isDraining = false;
  #onIdle: (() => void) | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#sweeper = setInterval(() => {
      for (const connection of this.#connections) connection.sweep();
    }, SWEEP_MS);
    this.#sweeper.unref();
  }

  take(socket: Socket): void {
    // It came while the listener was being closed.
    if (this.#isDraining) return void socket.destroy();
    const connection = new LaneConnection(socket, this.#options, {
      onStart: () => {
        this.#running++;
      },
      onEnd: () => {
        this.#running--;
        if (this.#running === 0) this.#onIdle?.();
      },
      onLeave: () => this.#connections.delete(connection),
      isDraining: () => this.#isDraining,
    });
    this.#connections.add(connection);
  }

  /** Idle connections end at once, those in the middle of a request are the general server's, the others end with their answer. */
  startDraining(): void {
    this.#isDraining = true;
    clearInterval(this.#sweeper);
    for (const connection of this.#connections) connection.startDraining();
  }

  /** Resolves when no request runs. */
  async drained(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  /** End what is left. */
  closeAll(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}

interface Hooks {
  onStart(): void;
  /** The work behind a request is done, even if nobody waits for it any more. */
  onEnd(): void;
  onLeave(): void;
  isDraining(): boolean;
}

class LaneConnection {
  readonly #socket: Socket;
  readonly #options: LaneOptions;
  readonly #hooks: Hooks;
  /** What came and is not worked on yet. */
  #pending: Buffer | undefined;
  #isBusy = false;
  #hasEnded = false;
  #idleSweeps = 0;
  readonly #onData = (chunk: Buffer): void => {
    this.#pending = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    if (!this.#isBusy) this.#advance();
    // Whoever sends on without waiting for its answer waits itself.
    else this.#socket.pause();
  };
  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    if (!this.#isBusy) this.#advance();
  };
  readonly #onError = (): void => {
    this.#socket.destroy();
  };
  readonly #onClose = (): void => {
    this.#hooks.onLeave();
  };

  constructor(socket: Socket, options: LaneOptions, hooks: Hooks) {
    this.#socket = socket;
    this.#options = options;
    this.#hooks = hooks;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
  }

  /** Called every second: a request that takes its time, and a connection that nobody uses, do not stay here. */
  sweep(): void {
    this.#idleSweeps++;
    if (this.#isBusy) return;
    if (this.#pending !== undefined) {
      if (this.#idleSweeps > 1) this.#leave();
    } else if (this.#idleSweeps * SWEEP_MS > this.#options.keepAliveMs) this.#socket.destroy();
  }

  startDraining(): void {
    if (this.#isBusy) return;
    if (this.#pending === undefined) this.#socket.destroy();
    else this.#leave();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #advance(): void {
    const bytes = this.#pending;
    if (bytes === undefined) {
      if (this.#hasEnded) this.#socket.end();
      return;
    }
    const request = readPlainRequest(bytes, this.#options.isSurfaceHost);
    const isWhole = request === "general" || !isPart(request, bytes);
    // Nothing can be put back into a stream that has ended: what came after its last whole request is lost with it.
    if (this.#hasEnded && (request === "general" || !isWhole)) return this.#cutOff();
    if (request === "general") return this.#leave();
    if (!isWhole) return;
    void this.#serve(request as PlainRequest, bytes);
  }

  async #serve(request: PlainRequest, bytes: Buffer): Promise<void> {
    const end = request.bodyStart + request.bodyBytes;
    this.#pending = end < bytes.length ? bytes.subarray(end) : undefined;
    this.#isBusy = true;
    this.#idleSweeps = 0;
    this.#hooks.onStart();
    const exchange = new LaneExchange(this.#socket, {
      headers: request.head.headers,
      body: bytes.subarray(request.bodyStart, end),
      service: this.#options.lambda,
      keepAliveMs: this.#options.keepAliveMs,
      isLast: () => this.#hooks.isDraining() || this.#hasEnded,
    });
    await this.#options.serve(exchange, request.head, request.functionName);
    const socket = this.#socket;
    // Whoever does not read its answers gets no more of them, and a drain waits for those on their way.
    if (socket.writableLength > 0) await this.#sent(exchange.wasLast);
    this.#hooks.onEnd();
    this.#isBusy = false;
    this.#idleSweeps = 0;
    if (socket.destroyed) return;
    if (exchange.wasLast) {
      // Requests behind the last one were told that they will not be served: they are read away.
      socket.off("data", this.#onData);
      this.#pending = undefined;
      socket.resume();
      return;
    }
    if (socket.isPaused()) socket.resume();
    this.#advance();
  }

  /** Resolves when what was written has gone out, or never will. */
  async #sent(isLast: boolean): Promise<void> {
    const socket = this.#socket;
    const giveUp = (): void => void socket.destroy();
    socket.setTimeout(this.#options.stallMs, giveUp);
    await new Promise<void>((resolve) => {
      if (!isLast) return void socket.write(NOTHING, () => resolve());
      socket.once("finish", resolve);
      socket.once("close", () => resolve());
    });
    socket.setTimeout(0, giveUp);
  }

  #letGo(): Socket {
    const socket = this.#socket;
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("error", this.#onError);
    socket.off("close", this.#onClose);
    this.#hooks.onLeave();
    return socket;
  }

  #cutOff(): void {
    this.#options.cutOff(this.#letGo());
  }

  /** The general server reads what came here as if nobody had. */
  #leave(): void {
    const socket = this.#letGo();
    socket.pause();
    if (this.#pending !== undefined) socket.unshift(this.#pending);
    this.#pending = undefined;
    this.#options.general(socket);
    socket.resume();
  }
}

/** The request has not arrived whole. */
function isPart(request: PlainRequest | "incomplete" | "general", bytes: Buffer): boolean {
  if (request === "incomplete") return true;
  return request !== "general" && bytes.length < request.bodyStart + request.bodyBytes;
}
