/** Keeps what was asked of versions' scaling, and their states in step with it. */
import type { Catalog } from "../functions/catalog.ts";
import { type FunctionScaling, isZero } from "../functions/function-scaling.ts";
import type { FunctionSettings } from "../functions/function-settings.ts";
import type { FunctionState, FunctionVersion } from "../functions/function-version.ts";
import { Settling } from "./settling.ts";

export class FunctionScalingControl {
  readonly #catalog: Catalog;
  readonly #settings: FunctionSettings<FunctionScaling>;
  readonly #settling: Settling;

  constructor(options: { catalog: Catalog; onFault: (error: unknown) => void }) {
    this.#catalog = options.catalog;
    this.#settings = options.catalog.settings<FunctionScaling>("scaling");
    this.#settling = new Settling(options);
  }

  get(functionName: string, version: string): Promise<FunctionScaling | undefined> {
    return this.#settings.get(functionName, version);
  }

  /**
   * Keep it, and begin to bring the version's state in step.
   * @returns the state on the way there, or undefined when the version is in no other than before
   */
  async change(
    functionName: string,
    version: string,
    scaling: FunctionScaling | undefined,
  ): Promise<FunctionState | "Deactivating" | undefined> {
    await this.#settings.change(functionName, version, () => scaling);
    const now = await this.#catalog.describe(functionName, version);
    if (!now || wantedState(now, scaling) === now.state) return undefined;
    this.#start(functionName, version);
    return isZero(scaling) ? "Deactivating" : "Active";
  }

  /** Bring a version in step that could not be before: it was not ready. */
  follow({ functionName, version, capacityProvider }: FunctionVersion): void {
    if (capacityProvider) this.#start(functionName, version);
  }

  /** Bring in step what a crash kept from it. */
  async resume(): Promise<void> {
    for (const { functionName, qualifier } of await this.#settings.all()) this.#start(functionName, qualifier);
  }

  close(): Promise<void> {
    return this.#settling.close();
  }

  #start(functionName: string, version: string): void {
    this.#settling.start(() => this.#settling.persist(() => this.#match(functionName, version)));
  }

  /** Until it is in step: the version may be changed by others meanwhile. */
  async #match(functionName: string, version: string): Promise<void> {
    for (;;) {
      const now = await this.#catalog.describe(functionName, version);
      const state = now && wantedState(now, await this.#settings.get(functionName, version));
      if (!now || !state || state === now.state) return;
      await this.#catalog.settle(now, { state }, []);
    }
  }
}

/** Versions that are not ready for anything are left to others. */
function wantedState(
  { state, lastUpdateStatus }: FunctionVersion,
  scaling: FunctionScaling | undefined,
): FunctionState {
  if ((state !== "Active" && state !== "Deactivated") || lastUpdateStatus === "InProgress") return state;
  return isZero(scaling) ? "Deactivated" : "Active";
}
