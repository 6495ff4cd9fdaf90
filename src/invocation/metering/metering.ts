/**
 * Counts what invocations use. On their path it only adds to numbers in memory; a tenth of a second later, or with very
 * many functions up to one second, what has been counted is added to the daily totals on disk in one transaction. So a crash
 * loses at most that last moment, and nothing is ever counted twice. While the disk refuses, counts wait in memory.
 */
import type { Outcome } from "../../execution/outcome.ts";
import type { FunctionVersion } from "../../functions/function-version.ts";
import type { Log } from "../../observability/log.ts";
import type { Clock } from "../../state/clock.ts";
import type { InvokeRequest } from "../invoker.ts";
import { eventChunks, FREE_EPHEMERAL_MB, FREE_STREAMED_BYTES, MEASURE_NAMES, newTally, type Tally } from "./usage.ts";
import type { DayUsage, PaidBlock, UsageStore } from "./usage-store.ts";

const LEAST_FLUSH_MS = 100;
const MOST_FLUSH_MS = 1000;
/** Of the time, flushing may take one part in so many, while that is within these bounds. */
const FLUSH_SHARE = 50;
/** ms until the disk is tried again, and between two complaints about it */
const RETRY_MS = 1000;
const COMPLAIN_EVERY_MS = 10_000;
const DAY_MS = 86_400_000;
/** Version objects counted apart before they are summed up by name: each change of a function brings a new one. */
const MOST_CURRENT = 10_000;

/** What the invoker needs of it. */
export interface Meter {
  /** An invocation ran, however it ended. Never throws, waits for nothing. */
  record(version: FunctionVersion, request: InvokeRequest, outcome: Outcome): void;
}

export interface MeteringOptions {
  readonly store: Pick<UsageStore, "add" | "sync">;
  readonly clock: Clock;
  readonly log: Log;
}

export class Metering implements Meter {
  readonly #options: MeteringOptions;
  /** Of today, by the version object, which the catalog hands out again and again: no key to build on the hot path. */
  readonly #current = new Map<FunctionVersion, Tally>();
  /** Days since 1970 (UTC). */
  #today: number;
  /** On its way to the disk. */
  readonly #pending = new Map<string, DayUsage>();
  readonly #blocks = new Map<string, PaidBlock>();
  #timer: NodeJS.Timeout | undefined;
  #flushMs = LEAST_FLUSH_MS;
  #complainedMs = Number.NEGATIVE_INFINITY;
  #syncing: Promise<void> | undefined;

  constructor(options: MeteringOptions) {
    this.#options = options;
    this.#today = Math.floor(options.clock.now() / DAY_MS);
  }

  record(version: FunctionVersion, { invocation, isQueued }: InvokeRequest, outcome: Outcome): void {
    const tally = this.#tallyOf(version);
    const { billedMs, initMs, streamedBytes } = outcome;
    tally.requests += 1;
    if (isQueued === true) tally.eventChunks += eventChunks(invocation.payload.length);
    if (outcome.isProvisioned === true) {
      tally.provisionedBilledMs += billedMs;
      tally.provisionedMemoryMbMs += version.memoryMb * billedMs;
    } else {
      tally.billedMs += billedMs;
      tally.memoryMbMs += version.memoryMb * billedMs;
      if (initMs !== undefined) tally.initUs += Math.round(initMs * 1000);
    }
    if (outcome.restore && !restoresFreely(version)) tally.restoredMemoryMb += version.memoryMb;
    tally.ephemeralMbMs += (version.ephemeralStorageMb - FREE_EPHEMERAL_MB) * billedMs;
    if (streamedBytes !== undefined) tally.streamedBytes += Math.max(0, streamedBytes - FREE_STREAMED_BYTES);
    // The first invocation of an environment is the one that tells of its init.
    if (initMs !== undefined && invocation.tenantId !== undefined) tally.tenantMemoryMb += version.memoryMb;
  }

  /** A version was initialised for its snapshot: duration as any, with no request. */
  recordSnapshotInit(version: FunctionVersion, initMs: number): void {
    const tally = this.#tallyOf(version);
    const initUs = Math.round(initMs * 1000);
    tally.snapshotInitUs += initUs;
    tally.memoryMbMs += version.memoryMb * Math.ceil(initUs / 1000);
  }

  /** An environment was initialised ahead of invocations. */
  recordProvisionedInit(version: FunctionVersion, initMs: number): void {
    const tally = this.#tallyOf(version);
    const initUs = Math.round(initMs * 1000);
    tally.provisionedInitUs += initUs;
    tally.provisionedMemoryMbMs += version.memoryMb * Math.ceil(initUs / 1000);
  }

  /** MB of memory of a version, provisioned for so many ms. The block is kept in the same transaction. */
  recordAllocated(version: FunctionVersion, memoryMb: number, ms: number, block: PaidBlock): void {
    this.#tallyOf(version).allocatedMemoryMbMs += memoryMb * ms;
    this.#blocks.set(JSON.stringify([block.functionName, block.qualifier, block.version]), block);
  }

  /** Everything counted so far is in the totals when this returns. @throws StorageError; then it is kept for later */
  flush(): void {
    this.#sumUp();
    if (this.#pending.size === 0) return;
    this.#options.store.add([...this.#pending.values()], [...this.#blocks.values()]);
    this.#pending.clear();
    this.#blocks.clear();
  }

  /** Flush for the last time. What the disk refuses now is lost, and the operator is told. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      this.flush();
    } catch (error) {
      this.#options.log.error("the last usage counts are lost", { error });
    }
    await this.#syncing;
  }

  #tallyOf(version: FunctionVersion): Tally {
    const today = Math.floor(this.#options.clock.now() / DAY_MS);
    if (today !== this.#today) {
      this.#sumUp();
      this.#today = today;
    }
    return this.#current.get(version) ?? this.#newTally(version);
  }

  #newTally(version: FunctionVersion): Tally {
    if (this.#current.size >= MOST_CURRENT) this.#sumUp();
    const tally = newTally();
    this.#current.set(version, tally);
    this.#timer ??= setTimeout(() => this.#flushOrRetry(), this.#flushMs).unref();
    return tally;
  }

  /** From counts by version object to counts by name and day. */
  #sumUp(): void {
    const day = new Date(this.#today * DAY_MS).toISOString().slice(0, 10);
    for (const [{ functionName, version, architecture }, tally] of this.#current) {
      const key = JSON.stringify([day, functionName, version, architecture]);
      const sum = this.#pending.get(key)?.tally;
      if (sum) for (const measure of MEASURE_NAMES) sum[measure] += tally[measure];
      else this.#pending.set(key, { day, functionName, version, architecture, tally });
    }
    this.#current.clear();
  }

  #flushOrRetry(): void {
    this.#timer = undefined;
    const startedMs = performance.now();
    try {
      this.flush();
      const tookMs = performance.now() - startedMs;
      this.#flushMs = Math.min(Math.max(LEAST_FLUSH_MS, tookMs * FLUSH_SHARE), MOST_FLUSH_MS);
      this.#syncSoon();
    } catch (error) {
      this.#complain(error);
      this.#timer = setTimeout(() => this.#flushOrRetry(), RETRY_MS).unref();
    }
  }

  /** The disk itself is waited for beside the event loop, one time after the other. */
  #syncSoon(): void {
    this.#syncing ??= this.#options.store
      .sync()
      .catch((error) => this.#complain(error))
      .finally(() => {
        this.#syncing = undefined;
      });
  }

  #complain(error: unknown): void {
    const nowMs = performance.now();
    if (nowMs - this.#complainedMs < COMPLAIN_EVERY_MS) return;
    this.#complainedMs = nowMs;
    this.#options.log.error("usage counts wait for the disk", { error });
  }
}

/** Of Java functions AWS charges nothing for snapshots and restores. */
function restoresFreely({ runtime = "" }: FunctionVersion): boolean {
  return runtime.startsWith("java");
}
