/** Puts together what an execution environment is: code, language, credentials, log stream and sandbox of a function version. */
import { randomBytes } from "node:crypto";
import { Socket } from "node:net";
import { join } from "node:path";
import type { FunctionVersion } from "../functions/function-version.ts";
import type { LogStore } from "../observability/log-store.ts";
import { ContainerCredentials } from "./container-credentials.ts";
import type { CredentialMint } from "./credentials.ts";
import { EnvironmentLog } from "./environment-log.ts";
import type { EnvironmentParts, Restored } from "./environment-parts.ts";
import { environmentVariables, extensionVariables, type VariableSources } from "./environment-variables.ts";
import { Extensions, MOST_EXTENSIONS, type WaitingExtension } from "./extensions.ts";
import { type ExternalExtension, findExternalExtensions } from "./external-extensions.ts";
import { extensionLaunchFailure, type Failure } from "./failure.ts";
import { imageInstallation, imageProblem, imageStart } from "./images/image-installation.ts";
import type { ImageStore } from "./images/image-store.ts";
import type { InitializationType } from "./initialization.ts";
import { InvocationSlot, type RestoreMode } from "./invocation-slot.ts";
import { LargeBodies } from "./large-bodies.ts";
import { RuntimeApi } from "./runtime-api/runtime-api.ts";
import type { ExtensionsLaunch, Launch } from "./runtime-process.ts";
import { findCustomBootstrap, type RuntimeInstallation, type Runtimes } from "./runtimes.ts";
import type { Sandbox, SandboxDirectories, SandboxSpec } from "./sandbox/sandbox.ts";
import type { SubscriptionOrder } from "./telemetry/subscription.ts";
import { Telemetry } from "./telemetry/telemetry.ts";

/** Directories of the host with what a function version brings. */
export type CodeDirectories = Pick<SandboxDirectories, "root" | "task" | "layers">;

export interface AssemblyParts {
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

/** Whom the processes of a snapshot take themselves for, and so have to be wherever they go on. */
export interface Remembered {
  readonly extensions: readonly WaitingExtension[];
  readonly subscriptions: readonly SubscriptionOrder[];
}

/** What differs between environments of one version. */
export interface AssemblyOrder {
  readonly version: FunctionVersion;
  readonly initialization: InitializationType;
  readonly restoreMode?: RestoreMode;
  /** By which processes ask for credentials; absent: these are in their variables. */
  readonly containerToken?: string;
  /** Only of processes that go on. */
  readonly remembered?: Remembered;
  /** @param hasExtensions programs have to start before the runtime */
  place(spec: SandboxSpec, hasExtensions: boolean): Promise<Placed>;
}

export interface Placed {
  readonly sandbox: Sandbox;
  readonly restored?: Restored;
}

export class EnvironmentAssembly {
  readonly #parts: AssemblyParts;
  /** Of all environments together. */
  readonly #largeAnswers = new LargeBodies();

  constructor(parts: AssemblyParts) {
    this.#parts = parts;
  }

  /** @throws when the runtime is not installed here or there is no room for another sandbox */
  async assemble(order: AssemblyOrder): Promise<EnvironmentParts> {
    const { version, initialization, remembered } = order;
    const { installation, directories, ...start } = await this.#start(version);
    const logStreamName = newLogStreamName(version.version);
    // Processes that go on may connect and write before whoever restored them knows.
    const placing = Promise.withResolvers<Sandbox>();
    let placed: Placed | undefined;
    const connect = (port: number) => placed?.sandbox.connect(port) ?? new Socket().destroy();
    const telemetry = new Telemetry(connect, version.logging.logFormat === "JSON");
    const stream = this.#parts.logs.stream(version.logging.logGroup, logStreamName);
    const log = new EnvironmentLog(stream, telemetry, version.logging);
    const slot = new InvocationSlot(order.restoreMode);
    const external = await findExternalExtensions(directories.layers);
    const extensions = new Extensions(external.map(({ name }) => name));
    if (remembered) {
      extensions.restore(remembered.extensions);
      telemetry.restore(remembered.subscriptions);
    }
    const credentials = this.#credentials(version, order.containerToken);
    const side = { extensions, telemetry, version, ...("token" in credentials && { credentials }) };
    const runtimeApi = new RuntimeApi(slot, side, this.#largeAnswers);
    const spec: SandboxSpec = {
      id: `env-${randomBytes(8).toString("hex")}`,
      directories: {
        ...directories,
        ...(installation.bootstrapDirectory !== undefined && { runtime: installation.bootstrapDirectory }),
        ...(installation.languageDirectory !== undefined && { language: installation.languageDirectory }),
      },
      memoryMb: version.memoryMb,
      ephemeralStorageMb: version.ephemeralStorageMb,
      onRuntimeApiConnection: (socket) => runtimeApi.accept(socket),
      onRegionConnection: (socket) =>
        void placing.promise.then(({ regionEndpoint }) => this.#parts.onRegionConnection(socket, regionEndpoint)),
      onOutput: (chunk) => log.output(chunk),
      onExtensionOutput: (chunk) => log.extensionOutput(chunk),
    };
    placed = await order.place(spec, external.length > 0);
    const { sandbox, restored } = placed;
    placing.resolve(sandbox);
    const { region } = this.#parts;
    const access = "token" in credentials ? { containerToken: credentials.token } : credentials;
    const sources = { version, initialization, installation, sandbox, region, logStreamName, credentials: access };
    const launch = {
      ...(await launchOf(sources, directories)),
      ...(start.problem && { problem: start.problem }),
      ...(external.length > 0 && { extensions: extensionsLaunch(external, sources) }),
    };
    const { streamingRate } = this.#parts;
    const parts = { version, sandbox, slot, extensions, log, telemetry, launch, initialization, streamingRate };
    return { ...parts, ...(restored && { restored }) };
  }

  #credentials({ roleArn, functionName: sessionName }: FunctionVersion, token: string | undefined) {
    const identity = { roleArn, sessionName };
    const { credentials } = this.#parts;
    if (token === undefined) return credentials.issue(identity, Date.now());
    return new ContainerCredentials(token, credentials, identity);
  }

  async #start(version: FunctionVersion): Promise<Start> {
    if (version.packageType === "Image") return this.#ofImage(version);
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
