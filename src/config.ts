/** Settles the settings (settings.ts): a flag wins over a variable, a variable over the default; each is checked here. */
import { SETTINGS, type Setting } from "./settings.ts";

export { SETTINGS } from "./settings.ts";

const MB = 1024 * 1024;

export interface Config {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  readonly isolation: "auto" | "container" | "gvisor" | "microvm" | "process";
  readonly region: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Lower case, without port. */
  readonly hostNames: readonly string[];
  /** As browsers send them: https://console.example.org */
  readonly allowedOrigins: readonly string[];
  readonly executionRoleActions: readonly string[];
  /** bytes */
  readonly codeStorage: number;
  /** bytes */
  readonly unpackedCode: number;
  /** bytes */
  readonly snapshots: number;
  readonly accountConcurrency: number;
  readonly unreservedConcurrency: number;
  /** Requests a second for each unit of concurrency. */
  readonly requestRate: number;
  /** Environments of each function in 10 s. */
  readonly scalingRate: number;
  /** Bytes a second of a streamed answer after its first 6 MB; Infinity where none is too fast. */
  readonly streamingRate: number;
  /** Before the first retry, the second, ...; the last holds for all that follow. */
  readonly asyncRetryDelaysMs: readonly number[];
  /** Of one function at the same time. */
  readonly asyncConcurrency: number;
  /** bytes */
  readonly asyncQueue: number;
  readonly idleTimeoutMs: number;
  /** Of each runtime and memory size in use. */
  readonly stemCells: number | "auto";
  readonly runtimesDir: string;
  readonly standIns: readonly StandIn[];
  /** Base URLs of registries, or absolute directories, by the host in names of images. */
  readonly imageRegistries: Readonly<Record<string, string>>;
  /** Path, or empty for the user's own. */
  readonly registryCredentials: string;
  /** Path, or empty for none. */
  readonly signingProfiles: string;
  /** A list or the path of a file: src/invocation/external/endpoints.ts reads it. */
  readonly externalEndpoints: string;
}

/** One installed version of a language that runs what is written for another. */
export interface StandIn {
  /** As functions name it, e.g. `ruby3.3`. */
  readonly runtime: string;
  /** What runs it, e.g. `ruby3.1`. */
  readonly by: string;
}

/** A setting has a value that cannot be used. The message is for the operator. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const ISOLATIONS = ["auto", "container", "gvisor", "microvm", "process"] as const;

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new ConfigError(`--${name} must be a whole number from ${min} to ${max}, not '${text}'`);
  }
  return value;
}

/** Of a number of seconds, fractions allowed. */
function delayMs(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds > 86_400) {
    throw new ConfigError(`--async-retry-delays: '${text}' is not a number of seconds, such as 60, up to 86400`);
  }
  return seconds * 1000;
}

/** Comma separated items, without empty ones. */
function listed(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function hostName(text: string): string {
  if (!/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(text)) {
    throw new ConfigError(`--host-names: '${text}' is not a host name, such as alonzo.example.org, without a port`);
  }
  return text.toLowerCase();
}

function webOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // What else a URL has would be ignored silently, and a browser would be refused for reasons that nobody sees.
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw new ConfigError(`--allowed-origins: '${text}' is not a web origin, such as https://console.example.org`);
  }
  return url.origin;
}

function standIn(text: string): StandIn {
  const [, runtime, by] = /^([a-z][a-z0-9.]*)=([a-z][a-z0-9.]*)$/.exec(text) ?? [];
  if (!runtime || !by || runtime.replace(/[\d.x]+$/, "") !== by.replace(/[\d.x]+$/, "")) {
    throw new ConfigError(`--stand-ins: '${text}' does not name two versions of one language, such as ruby3.3=ruby3.1`);
  }
  return { runtime, by };
}

function imageRegistry(text: string): [host: string, place: string] {
  const [, host, place] = /^([^=/]+)=(.+)$/.exec(text) ?? [];
  const isPlace = place?.startsWith("/") || (/^https?:\/\//.test(place ?? "") && URL.canParse(place ?? ""));
  if (!host || !place || !isPlace) {
    throw new ConfigError(`--image-registries: '${text}' is neither HOST=URL nor HOST=/DIRECTORY`);
  }
  return [host, place];
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Settle every setting.
 * @param flags values given on the command line, by flag name
 * @throws ConfigError when a value is unusable, or when the well-known `test` key would be served beyond loopback
 */
export function resolveConfig(
  flags: Readonly<Record<string, string | undefined>>,
  variables: NodeJS.ProcessEnv,
): Config {
  const text = ({ flag, variable, fallback, mayBeEmpty }: Setting): string => {
    const given = flags[flag];
    if (given === "" && !mayBeEmpty) throw new ConfigError(`--${flag} must not be empty`);
    const set = variables[variable];
    // Compose files and unit files pass variables on that nobody has set: an empty one means that nothing was said.
    return given ?? (set === "" && !mayBeEmpty ? undefined : set) ?? fallback;
  };
  const isolation = ISOLATIONS.find((name) => name === text(SETTINGS.isolation));
  if (!isolation) throw new ConfigError(`--isolation must be one of ${ISOLATIONS.join(", ")}`);
  const accountId = text(SETTINGS.accountId);
  if (!/^\d{12}$/.test(accountId)) throw new ConfigError("--account-id must be 12 digits");
  const region = text(SETTINGS.region);
  if (!/^(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d$/.test(region)) {
    throw new ConfigError(`--region '${region}' is not the name of a region, such as us-east-1`);
  }
  const config: Config = {
    port: wholeNumber("port", text(SETTINGS.port), 0, 65535),
    host: text(SETTINGS.host),
    dataDir: text(SETTINGS.dataDir),
    isolation,
    region,
    accountId,
    accessKeyId: text(SETTINGS.accessKeyId),
    secretAccessKey: text(SETTINGS.secretAccessKey),
    hostNames: listed(text(SETTINGS.hostNames)).map(hostName),
    allowedOrigins: listed(text(SETTINGS.allowedOrigins)).map(webOrigin),
    executionRoleActions: listed(text(SETTINGS.executionRoleActions)),
    codeStorage: wholeNumber("code-storage", text(SETTINGS.codeStorage), 0, Number.MAX_SAFE_INTEGER),
    snapshots: wholeNumber("snapshots", text(SETTINGS.snapshots), 0, Number.MAX_SAFE_INTEGER),
    unpackedCode: wholeNumber("unpacked-code", text(SETTINGS.unpackedCode), 0, Number.MAX_SAFE_INTEGER),
    accountConcurrency: wholeNumber("account-concurrency", text(SETTINGS.accountConcurrency), 1, 1_000_000),
    unreservedConcurrency: wholeNumber("unreserved-concurrency", text(SETTINGS.unreservedConcurrency), 0, 1_000_000),
    requestRate: wholeNumber("request-rate", text(SETTINGS.requestRate), 1, 1_000_000),
    scalingRate: wholeNumber("scaling-rate", text(SETTINGS.scalingRate), 1, 1_000_000),
    streamingRate:
      wholeNumber("streaming-rate", text(SETTINGS.streamingRate), 0, 1_000_000) * MB || Number.POSITIVE_INFINITY,
    asyncRetryDelaysMs: listed(text(SETTINGS.asyncRetryDelays)).map(delayMs),
    asyncConcurrency: wholeNumber("async-concurrency", text(SETTINGS.asyncConcurrency), 1, 500),
    asyncQueue: wholeNumber("async-queue", text(SETTINGS.asyncQueue), 0, Number.MAX_SAFE_INTEGER),
    idleTimeoutMs: wholeNumber("idle-timeout", text(SETTINGS.idleTimeoutSeconds), 1, 86_400) * 1000,
    stemCells:
      text(SETTINGS.stemCells) === "auto" ? "auto" : wholeNumber("stem-cells", text(SETTINGS.stemCells), 0, 100),
    runtimesDir: text(SETTINGS.runtimesDir),
    standIns: listed(text(SETTINGS.standIns)).map(standIn),
    externalEndpoints: text(SETTINGS.externalEndpoints),
    imageRegistries: Object.fromEntries(listed(text(SETTINGS.imageRegistries)).map(imageRegistry)),
    registryCredentials: text(SETTINGS.registryCredentials),
    signingProfiles: text(SETTINGS.signingProfiles),
  };
  if (!isLoopback(config.host) && (config.accessKeyId === "test" || config.secretAccessKey === "test")) {
    throw new ConfigError(
      `refusing to listen on ${config.host} with the well-known key 'test': set ALONZO_ACCESS_KEY_ID and ALONZO_SECRET_ACCESS_KEY`,
    );
  }
  return config;
}
