/** Installs system packages where it may (root, apt-get) and says what it does; elsewhere says what to run by hand. */
import { execFileSync, spawnSync } from "node:child_process";
import { type Component, findExecutable, isRoot, missing } from "./machine.ts";

/** The command that an operator may paste to get these components on Debian or Ubuntu. */
export function installCommand(components: readonly Component[]): string {
  return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packagesOf(components).join(" ")}`;
}

function packagesOf(components: readonly Component[]): string[] {
  return [...new Set(components.flatMap((component) => component.packages))];
}

const APT_OPTIONS = ["-q", "-o", "DPkg::Lock::Timeout=120"];

function apt(...args: string[]): boolean {
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // Its progress runs to hundreds of lines and is not shown; what goes wrong is.
  return (
    spawnSync("apt-get", [...APT_OPTIONS, ...args], { stdio: ["ignore", "ignore", 2], env: environment }).status === 0
  );
}

/** Fresh images come without package lists: only then is an update needed before the first try. */
function aptKnows(packages: readonly string[]): boolean {
  try {
    return packages.every((name) => {
      const policy = execFileSync("apt-cache", ["policy", name], { encoding: "utf8" });
      return /Candidate: (?!\(none\))/.test(policy);
    });
  } catch {
    return false;
  }
}

/**
 * Make sure that the components are there, installing what is missing with apt-get when running as root on Debian or
 * Ubuntu. Never throws for a machine that cannot be completed.
 * @param say receives a line for each thing done or left to the operator
 * @returns the components that are still missing
 */
export function ensureSystemPackages(
  components: readonly Component[],
  say: (line: string) => void,
): readonly Component[] {
  const lacking = missing(components);
  if (lacking.length === 0) return lacking;
  for (const component of lacking) say(`missing: ${component.name} (${component.why})`);
  if (!isRoot() || !findExecutable("apt-get")) {
    say(`not installing: that takes root and apt-get. On Debian or Ubuntu run: ${installCommand(lacking)}`);
    return lacking;
  }
  const packages = packagesOf(lacking);
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  say(`installing: apt-get ${install.join(" ")}`);
  const known = aptKnows(packages);
  if (!known) apt("update");
  // Lists that are known but old point at package files that are gone: update and try once more.
  if (!apt(...install) && known) {
    apt("update");
    apt(...install);
  }
  const left = missing(components);
  if (left.length === 0) say("installed");
  else say(`still missing: ${left.map((component) => component.name).join(", ")}. Run: ${installCommand(left)}`);
  return left;
}
