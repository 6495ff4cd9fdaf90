/** The gVisor driver keeps the whole contract. Needs root and runsc: elsewhere skipped, with the reason. */
import { it } from "node:test";
import { GvisorDriver } from "../../src/execution/sandbox/gvisor/driver.ts";
import { probe } from "../../src/execution/sandbox/gvisor/probe.ts";
import { sandboxContract } from "./sandbox.contract.ts";
import { snapshotsContract } from "./snapshots.contract.ts";

const answer = probe();

if (answer.usable) {
  sandboxContract("gvisor", () => GvisorDriver.open());
  snapshotsContract("gvisor", () => GvisorDriver.open());
} else if (process.env.CI) {
  it("gVisor works on the machine that tests Alonzo", () => {
    throw new Error(`${answer.reason}: ${answer.hint}`);
  });
} else {
  it("the gVisor driver keeps the sandbox contract", { skip: `${answer.reason} (${answer.hint})` }, () => {});
}
