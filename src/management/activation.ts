/**
 * The work between the answer to a create or update and the version's being Active (or its update Successful). It is
 * told of versions that are Pending or InProgress, and finds those of an earlier life of the region in the catalog.
 */
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

export class Activation {
  readonly #catalog: Catalog;
  readonly #prepare: Prepare;
  readonly #onFault: (error: unknown) => void;
  readonly #running = new Set<Promise<void>>();

  constructor(options: { catalog: Catalog; prepare: Prepare; onFault: (error: unknown) => void }) {
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

  async #activate(version: FunctionVersion): Promise<void> {
    const preparation = await this.#prepare(version).catch((error: unknown): Preparation => {
      this.#onFault(error);
      return { ok: false, reasonCode: "InternalError", reason: "The function could not be prepared." };
    });
    if (preparation.ok) {
      await this.#catalog.settle(version, { state: "Active", lastUpdateStatus: "Successful" }, REASONS);
      return;
    }
    const { reason, reasonCode } = preparation;
    const update = version.lastUpdateStatus === "InProgress";
    await this.#catalog.settle(
      version,
      update
        ? { lastUpdateStatus: "Failed", lastUpdateStatusReason: reason, lastUpdateStatusReasonCode: reasonCode }
        : { state: "Failed", stateReason: reason, stateReasonCode: reasonCode },
      [],
    );
  }
}
