/** What a function's memory means for the machine that it runs in. */
import type { Size } from "../oci/limits.ts";

/** AWS documentation, "Configure Lambda function memory": at 1,769 MB a function has the equivalent of one vCPU. */
const MB_PER_CPU = 1769;
/** MB for Linux, the agent and what Linux remembers of its disks. */
const GUEST_OWN_MB = 96;
/** MB for QEMU itself, with the code that it translates where there is no KVM. */
export const TRANSLATED_MB = 128;
const QEMU_OWN_MB = 128;
/** MB: machines are of few sizes, for each of which one is booted. What a function may have is the agent's to hold. */
const STEP_MB = 256;

export interface MachineSize {
  readonly cpus: number;
  readonly memoryMb: number;
  /** What QEMU may take of the host. */
  readonly hostMemoryMb: number;
}

export function machineSize({ memoryMb, ephemeralStorageMb }: Size): MachineSize {
  // /tmp is memory of the guest's.
  const all = Math.ceil((memoryMb + ephemeralStorageMb + GUEST_OWN_MB) / STEP_MB) * STEP_MB;
  return {
    cpus: Math.ceil(memoryMb / MB_PER_CPU),
    memoryMb: all,
    hostMemoryMb: all + TRANSLATED_MB + QEMU_OWN_MB,
  };
}
