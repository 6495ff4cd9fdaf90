/** What of the host's processor a machine without KVM has to be told. */
import { existsSync, readFileSync } from "node:fs";

const FREQUENCY = "/sys/devices/system/cpu/cpu0/cpufreq";

/**
 * kHz of the time stamp counter, which emulated processors share with the host's. Guests could measure it only on an idle host,
 * and do not boot when they cannot.
 * @returns undefined where the host does not tell
 */
export function timeStampKhz(): number | undefined {
  // With frequencies that change, the counter has the one that the processor was sold with.
  if (existsSync(FREQUENCY)) {
    const base = `${FREQUENCY}/base_frequency`;
    return existsSync(base) ? Number(readFileSync(base, "latin1")) : undefined;
  }
  const mhz = /^cpu MHz\s*: ([\d.]+)$/m.exec(readFileSync("/proc/cpuinfo", "latin1"))?.[1];
  return mhz === undefined ? undefined : Math.round(Number(mhz) * 1000);
}
