/** Nothing gets out of a container, nor of one that was started ahead. Needs root and an OCI runtime. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { ContainerDriver } from "../../src/execution/sandbox/container/driver.ts";
import { probe } from "../../src/execution/sandbox/container/probe.ts";
import { ESCAPES, escapeContract } from "./escapes.contract.ts";
import { fromCells } from "./sandbox-fixture.ts";

const answer = probe();

it("there are many ways to try", () => assert.ok(ESCAPES >= 60, String(ESCAPES)));

if (answer.usable) {
  escapeContract("container", () => ContainerDriver.open());
  escapeContract("container, started ahead", () => ContainerDriver.open(), { makerOf: fromCells });
} else {
  it("containers work on the machine that tests Alonzo", { skip: process.env.CI ? false : answer.reason }, () => {
    assert.fail(`${answer.reason}: ${answer.hint}`);
  });
}
