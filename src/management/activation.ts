/**
 * The work between the answer to a create or update and the version's being Active (or its update Successful). It is
 * told of versions that are Pending or InProgress, and finds those of an earlier life of the region in the catalog.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Catalog, VersionContent } from "../functions/catalog.ts";
import type { FunctionVersion } from "../functions/function-version.ts";

export type Preparation =
  | { readonly ok: true }
  /** `reasonCode` is one of the model's StateReasonCodes; `reason` is for the owner of the function. */
  | { readonly ok: false; readonly reasonCode: string; readonly reason: string };

/** Make sure that the version can run here. A rejection is a fault of ours. */
export type Prepare = (version: FunctionVersion) => Promise<Preparation>;

/** The same as a version that was just made and is not ready yet. */
export function pending(content: VersionContent): VersionContent {
  const made: Partial<Record<keyof VersionContent, unknown>> = {
    ...content,
    state: "Pending",
    stateReason: "The function is being created.",
    stateReasonCode: "Creating",
  };
  delete made.lastUpdateStatus;
  delete made.lastUpdateStatusReason;
  delete made.lastUpdateStatusReasonCode;
  return made as VersionContent;
}

/** Recorded: AWS gives an update the reason of a creation (contract/06 §1). */
export const IN_PROGRESS = {
  lastUpdateStatus: "InProgress",
  lastUpdateStatusReason: "The function is being created.",
  lastUpdateStatusReasonCode: "Creating",
} as const satisfies Partial<VersionContent>;

const REASONS = [
  "stateReason",
  "stateReasonCode",
  "lastUpdateStatusReason",
  "lastUpdateStatusReasonCode",
] as const satisfies readonly (keyof VersionContent)[];

/** A disk that was full, say, is tried again: a function must not stay Pending until the region is started anew. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Resolves after as many milliseconds, or rejects when the signal fires. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const pauseForReal: Pause = (ms, signal) => sleep(ms, undefined, { signal });

export class Activation {
  readonly #catalog: Catalog;
  readonly #prepare: Prepare;
  readonly #onFault: (error: unknown) => void;
  readonly #pause: Pause;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: {
    catalog: Catalog;
    prepare: Prepare;
    onFault: (error: unknown) => void;
    /** For tests. */
    pause?: Pause;
  }) {
    this.#pause = options.pause ?? pauseForReal;
    this.#catalog = options.catalog;
    this.#prepare = options.prepare;
    this.#onFault = options.onFault;
  }

  /** Begin with a version; returns at once. */
  start(version: FunctionVersion): void {
    const work = this.#activate(version).catch(this.#onFault);
    this.#running.add(work);
    void work.then(() => this.#running.delete(work));
  }

  /** Take up what an earlier life of the region left unfinished. */
  async resume(): Promise<void> {
    for (const version of await this.#catalog.listing.unsettled()) this.start(version);
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

  async #activate(version: FunctionVersion): Promise<void> {
    const preparation = await this.#prepare(version).catch((error: unknown): Preparation => {
      this.#onFault(error);
      return { ok: false, reasonCode: "InternalError", reason: "The function could not be prepared." };
    });
    if (preparation.ok) {
      await this.#record(version, { state: "Active", lastUpdateStatus: "Successful" }, REASONS);
      return;
    }
    const { reason, reasonCode } = preparation;
    const update = version.lastUpdateStatus === "InProgress";
    await this.#record(
      version,
      update
        ? { lastUpdateStatus: "Failed", lastUpdateStatusReason: reason, lastUpdateStatusReasonCode: reasonCode }
        : { state: "Failed", stateReason: reason, stateReasonCode: reasonCode },
      [],
    );
  }

  /** Until it is on the disk or the region closes. */
  async #record(
    version: FunctionVersion,
    outcome: Partial<VersionContent>,
    remove: readonly (keyof VersionContent)[],
  ): Promise<void> {
    const { signal } = this.#closing;
    for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(delayMs * 2, LAST_RETRY_MS)) {
      try {
        await this.#catalog.settle(version, outcome, remove);
        return;
      } catch (error) {
        this.#onFault(error);
      }
      if (signal.aborted) return;
      await this.#pause(delayMs, signal).catch(() => {});
      if (signal.aborted) return;
    }
  }
}
