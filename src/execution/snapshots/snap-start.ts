/**
 * SnapStart: a published version is initialised once, and its environments go on from a snapshot of that. Snapshots that are lost,
 * or that this machine has outgrown, are made again in the background; meanwhile versions start plainly.
 */
import type { FunctionVersion } from "../../functions/function-version.ts";
import type { Log } from "../../observability/log.ts";
import { newUuid, sha256Hex } from "../../state/ids.ts";
import type { EnvironmentAssembly } from "../environment-assembly.ts";
import type { EnvironmentParts } from "../environment-parts.ts";
import type { Failure } from "../failure.ts";
import type { Placement } from "../placement.ts";
import { runIdentity } from "../run-identity.ts";
import type { Runtimes } from "../runtimes.ts";
import type { SandboxDriver, SandboxSnapshots } from "../sandbox/sandbox.ts";
import { Semaphore } from "../semaphore.ts";
import { runtimeFingerprint } from "./runtime-fingerprint.ts";
import type { HeldSnapshot, SnapshotStore } from "./snapshot-store.ts";
import { takeSnapshot } from "./take-snapshot.ts";

/** Made at the same time. */
const MADE_TOGETHER = 2;
/** ms after a failure of ours until the next try, doubled by each further one */
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 6 * 3600 * 1000;
const MOST_PAUSES = 10_000;

export interface SnapshotDriver extends Pick<SandboxDriver, "create"> {
  readonly snapshots: SandboxSnapshots;
}

/** What became of a version's snapshot. */
export type SnapshotState =
  | { readonly kind: "on" }
  /** Not its fault: it starts plainly. The reason is for its owner. */
  | { readonly kind: "off"; readonly reason: string }
  /** The function cannot be initialised. */
  | { readonly kind: "failed"; readonly failure: Failure };

export interface SnapStartOptions {
  readonly assembly: EnvironmentAssembly;
  readonly store: SnapshotStore;
  readonly runtimes: Runtimes;
  readonly placement: Placement;
  readonly log: Log;
  /** Asked when one is needed first. Undefined: nothing on this machine can take snapshots, for that reason. */
  readonly openDriver: () => Promise<SnapshotDriver | string>;
  /** A version was initialised for its snapshot. */
  readonly onInit?: (version: FunctionVersion, initMs: number) => void;
  /** A snapshot was made again in the background, or could not be. */
  readonly onMadeAgain?: (version: FunctionVersion, state: SnapshotState) => void;
}

interface Pause {
  readonly untilMs: number;
  readonly ms: number;
}

/** Whether its environments are to come from a snapshot. */
export function isSnapStart({ snapStartApplyOn, version }: FunctionVersion): boolean {
  return snapStartApplyOn === "PublishedVersions" && version !== "$LATEST";
}

export const snapshotKey = (version: FunctionVersion): string => sha256Hex(runIdentity(version));

export class SnapStart {
  readonly #options: SnapStartOptions;
  readonly #semaphore = new Semaphore(MADE_TOGETHER);
  readonly #underway = new Map<string, Promise<SnapshotState>>();
  /** By key, what is not tried again for now. */
  readonly #pauses = new Map<string, Pause>();
  #driver: Promise<SnapshotDriver | string> | undefined;
  #isClosed = false;

  constructor(options: SnapStartOptions) {
    this.#options = options;
  }

  /** Have a snapshot of the version, if one can be had: the work behind its Pending. Rejects for nothing that the function does. */
  async prepare(version: FunctionVersion): Promise<SnapshotState> {
    using held = await this.#fitting(version);
    return held ? { kind: "on" } : this.#make(version);
  }

  /** @returns the parts of an environment that goes on from the snapshot; undefined when it is to start plainly */
  async restore(version: FunctionVersion): Promise<EnvironmentParts | undefined> {
    const driver = await this.#open();
    if (typeof driver === "string") return undefined;
    using held = await this.#fitting(version);
    if (!held) {
      this.#makeAgain(version);
      return undefined;
    }
    const { record, directory } = held;
    const startedMs = performance.now();
    try {
      return await this.#options.assembly.assemble({
        version,
        initialization: "snap-start",
        restoreMode: "held",
        containerToken: record.containerToken,
        remembered: record.remembered,
        place: async (spec) => {
          const { sandbox, ...processes } = await driver.snapshots.restore(directory, spec);
          const onUseless = () => this.#useless(version, new Error("the runtime did not go on"));
          return { sandbox, restored: { ...processes, startedMs, onUseless } };
        },
      });
    } catch (error) {
      this.#useless(version, error);
      return undefined;
    }
  }

  /** Remove what no version needs any more. @param current the version as it is now @param of one function, or of all */
  async sweep(
    current: (functionName: string, version: string) => Promise<FunctionVersion | undefined>,
    of?: string,
  ): Promise<void> {
    const { store } = this.#options;
    for (const key of store.keys) {
      const record = store.record(key);
      if (!record || (of !== undefined && record.functionName !== of)) continue;
      const version = await current(record.functionName, record.version);
      if (!version || !isSnapStart(version) || snapshotKey(version) !== key) store.remove(key);
    }
    await store.removed();
  }

  /** Nothing is under way when this resolves. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#underway.size > 0) await Promise.allSettled(this.#underway.values());
    await this.#options.store.removed();
  }

  /** A snapshot that still fits this machine. */
  async #fitting(version: FunctionVersion): Promise<HeldSnapshot | undefined> {
    const key = snapshotKey(version);
    const held = this.#options.store.hold(key);
    if (!held) return undefined;
    const driver = await this.#open();
    const { machine, runtime } = held.record;
    const fits =
      typeof driver !== "string" &&
      driver.snapshots.machine === machine &&
      (await this.#fingerprint(version)) === runtime;
    if (fits) return held;
    held[Symbol.dispose]();
    this.#options.store.remove(key);
    return undefined;
  }

  /** One at a time of each version. */
  #make(version: FunctionVersion): Promise<SnapshotState> {
    const key = snapshotKey(version);
    const known = this.#underway.get(key);
    if (known) return known;
    const making = this.#makeInTurn(version, key).finally(() => this.#underway.delete(key));
    this.#underway.set(key, making);
    return making;
  }

  async #makeInTurn(version: FunctionVersion, key: string): Promise<SnapshotState> {
    const driver = await this.#open();
    if (typeof driver === "string") return { kind: "off", reason: driver };
    await this.#semaphore.acquire(version);
    try {
      if (this.#isClosed) return { kind: "off", reason: "The region is closing." };
      if (!this.#options.placement.hasRoom(version.memoryMb, true)) {
        return this.#pause(version, key, "No memory is left on this machine for taking a snapshot.");
      }
      return await this.#takeAndKeep(version, key, driver);
    } catch (error) {
      this.#options.log.error("a snapshot could not be taken", nameOf(version, error));
      return this.#pause(version, key, "The snapshot could not be taken.");
    } finally {
      this.#semaphore.release();
    }
  }

  async #takeAndKeep(version: FunctionVersion, key: string, driver: SnapshotDriver): Promise<SnapshotState> {
    const { assembly, store, onInit } = this.#options;
    const runtime = await this.#fingerprint(version);
    const containerToken = newUuid();
    let failure: Failure | undefined;
    const isKept = await store.add(key, async (directory) => {
      const parts = await assembly.assemble({
        version,
        initialization: "snap-start",
        restoreMode: "held",
        containerToken,
        place: async (spec) => ({ sandbox: await driver.create(spec) }),
      });
      const taken = await takeSnapshot(parts, driver.snapshots, directory);
      if (taken.kind === "failed") {
        failure = taken.failure;
        return undefined;
      }
      onInit?.(version, taken.initMs);
      const { functionName, version: number } = version;
      const { machine } = driver.snapshots;
      const createdMs = Date.now();
      const { remembered } = taken;
      return { functionName, version: number, machine, runtime, createdMs, containerToken, remembered };
    });
    if (failure) return { kind: "failed", failure };
    if (!isKept) return this.#pause(version, key, "The snapshot is larger than this region keeps.");
    this.#pauses.delete(key);
    return { kind: "on" };
  }

  #makeAgain(version: FunctionVersion): void {
    const key = snapshotKey(version);
    const isPaused = (this.#pauses.get(key)?.untilMs ?? 0) > Date.now();
    if (this.#isClosed || isPaused || this.#underway.has(key)) return;
    const { log, onMadeAgain } = this.#options;
    log.info("a snapshot is made again", nameOf(version));
    void this.#make(version).then((state) => {
      if (state.kind === "failed") this.#pause(version, key, "The function could not be initialised.");
      onMadeAgain?.(version, state);
    });
  }

  /** A snapshot cannot be restored: the next one perhaps can. */
  #useless(version: FunctionVersion, error: unknown): void {
    this.#options.log.warn("a snapshot could not be restored", nameOf(version, error));
    const key = snapshotKey(version);
    this.#options.store.remove(key);
    this.#pause(version, key, "The snapshot could not be restored.");
  }

  #pause(version: FunctionVersion, key: string, reason: string): SnapshotState {
    const before = this.#pauses.get(key)?.ms;
    const ms = Math.min(before === undefined ? FIRST_PAUSE_MS : before * 2, LONGEST_PAUSE_MS);
    this.#pauses.delete(key);
    this.#pauses.set(key, { untilMs: Date.now() + ms, ms });
    const [oldest] = this.#pauses.keys();
    if (this.#pauses.size > MOST_PAUSES && oldest !== undefined) this.#pauses.delete(oldest);
    this.#options.log.warn("a version starts without a snapshot", { ...nameOf(version), reason });
    return { kind: "off", reason };
  }

  #open(): Promise<SnapshotDriver | string> {
    this.#driver ??= this.#options.openDriver().then((driver) => {
      if (typeof driver === "string") this.#options.log.warn("SnapStart is off", { reason: driver });
      return driver;
    });
    return this.#driver;
  }

  async #fingerprint({ runtime = "" }: FunctionVersion): Promise<string> {
    const installation = this.#options.runtimes.find(runtime);
    return installation ? runtimeFingerprint(installation) : "";
  }
}

function nameOf({ functionName, version }: FunctionVersion, error?: unknown): Record<string, unknown> {
  return { function: functionName, version, ...(error !== undefined && { error }) };
}
