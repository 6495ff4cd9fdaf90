/** Nothing gets out of gVisor, whose kernel answers system calls itself. Needs root and runsc. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { GvisorDriver } from "../../src/execution/sandbox/gvisor/driver.ts";
import { probe } from "../../src/execution/sandbox/gvisor/probe.ts";
import { escapeContract } from "./escapes.contract.ts";

const answer = probe();

if (answer.usable) {
  escapeContract("gvisor", () => GvisorDriver.open(), { hasOwnKernel: true });
} else {
  it("gVisor works on the machine that tests Alonzo", { skip: process.env.CI ? false : answer.reason }, () => {
    assert.fail(`${answer.reason}: ${answer.hint}`);
  });
}
