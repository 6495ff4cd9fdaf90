/** Nothing gets out of microVMs, emulated ones. Needs root, QEMU and the guests' kernel. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { MicrovmDriver } from "../../src/execution/sandbox/microvm/driver.ts";
import { probe } from "../../src/execution/sandbox/microvm/probe.ts";
import { escapeContract } from "./escapes.contract.ts";

const answer = probe();

if (answer.usable) {
  escapeContract("microvm, emulated", () => MicrovmDriver.open("tcg"), {
    hasOwnKernel: true,
    skipped: { "another environment's Runtime API, by its address as its own": "all guests have the same address" },
  });
} else {
  it("microVMs work on the machine that tests Alonzo", { skip: process.env.CI ? false : answer.reason }, () => {
    assert.fail(`${answer.reason}: ${answer.hint}`);
  });
}
