/**
 * The work between the answer to a create or update and the version's being Active (or its update Successful). It is
 * told of versions that are Pending or InProgress, and finds those of an earlier life of the region in the catalog.
 */
import type { Catalog, VersionContent } from "../functions/catalog.ts";
import type { FunctionState, FunctionVersion } from "../functions/function-version.ts";
import { type Pause, Settling } from "./settling.ts";

export interface Prepared {
  readonly ok: true;
  /** Of a container image: which one its name meant. */
  readonly codeSha256?: string;
  /** On when there is a snapshot; otherwise why there is none. Absent of versions that are not to have one. */
  readonly snapStart?: "On" | { readonly offReason: string };
}

export type Preparation =
  | Prepared
  /** `reasonCode` is one of the model's StateReasonCodes; `reason` is for the owner of the function. */
  | { readonly ok: false; readonly reasonCode: string; readonly reason: string };

/** Why an Active version has no snapshot, for its owner: AWS has no such text, for it has no such case. */
export const snapStartOff = (reason: string): string => `SnapStart is off: ${reason}`;

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

/** Whether there is something to be done until the version, or its update, is ready. */
export function isUnsettled({ state, lastUpdateStatus }: FunctionVersion): boolean {
  return state === "Pending" || lastUpdateStatus === "InProgress";
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

/** Functions with a capacity provider run in published versions only, which stay deactivated when they are updated. */
function activeState({ version, state, capacityProvider }: FunctionVersion): FunctionState {
  if (state === "Deactivated") return state;
  return version === "$LATEST" && capacityProvider ? "ActiveNonInvocable" : "Active";
}

export class Activation {
  readonly #catalog: Catalog;
  readonly #prepare: Prepare;
  readonly #onFault: (error: unknown) => void;
  readonly #onActive: (version: FunctionVersion) => void;
  readonly #settling: Settling;

  constructor(options: {
    catalog: Catalog;
    prepare: Prepare;
    onFault: (error: unknown) => void;
    /** Told of every version that has become Active, or been updated. */
    onActive?: (version: FunctionVersion) => void;
    /** For tests. */
    pause?: Pause;
  }) {
    this.#catalog = options.catalog;
    this.#prepare = options.prepare;
    this.#onFault = options.onFault;
    this.#onActive = options.onActive ?? (() => {});
    this.#settling = new Settling(options);
  }

  /** Begin with a version; returns at once. */
  start(version: FunctionVersion): void {
    this.#settling.start(() => this.#activate(version));
  }

  /** Take up what an earlier life of the region left unfinished. */
  async resume(): Promise<void> {
    for (const version of await this.#catalog.listing.unsettled()) this.start(version);
  }

  /** Resolves when nothing is under way. */
  settled(): Promise<void> {
    return this.#settling.settled();
  }

  /** As settled(), but what could not be recorded is left for the region's next life. */
  close(): Promise<void> {
    return this.#settling.close();
  }

  async #activate(version: FunctionVersion): Promise<void> {
    const preparation = await this.#prepare(version).catch((error: unknown): Preparation => {
      this.#onFault(error);
      return { ok: false, reasonCode: "InternalError", reason: "The function could not be prepared." };
    });
    if (preparation.ok) {
      const { codeSha256, snapStart } = preparation;
      const known: Partial<VersionContent> = {
        state: activeState(version),
        ...(codeSha256 !== undefined && { codeSha256 }),
        ...(snapStart === "On" && { snapStartOptimization: "On" as const }),
        ...(typeof snapStart === "object" && { stateReason: snapStartOff(snapStart.offReason) }),
      };
      const outdated = REASONS.filter((member) => known[member] === undefined);
      await this.#record(version, { ...known, lastUpdateStatus: "Successful" }, outdated);
      this.#onActive(version);
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
  #record(
    version: FunctionVersion,
    outcome: Partial<VersionContent>,
    remove: readonly (keyof VersionContent)[],
  ): Promise<void> {
    return this.#settling.persist(() => this.#catalog.settle(version, outcome, remove));
  }
}
