/** The clients of WebSocket APIs: who is connected, who has been silent for too long, and what is sent to them. */
import { isUtf8 } from "node:buffer";
import type { WebSocket } from "ws";
import type { Clock } from "../../../state/clock.ts";
import type { ConnectionFacts } from "./shapes.ts";

/** As in AWS. */
const IDLE_MS = 10 * 60_000;
const LONGEST_MS = 2 * 60 * 60_000;
const SWEEP_EVERY_MS = 5_000;
/** Time to answer a close before the connection is cut. */
const CLOSE_MS = 1_000;
/** bytes that wait for a client who does not read; beyond this it is sent nothing more */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const GOING_AWAY = 1001;

export class Connection {
  readonly facts: ConnectionFacts;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  #lastActiveMs: number;

  constructor(facts: ConnectionFacts, socket: WebSocket, clock: Clock) {
    this.facts = facts;
    this.#socket = socket;
    this.#clock = clock;
    this.#lastActiveMs = clock.now();
  }

  get lastActiveMs(): number {
    return this.#lastActiveMs;
  }

  touch(): void {
    this.#lastActiveMs = this.#clock.now();
  }

  /** @returns false when the client takes nothing @throws when it is gone */
  async send(data: Buffer): Promise<boolean> {
    if (this.#socket.bufferedAmount > MAX_WAITING_BYTES) return false;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.send(data, { binary: !isUtf8(data) }, (error) => (error ? reject(error) : resolve()));
    await promise;
    this.touch();
    return true;
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), CLOSE_MS).unref();
  }
}

export class Connections {
  readonly #clock: Clock;
  readonly #byId = new Map<string, Connection>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sweeper = setInterval(() => this.sweep(), SWEEP_EVERY_MS).unref();
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Connection | undefined {
    return this.#byId.get(id);
  }

  add(connection: Connection): void {
    this.#byId.set(connection.facts.connectionId, connection);
  }

  remove({ facts }: Connection): void {
    this.#byId.delete(facts.connectionId);
  }

  /** Close those who have been silent, or there, for too long. */
  sweep(): void {
    const now = this.#clock.now();
    for (const connection of this.#byId.values()) {
      if (now - connection.lastActiveMs > IDLE_MS) connection.close(GOING_AWAY, "Going away");
      else if (now - connection.facts.connectedAtMs > LONGEST_MS) connection.close(GOING_AWAY, "Going away");
    }
  }

  /** The region ends. */
  closeAll(): void {
    clearInterval(this.#sweeper);
    for (const connection of this.#byId.values()) connection.close(GOING_AWAY, "Going away");
  }
}
