/** Can functions be held by containers here, and if not, what is missing and how it is mended. */
import { probeMachine, unusable } from "../oci/probe.ts";
import type { Probe } from "../sandbox.ts";
import { findOciRuntimes } from "./oci-runtime.ts";

export function probe(): Probe {
  const machine = probeMachine("containers need");
  if (!machine.usable) return machine;
  const { layout } = machine;
  const [runtime] = findOciRuntimes(layout);
  if (!runtime) return unusable("neither crun nor runc is installed", "apt-get install runc");
  return { usable: true, detail: `${runtime.name} at ${runtime.path}, cgroup ${layout.kind}` };
}
