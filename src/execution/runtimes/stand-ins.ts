/**
 * An operator may have one version of a language run what is written for another that this machine lacks. It says so: in
 * the versions that it prints, and by its real one to whoever asks the language.
 */
import type { RuntimeInstallation } from "./installation.ts";

export interface StandIn {
  /** As functions name it, e.g. `ruby3.3`. */
  readonly runtime: string;
  /** The installed runtime that runs it, e.g. `ruby3.1`. */
  readonly by: string;
}

/** Nothing stands in for what is installed, and nothing that is not installed stands in. */
export function withStandIns(
  installed: readonly RuntimeInstallation[],
  standIns: readonly StandIn[],
): RuntimeInstallation[] {
  const byRuntime = new Map(installed.map((one) => [one.runtime, one]));
  for (const { runtime, by } of standIns) {
    const found = installed.find((one) => one.runtime === by);
    if (found && !byRuntime.has(runtime)) byRuntime.set(runtime, standingIn(found, runtime));
  }
  return [...byRuntime.values()];
}

function standingIn(installation: RuntimeInstallation, runtime: string): RuntimeInstallation {
  return {
    ...installation,
    runtime,
    environment: (paths, handler) => ({
      ...installation.environment(paths, handler),
      AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
    }),
  };
}
