/** Can functions run as plain child processes here? Needs POSIX signals and fifos only. */
import { accessSync, constants } from "node:fs";
import type { Probe } from "../sandbox.ts";

export function probe(): Probe {
  if (process.platform === "win32") {
    return { usable: false, reason: "Windows has no POSIX signals or fifos", hint: "run Alonzo inside WSL 2" };
  }
  try {
    accessSync("/bin/sh", constants.X_OK);
  } catch {
    return { usable: false, reason: "/bin/sh is missing", hint: "install a POSIX shell" };
  }
  return { usable: true, detail: "plain child processes: functions are not isolated from this machine" };
}
