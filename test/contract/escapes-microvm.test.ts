/** Nothing gets out of a microVM, whose kernel is a guest's. Emulated, as it works everywhere; needs root and QEMU. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { MicrovmDriver } from "../../src/execution/sandbox/microvm/driver.ts";
import { probe } from "../../src/execution/sandbox/microvm/probe.ts";
import { escapeContract } from "./escapes.contract.ts";

const answer = probe();

if (answer.usable) {
  const whole = "a machine has the memory that it has: others of these show it, and each is a boot";
  const names = ["threads", "descriptors", "memory in files without a name (memfd)", "memory that is shared"];
  names.push("memory of pipes", "memory of sockets", "timers and queued signals", "watches on files");
  const skipped = {
    ...Object.fromEntries(names.map((name) => [name, whole])),
    "the ports on which the platform listens inside, taken from it":
      "the region is at an address that nobody inside has",
    "another environment's Runtime API, by its address as its own": "all guests have the same address",
  };
  escapeContract("microvm, emulated", () => MicrovmDriver.open("tcg"), { hasOwnKernel: true, skipped });
} else {
  it("microVMs work on the machine that tests Alonzo", { skip: process.env.CI ? false : answer.reason }, () => {
    assert.fail(`${answer.reason}: ${answer.hint}`);
  });
}
