/** `alonzo doctor`: what this machine offers to a region, what it lacks, and the command that would mend it. */
import { inspectMachine } from "../inspection.ts";
import { readArguments } from "./arguments.ts";
import { installCommand } from "./install.ts";
import { COMPONENTS, cgroupLayout, GROUPS, isRoot, missing, operatingSystem } from "./machine.ts";
import { columns, print, styled } from "./terminal.ts";

function table(title: string, rows: readonly (readonly string[])[]): void {
  print(styled("bold", title));
  for (const line of columns(rows)) print(line);
  print();
}

const mark = (isThere: boolean) => (isThere ? "yes" : "NO");

/** @returns 0 when containers can isolate functions here, 1 when something is missing for that */
export async function run(args: readonly string[]): Promise<number> {
  const { config } = readArguments(args);
  const found = await inspectMachine(config);
  const runtimes = found.runtimes.list();
  const layout = cgroupLayout();
  table("Machine", [
    ["system", operatingSystem()],
    ["kernel", `${process.platform} ${process.arch}`],
    ["root", isRoot() ? "yes" : "NO: containers need it; without it functions run as plain processes, not isolated"],
    ["cgroups", layout === "none" ? "NO: memory and CPU cannot be limited" : layout],
    ["Node", `${process.versions.node} (${process.execPath})`],
  ]);
  table(
    "Isolation",
    found.isolation.map(({ name, probe }) => [
      name,
      mark(probe.usable),
      probe.usable ? probe.detail : `${probe.reason}; ${probe.hint}`,
    ]),
  );
  table(
    "System packages for isolation",
    GROUPS.region.map((component) => [component.name, component.find() ?? "NO", component.why]),
  );
  table(
    "Runtimes",
    runtimes.map(({ runtime, version, languageDirectory }) => [runtime, version, languageDirectory ?? ""]),
  );
  const hasPython = runtimes.some(({ runtime }) => runtime.startsWith("python"));
  const lacking = [...missing(GROUPS.region), ...(hasPython ? [] : [COMPONENTS.python])];
  if (lacking.length === 0) print("Nothing is missing.");
  else print(`Missing: ${lacking.map(({ name }) => name).join(", ")}. Install with:\n  ${installCommand(lacking)}`);
  return found.isolation.some(({ name, probe }) => name === "container" && probe.usable) ? 0 : 1;
}
