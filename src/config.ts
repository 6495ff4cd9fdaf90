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
  executionRoleActions: {
    flag: "execution-role-actions",
    variable: "ALONZO_EXECUTION_ROLE_ACTIONS",
    fallback: "lambda:InvokeFunction",
    about: "actions, comma separated, * allowed, that functions may call on the region with their role's credentials",
  },
  accountConcurrency: {
    flag: "account-concurrency",
    variable: "ALONZO_ACCOUNT_CONCURRENCY",
    fallback: "1000",
    about: "concurrent executions of the account",
  },
  idleTimeoutSeconds: {
    flag: "idle-timeout",
    variable: "ALONZO_IDLE_TIMEOUT",
    fallback: "600",
    about: "seconds after which an idle execution environment is shut down",
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
  readonly executionRoleActions: readonly string[];
  readonly accountConcurrency: number;
  readonly idleTimeoutMs: number;
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
  const text = (setting: Setting): string => flags[setting.flag] ?? variables[setting.variable] ?? setting.fallback;
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
    executionRoleActions: text(SETTINGS.executionRoleActions)
      .split(",")
      .map((action) => action.trim())
      .filter((action) => action !== ""),
    accountConcurrency: wholeNumber("account-concurrency", text(SETTINGS.accountConcurrency), 1, 1_000_000),
    idleTimeoutMs: wholeNumber("idle-timeout", text(SETTINGS.idleTimeoutSeconds), 1, 86_400) * 1000,
  };
  if (!isLoopback(config.host) && (config.accessKeyId === "test" || config.secretAccessKey === "test")) {
    throw new ConfigError(
      `refusing to listen on ${config.host} with the well-known key 'test': set ALONZO_ACCESS_KEY_ID and ALONZO_SECRET_ACCESS_KEY`,
    );
  }
  return config;
}
