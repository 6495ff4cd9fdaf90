/** What the command line shows of this machine, and brings to it: what only the parts of a region know. */
import type { Config } from "./config.ts";
import { installJavaClient, Runtimes } from "./execution/runtimes.ts";
import { installKernel } from "./execution/sandbox/microvm/kernel-package.ts";
import type { Probe } from "./execution/sandbox/sandbox.ts";
import { probeDrivers } from "./execution/sandbox/select.ts";
import { CURRENT_RUNTIMES } from "./functions/runtime-names.ts";

/** What installLanguage() can complete, once its system packages are there. */
export const LANGUAGES = ["java", "python", "ruby"] as const;

export type Language = (typeof LANGUAGES)[number];

export interface Inspection {
  readonly isolation: readonly { readonly name: string; readonly probe: Probe }[];
  readonly runtimes: Runtimes;
}

export async function inspectMachine(config: Config): Promise<Inspection> {
  const [isolation, runtimes] = await Promise.all([probeDrivers(), discoverRuntimes(config)]);
  return { isolation, runtimes };
}

/** The runtimes of this machine, with the operator's stand-ins. */
export function discoverRuntimes({ runtimesDir, standIns }: Config): Promise<Runtimes> {
  return Runtimes.discover({ runtimesDirectory: runtimesDir, standIns });
}

/** May functions be created with it, as AWS has it now? */
export const isCurrent = (runtime: string): boolean => CURRENT_RUNTIMES.includes(runtime);

/** Bring what a language needs besides its system packages. @throws when that cannot be fetched */
export async function installLanguage(
  language: Language,
  { runtimesDir }: Config,
  say: (line: string) => void,
): Promise<void> {
  if (language === "java") await installJavaClient(runtimesDir, say);
}

/** Bring what microVMs need besides their system packages. @throws when that cannot be fetched */
export const installGuestKernel: (say: (line: string) => void) => Promise<void> = installKernel;
