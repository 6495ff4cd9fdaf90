/**
 * Which functions can start in a runtime process that was started before they were known, and which of those can start
 * in the same: all that is asked of the process itself, before it is told anything.
 */
import type { FunctionVersion } from "../functions/function-version.ts";
import type { RuntimeInstallation } from "./runtimes.ts";
import type { SandboxPaths } from "./sandbox/sandbox.ts";

/** What is read once when a process starts, by the language, its libraries or the dynamic linker: too late later. */
const EARLY_VARIABLES = [
  /^AWS_LAMBDA_EXEC_WRAPPER$/,
  /^NODE_(?!ENV$)/,
  /^PYTHON/,
  /^LD_/,
  /^LC_/,
  /^LANG(UAGE)?$/,
  /^LOCPATH$/,
  /^GLIBC_TUNABLES$/,
  /^MALLOC_/,
  /^OPENSSL_/,
  /^SSL_/,
  /^ICU_/,
  /^UV_/,
];

/** As functions know them; a driver that has others puts its own in their place. */
const LAMBDA_PATHS: SandboxPaths = {
  task: "/var/task",
  runtime: "/var/runtime",
  language: "/var/lang",
  layers: "/opt",
  temporary: "/tmp",
};

export interface CellKind {
  /** Equal for what can start in the same process. */
  readonly key: string;
  readonly installation: RuntimeInstallation;
  /** MB: the language is told when it starts. */
  readonly memoryMb: number;
}

/** Whether everything of this version can reach a runtime process that runs already. */
export function canApplyLate(version: Pick<FunctionVersion, "environment" | "packageType">): boolean {
  if (version.packageType !== "Zip") return false;
  const names = Object.keys(version.environment ?? {});
  return !names.some((name) => EARLY_VARIABLES.some((early) => early.test(name)));
}

/** @returns undefined when the version can only start plainly */
export function cellKindOf(version: FunctionVersion, installation: RuntimeInstallation): CellKind | undefined {
  if (!installation.canWait || !canApplyLate(version)) return undefined;
  const { memoryMb } = version;
  const key = JSON.stringify([installation.runtime, installation.command(LAMBDA_PATHS, { memoryMb })]);
  return { key, installation, memoryMb };
}
