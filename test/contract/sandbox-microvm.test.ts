/**
 * The microVM driver keeps the contract, with machines that are emulated: that works wherever QEMU is installed. Needs root:
 * elsewhere skipped, with the reason.
 */
import { it } from "node:test";
import { MicrovmDriver } from "../../src/execution/sandbox/microvm/driver.ts";
import { probe } from "../../src/execution/sandbox/microvm/probe.ts";
import { sandboxContract } from "./sandbox.contract.ts";
import { snapshotsContract } from "./snapshots.contract.ts";

const answer = probe();

if (answer.usable) {
  sandboxContract("microvm, emulated", () => MicrovmDriver.open("tcg"), {
    "the Runtime API is reached by unix socket": "the way out of a machine is its network",
  });
  snapshotsContract("microvm, emulated", () => MicrovmDriver.open("tcg"));
} else if (process.env.CI) {
  it("microVMs work on the machine that tests Alonzo", () => {
    throw new Error(`${answer.reason}: ${answer.hint}`);
  });
} else {
  it("the microVM driver keeps the sandbox contract", { skip: `${answer.reason} (${answer.hint})` }, () => {});
}
