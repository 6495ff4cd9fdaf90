/**
 * Every setting of a region: flag, environment variable, default and one sentence. Names, variables and defaults of the
 * first four are fixed (relied on from outside).
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
  unpackedCode: {
    flag: "unpacked-code",
    variable: "ALONZO_UNPACKED_CODE",
    fallback: "21474836480",
    about:
      "bytes of disk that unpacked code and layers may take; what was not used longest is unpacked again when needed",
  },
  snapshots: {
    flag: "snapshots",
    variable: "ALONZO_SNAPSHOTS",
    fallback: "10737418240",
    about: "bytes of disk that SnapStart's snapshots may take; what was not used longest is made again when needed",
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
  streamingRate: {
    flag: "streaming-rate",
    variable: "ALONZO_STREAMING_RATE",
    fallback: "2",
    about: "MB a second of a streamed answer after its first 6 MB; 0: as fast as it goes",
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
  runtimesDir: {
    flag: "runtimes-dir",
    variable: "ALONZO_RUNTIMES_DIR",
    fallback: join(homedir(), ".alonzo", "runtimes"),
    about: "directory of what `alonzo runtimes install` brought",
  },
  standIns: {
    flag: "stand-ins",
    variable: "ALONZO_STAND_INS",
    fallback: "",
    mayBeEmpty: true,
    about: "runtimes, comma separated, that another installed version of their language runs, such as ruby3.3=ruby3.1",
  },
  externalEndpoints: {
    flag: "external-endpoints",
    variable: "ALONZO_EXTERNAL_ENDPOINTS",
    fallback: "",
    mayBeEmpty: true,
    about: "services that others keep, such as sqs=https://host:port, comma separated, or a JSON file of them",
  },
  imageRegistries: {
    flag: "image-registries",
    variable: "ALONZO_IMAGE_REGISTRIES",
    fallback: "",
    mayBeEmpty: true,
    about:
      "where images come from, comma separated: HOST=URL of a registry, or HOST=/DIRECTORY of layouts and archives",
  },
  registryCredentials: {
    flag: "registry-credentials",
    variable: "ALONZO_REGISTRY_CREDENTIALS",
    fallback: "",
    mayBeEmpty: true,
    about: "file with the credentials of registries, as `docker login` writes it; by default ~/.docker/config.json",
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
