/**
 * `alonzo quickstart`: from a bare machine to an invoked function in one command. It installs what is missing, starts
 * a region, shows an example function cold and warm through the public API, and keeps serving until Ctrl-C.
 */
import type { Config } from "../config.ts";
import { installGuestKernel } from "../inspection.ts";
import { readArguments } from "./arguments.ts";
import { RegionClient, targetOf } from "./client.ts";
import { demonstrate } from "./demonstration.ts";
import { ensureSystemPackages } from "./install.ts";
import { GROUPS } from "./machine.ts";
import { nextSteps } from "./next-steps.ts";
import { startAnyway } from "./start-anyway.ts";
import { stopSignal } from "./stop-signal.ts";
import { print, styled } from "./terminal.ts";

function heading(text: string): void {
  print();
  print(styled("bold", text));
}

function detail(line: string): void {
  print(`  ${line}`);
}

/** The process driver needs none of the packages: when it is asked for by name, nothing is installed. */
async function completeMachine({ isolation }: Config): Promise<void> {
  if (isolation === "process") return;
  heading("Machine");
  const left = ensureSystemPackages(
    GROUPS[isolation === "microvm" || isolation === "gvisor" ? isolation : "region"],
    detail,
  );
  if (isolation === "microvm") await installGuestKernel(detail);
  if (left.length > 0) return;
  detail(`everything that ${isolation === "auto" ? "container" : isolation} isolation needs is there`);
}

/** @returns 0, also when a signal ended it */
export async function run(args: readonly string[]): Promise<number> {
  const { config, flags } = readArguments(args, { once: { type: "boolean" } });
  await completeMachine(config);
  const stopped = stopSignal();
  heading("Region");
  const { region, close } = await startAnyway(config, detail);
  try {
    detail(`Alonzo is ready at ${region.url}`);
    detail(`isolation: ${region.isolation}`);
    for (const notice of region.notices) detail(`${styled("yellow", "note:")} ${notice}`);
    const target = targetOf(config, region.url);
    const shown = demonstrate(new RegionClient(target), config.accountId, heading).then(() => "shown");
    if ((await Promise.race([shown, stopped])) !== "shown") return 0;
    const when = flags.once === true ? "once `npm start` serves" : "in another terminal";
    heading(`Go on with the AWS CLI, ${when}`);
    for (const line of nextSteps(target)) detail(line);
    if (flags.once === true) return 0;
    heading("Serving until Ctrl-C");
    await stopped;
    return 0;
  } finally {
    await close();
  }
}
