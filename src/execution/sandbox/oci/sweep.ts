/** Removes everything on the machine that bears the number of a region which is no more (or is just closing). */
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { killCgroup, removeCgroup } from "./cgroup.ts";
import type { CgroupLayout } from "./cgroup-layout.ts";
import { hasCommand, run } from "./commands.ts";
import { dropFirewall } from "./firewall.ts";
import type { Linux } from "./linux.ts";
import { removeParentGroup } from "./parent-group.ts";
import { type RunDirectory, removeRunDirectory } from "./run-directory.ts";

/** A process stuck in the kernel must not keep a region from starting. */
const MOST_LOOKS = 1000;
const ALL_REGIONS_CGROUP = "alonzo";

export function regionCgroup(region: number): string {
  return `${ALL_REGIONS_CGROUP}/${region}`;
}

/** Only for one who holds the lock of the number. */
export async function sweepRegion(linux: Linux, layout: CgroupLayout, region: number): Promise<void> {
  // A runtime caught in the middle of launching may still start a process after the first look.
  for (let look = 0; killCgroup(layout, regionCgroup(region)) && look < MOST_LOOKS; look++) await sleep(1);
  await removeCgroup(layout, regionCgroup(region));
  removeParentGroup(layout, ALL_REGIONS_CGROUP);
  removeRunDirectory(linux, region);
  await dropFirewall(region);
  await removeCables(region);
}

/** Nothing of the region is left on the machine, and its number is another's to claim. */
export async function leaveMachine(linux: Linux, layout: CgroupLayout, runDirectory: RunDirectory): Promise<void> {
  await sweepRegion(linux, layout, runDirectory.number);
  runDirectory.close();
  linux.close();
}

/** They go with their namespaces, but in the kernel's own time, and their names are needed again. */
async function removeCables(region: number): Promise<void> {
  const names = readdirSync("/sys/class/net").filter((name) => name.startsWith(`alz${region}-`));
  if (names.length === 0 || !hasCommand("ip")) return;
  // -force: go on when one has gone by itself meanwhile.
  await run("ip", ["-force", "-batch", "-"], names.map((name) => `link delete ${name}`).join("\n")).catch(() => {});
}
