/**
 * Meters the time for which concurrency is provisioned, as AWS bills it: what is configured, from when it is configured
 * until it is taken back, in whole blocks of five minutes (contract/09 §2). A block is counted when it begins, together
 * with how long it lasts: a region that crashes and comes back neither loses it nor counts it again.
 */
import type { ProvisionedEnvironments } from "../../execution/provisioned-environments.ts";
import type { Clock } from "../../state/clock.ts";
import type { Metering } from "./metering.ts";
import type { PaidBlock } from "./usage-store.ts";

const BLOCK_MS = 5 * 60_000;
/** ms between two looks for blocks that have ended */
const LOOK_EVERY_MS = 1000;

export interface ProvisionedTimeOptions {
  readonly environments: Pick<ProvisionedEnvironments, "configured">;
  readonly metering: Pick<Metering, "recordAllocated">;
  readonly clock: Clock;
  /** Of an earlier life of the region. */
  readonly paid: readonly PaidBlock[];
}

export class ProvisionedTime {
  readonly #options: ProvisionedTimeOptions;
  readonly #paid = new Map<string, PaidBlock>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ProvisionedTimeOptions) {
    this.#options = options;
    for (const block of options.paid) this.#paid.set(keyOf(block), block);
  }

  /** Look for blocks that have ended, from now on. */
  start(): void {
    this.#timer ??= setInterval(() => this.advance(), LOOK_EVERY_MS).unref();
  }

  /** Count what has begun: to be called when what is configured has changed. */
  advance(): void {
    const { environments, metering, clock } = this.#options;
    const nowMs = clock.now();
    const ended = new Map([...this.#paid].filter(([, { untilMs }]) => untilMs <= nowMs));
    for (const key of ended.keys()) this.#paid.delete(key);
    for (const { qualifier, version, count } of environments.configured()) {
      const { functionName, version: number } = version;
      const memoryMb = version.memoryMb * count;
      const key = keyOf({ functionName, qualifier, version: number });
      const paid = this.#paid.get(key);
      if (paid && paid.memoryMb >= memoryMb) continue;
      const endedMs = ended.get(key)?.untilMs ?? 0;
      // One block follows the other, however late that is seen; but not over a time in which there was no region.
      const beganMs = nowMs - endedMs <= 2 * LOOK_EVERY_MS ? endedMs : nowMs;
      const untilMs = paid?.untilMs ?? beganMs + BLOCK_MS;
      const block = { functionName, qualifier, version: number, memoryMb, untilMs };
      this.#paid.set(key, block);
      // More than before: the rest of its block for what is more.
      if (paid) metering.recordAllocated(version, memoryMb - paid.memoryMb, untilMs - nowMs, block);
      else metering.recordAllocated(version, memoryMb, BLOCK_MS, block);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

const keyOf = ({ functionName, qualifier, version }: Pick<PaidBlock, "functionName" | "qualifier" | "version">) =>
  JSON.stringify([functionName, qualifier, version]);
