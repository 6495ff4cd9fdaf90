/** What the processes of an execution environment find in their environment (contract/01 §5). */
import type { FunctionVersion } from "../functions/function-version.ts";
import { CREDENTIALS_PATH } from "./container-credentials.ts";
import type { ExecutionCredentials } from "./credentials.ts";
import type { InitializationType } from "./initialization.ts";
import type { RuntimeInstallation } from "./runtimes.ts";
import type { SandboxPlace } from "./sandbox/sandbox.ts";

export interface VariableSources {
  readonly version: FunctionVersion;
  readonly initialization: InitializationType;
  readonly installation: RuntimeInstallation;
  readonly sandbox: SandboxPlace;
  /** In the variables, or to be asked for with this token. */
  readonly credentials: ExecutionCredentials | { readonly containerToken: string };
  readonly region: string;
  readonly logStreamName: string;
}

/** Merged lowest to highest: the customer's, what the customer may override, credentials, the language's, reserved. */
export function environmentVariables(sources: VariableSources): Record<string, string> {
  const { version, installation, sandbox, region } = sources;
  const { paths } = sandbox;
  return {
    ...overridable(sandbox),
    ...installation.defaults,
    ...version.environment,
    ...credentialVariables(sources),
    ...withCustomer(installation.environment(paths, version.handler ?? ""), version.environment),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_LAMBDA_FUNCTION_NAME: version.functionName,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(version.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: version.version,
    AWS_LAMBDA_INITIALIZATION_TYPE: sources.initialization,
    // Environments of one snapshot have the same variables, and each a log stream of its own.
    ...(sources.initialization !== "snap-start" && {
      AWS_LAMBDA_LOG_GROUP_NAME: version.logging.logGroup,
      AWS_LAMBDA_LOG_STREAM_NAME: sources.logStreamName,
    }),
    // A snapshot cannot hold a connection by the socket.
    ...ofPlace(sandbox, !("containerToken" in sources.credentials)),
    ...(version.logging.logFormat === "JSON" && {
      AWS_LAMBDA_LOG_FORMAT: "JSON",
      AWS_LAMBDA_LOG_LEVEL: version.logging.applicationLogLevel ?? "INFO",
    }),
  };
}

/** What a runtime finds that does not know its function yet: of all the above what is the same for every function. */
export function cellVariables(installation: RuntimeInstallation, sandbox: SandboxPlace): Record<string, string> {
  const { _HANDLER, ...language } = installation.environment(sandbox.paths, "");
  return { ...overridable(sandbox), ...language, ...ofPlace(sandbox, true) };
}

/**
 * What external extensions find: the customer's variables and a part of the platform's; nothing of the language or of
 * how this function starts (contract/01 §5).
 */
export function extensionVariables(sources: VariableSources): Record<string, string> {
  const { version, sandbox, region } = sources;
  const { PATH, LD_LIBRARY_PATH, LANG, TZ, AWS_ENDPOINT_URL } = overridable(sandbox);
  return {
    ...({ PATH, LD_LIBRARY_PATH, LANG, TZ, AWS_ENDPOINT_URL } as Record<string, string>),
    ...version.environment,
    ...credentialVariables(sources),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_LAMBDA_FUNCTION_NAME: version.functionName,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(version.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: version.version,
    AWS_LAMBDA_INITIALIZATION_TYPE: sources.initialization,
    AWS_LAMBDA_RUNTIME_API: sandbox.runtimeApiAddress,
  };
}

function credentialVariables({ credentials, sandbox }: VariableSources): Record<string, string> {
  if ("containerToken" in credentials) {
    return {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${sandbox.runtimeApiAddress}${CREDENTIALS_PATH}`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: credentials.containerToken,
    };
  }
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  };
}

function ofPlace(
  { paths, runtimeApiAddress, runtimeApiSocketPath }: SandboxPlace,
  mayUseSocket: boolean,
): Record<string, string> {
  return {
    AWS_LAMBDA_RUNTIME_API: runtimeApiAddress,
    LAMBDA_TASK_ROOT: paths.task,
    LAMBDA_RUNTIME_DIR: paths.runtime,
    ...(mayUseSocket && runtimeApiSocketPath !== undefined && { ALONZO_RUNTIME_API_SOCKET: runtimeApiSocketPath }),
  };
}

function overridable({ paths, regionEndpoint }: SandboxPlace): Record<string, string> {
  return {
    PATH: `${paths.language}/bin:/usr/local/bin:/usr/bin/:/bin:${paths.layers}/bin`,
    LD_LIBRARY_PATH: [
      `${paths.language}/lib`,
      "/lib64",
      "/usr/lib64",
      paths.runtime,
      `${paths.runtime}/lib`,
      paths.task,
      `${paths.task}/lib`,
      `${paths.layers}/lib`,
    ].join(":"),
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    AWS_XRAY_CONTEXT_MISSING: "LOG_ERROR",
    AWS_XRAY_DAEMON_ADDRESS: "169.254.100.1:2000",
    // Not in Lambda: an SDK inside the function finds this region instead of AWS with nothing configured.
    AWS_ENDPOINT_URL: regionEndpoint,
    PWD: paths.task,
    SHLVL: "0",
  };
}

/** The function's own value wins for the language variables that AWS lets it override. */
function withCustomer(
  language: Record<string, string>,
  customer: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const kept = ["NODE_PATH", "PYTHONPATH", "LC_CTYPE"].filter((name) => customer?.[name] !== undefined);
  return { ...language, ...Object.fromEntries(kept.map((name) => [name, customer?.[name] as string])) };
}
