/**
 * Every setting of a region: flag, environment variable, default and one sentence. A flag wins over a variable, a
 * variable over the default. Names, variables and defaults of the first four are fixed (relied on from outside).
 */
import { homedir } from "node:os";
import { join } from "node:path";

export interface Setting {
  readonly flag: string;
  readonly variable: string;
  readonly fallback: string;
  readonly about: string;
  /** An empty value is a value: none of what it lists. */
  readonly mayBeEmpty?: true;
}

export const SETTINGS = {
  port: {
    flag: "port",
    variable: "ALONZO_PORT",
    fallback: "4566",
    about: "TCP port of the region; 0 picks a free one",
  },
  host: { flag: "host", variable: "ALONZO_HOST", fallback: "127.0.0.1", about: "address to listen on" },
  dataDir: {
    flag: "data-dir",
    variable: "ALONZO_DATA_DIR",
    fallback: join(homedir(), ".alonzo"),
    about: "directory of all durable state",
  },
  isolation: {
    flag: "isolation",
    variable: "ALONZO_ISOLATION",
    fallback: "auto",
    about: "auto, container, gvisor, microvm or process",
  },
  region: { flag: "region", variable: "ALONZO_REGION", fallback: "us-east-1", about: "name of the region" },
  accountId: {
    flag: "account-id",
    variable: "ALONZO_ACCOUNT_ID",
    fallback: "000000000000",
    about: "account that owns everything here, 12 digits",
  },
  accessKeyId: {
    flag: "access-key-id",
    variable: "ALONZO_ACCESS_KEY_ID",
    fallback: "test",
    about: "access key of the administrator",
  },
  secretAccessKey: {
    flag: "secret-access-key",
    variable: "ALONZO_SECRET_ACCESS_KEY",
    fallback: "test",
    about: "secret of that access key (prefer the variable: flags are visible in the process list)",
  },
  hostNames: {
    flag: "host-names",
    variable: "ALONZO_HOST_NAMES",
    fallback: "",
    mayBeEmpty: true,
    about: "further host names, comma separated, under which clients reach a region on loopback",
  },
  allowedOrigins: {
    flag: "allowed-origins",
    variable: "ALONZO_ALLOWED_ORIGINS",
    fallback: "",
    mayBeEmpty: true,
    about: "web origins, comma separated, whose pages may call the region besides those of loopback",
  },
  executionRoleActions: {
    flag: "execution-role-actions",
    variable: "ALONZO_EXECUTION_ROLE_ACTIONS",
    fallback: "lambda:InvokeFunction,sqs:*,sns:*,s3:*,events:*,scheduler:*,logs:*,apigateway:*,execute-api:*,sts:*",
    mayBeEmpty: true,
    about: "actions, comma separated, * allowed, that functions may call on the region with their role's credentials",
  },
  codeStorage: {
    flag: "code-storage",
    variable: "ALONZO_CODE_STORAGE",
    fallback: "80530636800",
    about: "bytes of all deployment packages of the account, versions and layers counted",
  },
  accountConcurrency: {
    flag: "account-concurrency",
    variable: "ALONZO_ACCOUNT_CONCURRENCY",
    fallback: "1000",
    about: "concurrent executions of the account",
  },
  unreservedConcurrency: {
    flag: "unreserved-concurrency",
    variable: "ALONZO_UNRESERVED_CONCURRENCY",
    fallback: "100",
    about: "concurrent executions that no function can reserve or provision for itself",
  },
  requestRate: {
    flag: "request-rate",
    variable: "ALONZO_REQUEST_RATE",
    fallback: "10",
    about: "requests a second for each unit of concurrency, of the account or reserved",
  },
  scalingRate: {
    flag: "scaling-rate",
    variable: "ALONZO_SCALING_RATE",
    fallback: "1000",
    about: "execution environments that each function may start in 10 seconds",
  },
  asyncRetryDelays: {
    flag: "async-retry-delays",
    variable: "ALONZO_ASYNC_RETRY_DELAYS",
    fallback: "60,120",
    about: "seconds before the first and the second retry of an asynchronous invocation that failed, comma separated",
  },
  asyncConcurrency: {
    flag: "async-concurrency",
    variable: "ALONZO_ASYNC_CONCURRENCY",
    fallback: "100",
    about: "asynchronous invocations of one function that run at the same time, at most",
  },
  asyncQueue: {
    flag: "async-queue",
    variable: "ALONZO_ASYNC_QUEUE",
    fallback: "10737418240",
    about:
      "bytes that waiting asynchronous invocations may take, those of one function no more than are left for others",
  },
  idleTimeoutSeconds: {
    flag: "idle-timeout",
    variable: "ALONZO_IDLE_TIMEOUT",
    fallback: "600",
    about: "seconds after which an idle execution environment is shut down",
  },
  stemCells: {
    flag: "stem-cells",
    variable: "ALONZO_STEM_CELLS",
    fallback: "auto",
    about: "sandboxes started ahead of each runtime and memory size in use; auto follows demand, 0 starts none",
  },
  signingProfiles: {
    flag: "signing-profiles",
    variable: "ALONZO_SIGNING_PROFILES",
    fallback: "",
    mayBeEmpty: true,
    about:
      "JSON file that maps ARNs of signing profile versions to PEM certificates whose code signatures are believed",
  },
} as const satisfies Record<string, Setting>;

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
  readonly accountConcurrency: number;
  readonly unreservedConcurrency: number;
  /** Requests a second for each unit of concurrency. */
  readonly requestRate: number;
  /** Environments of each function in 10 s. */
  readonly scalingRate: number;
  /** Before the first retry, the second, ...; the last holds for all that follow. */
  readonly asyncRetryDelaysMs: readonly number[];
  /** Of one function at the same time. */
  readonly asyncConcurrency: number;
  /** bytes */
  readonly asyncQueue: number;
  readonly idleTimeoutMs: number;
  /** Of each runtime and memory size in use. */
  readonly stemCells: number | "auto";
  /** Path, or empty for none. */
  readonly signingProfiles: string;
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
    accountConcurrency: wholeNumber("account-concurrency", text(SETTINGS.accountConcurrency), 1, 1_000_000),
    unreservedConcurrency: wholeNumber("unreserved-concurrency", text(SETTINGS.unreservedConcurrency), 0, 1_000_000),
    requestRate: wholeNumber("request-rate", text(SETTINGS.requestRate), 1, 1_000_000),
    scalingRate: wholeNumber("scaling-rate", text(SETTINGS.scalingRate), 1, 1_000_000),
    asyncRetryDelaysMs: listed(text(SETTINGS.asyncRetryDelays)).map(delayMs),
    asyncConcurrency: wholeNumber("async-concurrency", text(SETTINGS.asyncConcurrency), 1, 500),
    asyncQueue: wholeNumber("async-queue", text(SETTINGS.asyncQueue), 0, Number.MAX_SAFE_INTEGER),
    idleTimeoutMs: wholeNumber("idle-timeout", text(SETTINGS.idleTimeoutSeconds), 1, 86_400) * 1000,
    stemCells:
      text(SETTINGS.stemCells) === "auto" ? "auto" : wholeNumber("stem-cells", text(SETTINGS.stemCells), 0, 100),
    signingProfiles: text(SETTINGS.signingProfiles),
  };
  if (!isLoopback(config.host) && (config.accessKeyId === "test" || config.secretAccessKey === "test")) {
    throw new ConfigError(
      `refusing to listen on ${config.host} with the well-known key 'test': set ALONZO_ACCESS_KEY_ID and ALONZO_SECRET_ACCESS_KEY`,
    );
  }
  return config;
}
