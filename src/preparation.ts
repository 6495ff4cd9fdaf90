/** What a version needs before it can run: its code unpacked, its language here, or its container image fetched. */
import type { Config } from "./config.ts";
import type { CodeDirectories } from "./execution/environment-assembly.ts";
import { ImageError } from "./execution/images/image-error.ts";
import { ImageSources } from "./execution/images/image-sources.ts";
import { ImageStore } from "./execution/images/image-store.ts";
import type { Runtimes } from "./execution/runtimes.ts";
import type { ImageRoot, SandboxDriver } from "./execution/sandbox/sandbox.ts";
import { selectSnapshotDriver } from "./execution/sandbox/select.ts";
import {
  isSnapStart,
  SnapStart,
  type SnapStartOptions,
  type SnapshotDriver,
  type SnapshotState,
} from "./execution/snapshots/snap-start.ts";
import type { Catalog } from "./functions/catalog.ts";
import type { CodeStore } from "./functions/code-store.ts";
import type { FunctionVersion } from "./functions/function-version.ts";
import { type ImageResolution, type Preparation, snapStartOff } from "./management/index.ts";
import type { Clock } from "./state/clock.ts";

/** Of a version that was Active, and whose init now fails: it starts plainly, and callers see why it does not. */
const FAILED = "The function could not be initialized.";

const SWEEP_EVERY_MS = 10 * 60_000;

/** The store of images for a driver that runs some. @param directory is made where it is not there */
export function openImages(
  { mountPoints, files }: ImageRoot,
  { imageRegistries, registryCredentials }: Config,
  directory: string,
  clock: Clock,
): Promise<ImageStore> {
  const scratch = `${directory}/incoming`;
  const sources = new ImageSources({ places: imageRegistries, credentialsFile: registryCredentials, scratch });
  return ImageStore.open({
    directory,
    sources,
    clock,
    mountPoints,
    files: Object.fromEntries(files.map((file) => [file, ""])),
  });
}

/** What SnapStart needs of a region that is being put together. */
export interface SnapStartParts extends Omit<SnapStartOptions, "openDriver" | "onMadeAgain"> {
  readonly driver: SandboxDriver;
  readonly catalog: Catalog;
}

/** SnapStart of a region. Snapshots go with their versions; what becomes of them later is recorded there. */
export function openSnapStart({ driver, catalog, ...options }: SnapStartParts): SnapStart & AsyncDisposable {
  const { log } = options;
  let second: SandboxDriver | undefined;
  const snapStart = new SnapStart({
    ...options,
    openDriver: async () => {
      const found = await selectSnapshotDriver(driver);
      if (typeof found === "string") return found;
      if (found !== driver) second = found;
      return found as SandboxDriver & SnapshotDriver;
    },
    onMadeAgain: (version, state) => {
      void recordSnapStart(catalog, version, state).catch((error) => log.error("recording SnapStart", { error }));
    },
  });
  const sweep = (of?: string) =>
    void snapStart
      .sweep((name, version) => catalog.describe(name, version), of)
      .catch((error) => log.error("snapshot sweep", { error }));
  catalog.onChange(sweep);
  const sweeper = setInterval(sweep, SWEEP_EVERY_MS).unref();
  sweep();
  return Object.assign(snapStart, {
    [Symbol.asyncDispose]: async () => {
      clearInterval(sweeper);
      await snapStart.close();
      await second?.close();
    },
  });
}

async function recordSnapStart(catalog: Catalog, version: FunctionVersion, state: SnapshotState): Promise<void> {
  const now = await catalog.describe(version.functionName, version.version);
  const isOn = state.kind === "on";
  if (now?.state !== "Active" || (now.snapStartOptimization === "On") === isOn) return;
  if (isOn) await catalog.settle(now, { snapStartOptimization: "On" }, ["stateReason", "stateReasonCode"]);
  else
    await catalog.settle(now, { stateReason: snapStartOff(state.kind === "off" ? state.reason : FAILED) }, [
      "snapStartOptimization",
    ]);
}

export class VersionPreparation {
  readonly #code: CodeStore;
  readonly #runtimes: Runtimes;
  readonly #images: ImageStore | undefined;

  /** @param images undefined where the driver runs none */
  constructor(code: CodeStore, runtimes: Runtimes, images: ImageStore | undefined) {
    this.#code = code;
    this.#runtimes = runtimes;
    this.#images = images;
  }

  /** The work behind Pending. */
  async prepare(version: FunctionVersion, snapStart: Pick<SnapStart, "prepare">): Promise<Preparation> {
    const preparation = await this.#prepare(version);
    if (!preparation.ok || !isSnapStart(version)) return preparation;
    const state = await snapStart.prepare(version);
    if (state.kind === "failed") {
      // The code is witnessed, the text is not.
      const reason = `SnapStart could not initialize the function: ${state.failure.errorType}`;
      return { ok: false, reasonCode: "FunctionError", reason };
    }
    return { ...preparation, snapStart: state.kind === "on" ? "On" : { offReason: state.reason } };
  }

  async #prepare(version: FunctionVersion): Promise<Preparation> {
    if (version.durable) {
      return { ok: false, reasonCode: "FunctionError", reason: "This region does not run durable executions yet." };
    }
    if (version.fileSystems) {
      const reason = "This region does not mount file systems yet.";
      return { ok: false, reasonCode: "EFSMountConnectivityError", reason };
    }
    if (version.packageType === "Image") return this.#prepareImage(version);
    const runtime = version.runtime ?? "";
    if (!this.#runtimes.find(runtime)) {
      const { reason, hint } = this.#runtimes.whyMissing(runtime);
      return { ok: false, reasonCode: "InvalidRuntime", reason: `${reason}: ${hint}` };
    }
    await Promise.all([this.directories(version), this.#runtimes.prepare(runtime)]);
    return { ok: true };
  }

  /** Where the code and layers of a zip are, unpacked and put together where that is not done yet. */
  async directories(version: FunctionVersion): Promise<CodeDirectories> {
    const layers = version.layers?.map(({ codeSha256 }) => codeSha256) ?? [];
    const task = await this.#code.ensure(version.codeSha256);
    return { task, ...(layers.length > 0 && { layers: await this.#code.ensureLayers(layers) }) };
  }

  /** Which image a name means now. */
  async resolveImage(uri: string, architecture: FunctionVersion["architecture"]): Promise<ImageResolution> {
    if (!this.#images) return { kind: "unknown" };
    try {
      return { kind: "found", digest: await this.#images.resolve(uri, architecture) };
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      return error.kind === "unreachable" ? { kind: "unknown" } : { kind: error.kind, reason: error.message };
    }
  }

  async #prepareImage({ imageUri = "", codeSha256, architecture }: FunctionVersion): Promise<Preparation> {
    if (!this.#images) {
      const reason = "Container images take the isolation driver `container`, which this region does not use.";
      return { ok: false, reasonCode: "ImageAccessDenied", reason };
    }
    try {
      const digest = codeSha256 || (await this.#images.resolve(imageUri, architecture));
      await this.#images.ensure(imageUri, digest);
      return { ok: true, codeSha256: digest };
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      const reasonCode = {
        missing: "ImageDeleted",
        invalid: "InvalidImage",
        denied: "ImageAccessDenied",
        unreachable: "ImageAccessDenied",
      };
      return { ok: false, reasonCode: reasonCode[error.kind], reason: error.message };
    }
  }
}
