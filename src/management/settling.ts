/**
 * Work that goes on after the answer: a function becomes Active, a mapping Enabled, a capacity provider is gone. What it
 * comes to is recorded however long that takes; a region that closes leaves the rest to its next life.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** A disk that was full, say, is tried again: nothing may stay Pending until the region is started anew. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Resolves after as many milliseconds, or rejects when the signal fires. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const pauseForReal: Pause = (ms, signal) => sleep(ms, undefined, { signal });

export class Settling {
  readonly #onFault: (error: unknown) => void;
  readonly #pause: Pause;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: {
    onFault: (error: unknown) => void;
    /** For tests. */
    pause?: Pause | undefined;
  }) {
    this.#onFault = options.onFault;
    this.#pause = options.pause ?? pauseForReal;
  }

  /** Begin; returns at once. What the work throws is a fault. */
  start(work: () => Promise<void>): void {
    const running = work().catch(this.#onFault);
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  /** Again and again until it is done or the region closes. */
  async persist(record: () => Promise<unknown>): Promise<void> {
    const { signal } = this.#closing;
    for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(delayMs * 2, LAST_RETRY_MS)) {
      try {
        await record();
        return;
      } catch (error) {
        this.#onFault(error);
      }
      if (signal.aborted) return;
      await this.#pause(delayMs, signal).catch(() => {});
      if (signal.aborted) return;
    }
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** As settled(), but what could not be recorded is left for the region's next life. */
  close(): Promise<void> {
    this.#closing.abort();
    return this.settled();
  }
}
