/** Can functions be held by gVisor here, and if not, what is missing and how it is mended. */
import { findCommand, hasCommand } from "../oci/commands.ts";
import { probeMachine, unusable } from "../oci/probe.ts";
import type { Probe } from "../sandbox.ts";

export function probe(): Probe {
  const machine = probeMachine("gVisor needs");
  if (!machine.usable) return machine;
  const runsc = findCommand("runsc");
  if (runsc === undefined) return unusable("runsc is not installed", "apt-get install runsc");
  if (!hasCommand("perl")) return unusable("perl is missing", "apt-get install perl-base");
  return { usable: true, detail: `runsc at ${runsc}, cgroup ${machine.layout.kind}` };
}
