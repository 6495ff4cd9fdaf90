/** What a language found on this machine offers to an execution environment, and the parts that all languages share. */
import { createHash } from "node:crypto";
import type { SandboxPaths } from "../sandbox/sandbox.ts";

/** What may differ between two starts of one runtime. */
export interface LaunchOptions {
  /** The function's own variables: AWS_LAMBDA_EXEC_WRAPPER and NODE_OPTIONS change the command line, as in AWS. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Memory of the function in MB: bounds the heap of languages that would otherwise size it by the host. */
  readonly memoryMb?: number;
  /** For languages whose bootstrap is told on its command line. */
  readonly handler?: string;
  /** Custom runtimes: what findCustomBootstrap() found. Default `task`. */
  readonly bootstrap?: "task" | "layers";
}

export interface RuntimeInstallation {
  /** Identifier, e.g. `nodejs22.x`. */
  readonly runtime: string;
  /** `managed` has a bootstrap of ours; `custom` runs the function's own, see findCustomBootstrap(). */
  readonly kind: "managed" | "custom" | "image";
  /** Exact version of the language, e.g. `22.23.3`; `al2023` for custom runtimes. */
  readonly version: string;
  /** As INIT_START prints it, e.g. `nodejs:22.v23`. */
  readonly runtimeVersion: string;
  /** Host directory to mount at /var/lang; absent when the language is in the host's /usr. */
  readonly languageDirectory?: string;
  /** Host directory to mount at /var/runtime; absent for custom runtimes. */
  readonly bootstrapDirectory?: string;
  /** Its bootstrap can start before the function is known, and wait for it: in a stem cell. */
  readonly canWait?: true;
  /** Where it starts, when that is not /var/task. */
  readonly workingDirectory?: string;
  /** Variables over which the function's own win: a container image's. */
  readonly defaults?: Readonly<Record<string, string>>;
  /** Argument vector of the runtime process, as seen inside the sandbox. */
  command(paths: SandboxPaths, options?: LaunchOptions): readonly string[];
  /**
   * `_HANDLER` and the variables of this language (contract/01 §5); nothing that all runtimes share. The function's
   * own value wins for NODE_PATH, PYTHONPATH and LC_CTYPE, not for the others.
   */
  environment(paths: SandboxPaths, handler: string): Record<string, string>;
  /**
   * Work worth doing once before the first start of this runtime, never needed: starts are only faster after it.
   * Never rejects.
   */
  prepare?(): Promise<void>;
  /** `arn:aws:lambda:<region>::runtime:<64 hex>`, the same for the same language version everywhere. */
  runtimeVersionArn(region: string): string;
}

/** For the operator: why a runtime is not here, and the command that brings it. */
export interface MissingRuntime {
  readonly reason: string;
  readonly hint: string;
}

export function runtimeVersionArn(region: string, runtime: string, version: string): string {
  const digest = createHash("sha256").update(`${runtime} ${version}`).digest("hex");
  return `arn:aws:lambda:${region}::runtime:${digest}`;
}

/**
 * Put the script of AWS_LAMBDA_EXEC_WRAPPER before a command. Through a shell, because a wrapper that is missing must end with exit status
 * 127 (contract/02 §5) and not as a failure to launch. Paths below /var/task and /opt follow the sandbox's paths.
 */
export function wrapCommand(argv: readonly string[], options: LaunchOptions, paths: SandboxPaths): string[] {
  const wrapper = options.variables?.AWS_LAMBDA_EXEC_WRAPPER;
  if (!wrapper) return [...argv];
  const inside = wrapper.replace(/^\/var\/task(?=\/)/, () => paths.task).replace(/^\/opt(?=\/)/, () => paths.layers);
  return ["/bin/sh", "-c", 'exec "$0" "$@"', inside, ...argv];
}
