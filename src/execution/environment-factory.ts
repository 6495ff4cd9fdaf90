/** Builds execution environments: code, language, credentials, log stream and sandbox of a function version put together. */
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { FunctionVersion } from "../functions/function-version.ts";
import type { LogStore } from "../observability/log-store.ts";
import type { CredentialMint } from "./credentials.ts";
import { Environment, type EnvironmentListener } from "./environment.ts";
import { EnvironmentLog } from "./environment-log.ts";
import { environmentVariables, extensionVariables, type VariableSources } from "./environment-variables.ts";
import { Extensions, MOST_EXTENSIONS } from "./extensions.ts";
import { type ExternalExtension, findExternalExtensions } from "./external-extensions.ts";
import { extensionLaunchFailure, type Failure } from "./failure.ts";
import { imageInstallation, imageProblem, imageStart } from "./images/image-installation.ts";
import type { ImageStore } from "./images/image-store.ts";
import type { InitializationType } from "./initialization.ts";
import { InvocationSlot } from "./invocation-slot.ts";
import { LargeBodies } from "./large-bodies.ts";
import { RuntimeApi } from "./runtime-api/runtime-api.ts";
import type { ExtensionsLaunch, Launch } from "./runtime-process.ts";
import { findCustomBootstrap, type RuntimeInstallation, type Runtimes } from "./runtimes.ts";
import type { Sandbox, SandboxDirectories, SandboxDriver, SandboxSpec } from "./sandbox/sandbox.ts";
import type { StemCells } from "./stem-cells.ts";
import { Telemetry } from "./telemetry/telemetry.ts";

/** Directories of the host with what a function version brings. */
export type CodeDirectories = Pick<SandboxDirectories, "root" | "task" | "layers">;

export interface FactoryParts {
  readonly driver: SandboxDriver;
  /** Absent where nothing is started ahead. */
  readonly cells?: StemCells;
  readonly runtimes: Runtimes;
  /** Absent where the driver runs none. */
  readonly images?: Pick<ImageStore, "ensure">;
  readonly logs: LogStore;
  readonly credentials: CredentialMint;
  readonly region: string;
  /** As an environment's. */
  readonly streamingRate: number;
  /** Where the version's code and layers are, unpacked again where a reboot made that necessary. */
  directories(version: FunctionVersion): Promise<CodeDirectories>;
  /** A process inside a sandbox connected to the region's endpoint, which it knows by that URL. */
  onRegionConnection(socket: Socket, endpoint: string): void;
}

export class EnvironmentFactory {
  readonly #parts: FactoryParts;
  /** Of all environments together. */
  readonly #largeAnswers = new LargeBodies();

  constructor(parts: FactoryParts) {
    this.#parts = parts;
  }

  /** @throws when the runtime is not installed here or the driver has no room for another sandbox */
  async create(
    version: FunctionVersion,
    initialization: InitializationType,
    listener: EnvironmentListener,
  ): Promise<Environment> {
    const { driver, logs } = this.#parts;
    const { installation, directories, ...start } = await (version.packageType === "Image"
      ? this.#ofImage(version)
      : this.#ofZip(version));
    const logStreamName = newLogStreamName(version.version);
    const telemetry = new Telemetry((port) => sandbox.connect(port), version.logging.logFormat === "JSON");
    const log = new EnvironmentLog(logs.stream(version.logging.logGroup, logStreamName), telemetry, version.logging);
    const slot = new InvocationSlot();
    const external = await findExternalExtensions(directories.layers);
    const extensions = new Extensions(external.map(({ name }) => name));
    const runtimeApi = new RuntimeApi(slot, { extensions, telemetry, version }, this.#largeAnswers);
    // Extensions start before the runtime: none that runs already will do.
    const cell = external.length === 0 ? await this.#parts.cells?.take(version) : undefined;
    const spec: Omit<SandboxSpec, "id"> = {
      directories: {
        ...directories,
        ...(installation.bootstrapDirectory !== undefined && { runtime: installation.bootstrapDirectory }),
        ...(installation.languageDirectory !== undefined && { language: installation.languageDirectory }),
      },
      memoryMb: version.memoryMb,
      ephemeralStorageMb: version.ephemeralStorageMb,
      onRuntimeApiConnection: (socket) => runtimeApi.accept(socket),
      onRegionConnection: (socket) => this.#parts.onRegionConnection(socket, sandbox.regionEndpoint),
      onOutput: (chunk) => log.output(chunk),
      onExtensionOutput: (chunk) => log.extensionOutput(chunk),
    };
    const id = `env-${randomBytes(8).toString("hex")}`;
    const sandbox: Sandbox = cell ? cell.adopt(spec) : await driver.create({ ...spec, id });
    const identity = { roleArn: version.roleArn, sessionName: version.functionName };
    const credentials = this.#parts.credentials.issue(identity, Date.now());
    const { region } = this.#parts;
    const sources = { version, initialization, installation, sandbox, region, logStreamName, credentials };
    const launch = {
      ...(await launchOf(sources, directories)),
      ...(start.problem && { problem: start.problem }),
      ...(external.length > 0 && { extensions: extensionsLaunch(external, sources) }),
    };
    const { streamingRate } = this.#parts;
    const parts = { version, sandbox, slot, extensions, log, telemetry, launch, initialization, streamingRate };
    return new Environment(parts, listener);
  }

  async #ofZip(version: FunctionVersion): Promise<Start> {
    const installation = this.#parts.runtimes.find(version.runtime ?? "");
    if (!installation) throw new Error(`runtime ${version.runtime} is not installed on this machine`);
    return { installation, directories: await this.#parts.directories(version) };
  }

  async #ofImage(version: FunctionVersion): Promise<Start> {
    const { images } = this.#parts;
    if (!images || version.imageUri === undefined) throw new Error("the driver runs no container images");
    const image = await images.ensure(version.imageUri, version.codeSha256);
    const start = imageStart(image, version);
    const problem = imageProblem(image, start);
    const { root } = image;
    return {
      installation: imageInstallation(image, start, version),
      directories: { root, task: join(root, "var/task"), layers: join(root, "opt") },
      ...(problem && { problem }),
    };
  }
}

/** What is started, and with which directories of the host. */
interface Start {
  readonly installation: RuntimeInstallation;
  readonly directories: CodeDirectories;
  readonly problem?: Failure;
}

async function launchOf(sources: VariableSources, directories: CodeDirectories): Promise<Launch> {
  const { version, installation, sandbox, region } = sources;
  const bootstrap =
    installation.kind === "custom" ? await findCustomBootstrap(directories.task, directories.layers) : "task";
  const options = {
    variables: version.environment ?? {},
    memoryMb: version.memoryMb,
    handler: version.handler ?? "",
  };
  return {
    runtimeVersion: installation.runtimeVersion,
    runtimeVersionArn: installation.runtimeVersionArn(region),
    command: bootstrap && {
      argv: installation.command(sandbox.paths, { ...options, bootstrap }),
      environment: environmentVariables(sources),
      workingDirectory: installation.workingDirectory ?? sandbox.paths.task,
    },
  };
}

function extensionsLaunch(external: readonly ExternalExtension[], sources: VariableSources): ExtensionsLaunch {
  const { layers } = sources.sandbox.paths;
  const programs = external.map(({ name }) => ({ name, path: `${layers}/extensions/${name}` }));
  const environment = extensionVariables(sources);
  const problem = external.flatMap(({ name, isExecutable }, index) => {
    if (index >= MOST_EXTENSIONS) {
      return { name, errorType: "TooManyExtensions", failure: extensionLaunchFailure("ErrTooManyExtensions") };
    }
    const message = `fork/exec /opt/extensions/${name}: permission denied`;
    return isExecutable ? [] : { name, errorType: "PermissionDenied", failure: extensionLaunchFailure(message) };
  })[0];
  return { programs, environment, ...(problem && { problem }) };
}

/** `2025/01/31/[$LATEST]<32 hex>`: a stream an environment, named by the day it started (contract/02, Naming). */
function newLogStreamName(version: string): string {
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
  return `${day}/[${version}]${randomBytes(16).toString("hex")}`;
}
