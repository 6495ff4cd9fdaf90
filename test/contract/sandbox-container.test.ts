/** The container driver keeps the whole contract. Needs root and an OCI runtime: elsewhere skipped, with the reason. */
import { it } from "node:test";
import { ContainerDriver } from "../../src/execution/sandbox/container/driver.ts";
import { findOciRuntimes } from "../../src/execution/sandbox/container/oci-runtime.ts";
import { probe } from "../../src/execution/sandbox/container/probe.ts";
import { readCgroupLayout } from "../../src/execution/sandbox/oci/cgroup-layout.ts";
import { sandboxContract } from "./sandbox.contract.ts";
import { fromCells } from "./sandbox-fixture.ts";

const answer = probe();

if (answer.usable) {
  const layout = readCgroupLayout();
  for (const { name } of layout ? findOciRuntimes(layout) : []) {
    sandboxContract(`container by ${name}`, () => ContainerDriver.open(name));
    sandboxContract(`container by ${name}, started ahead`, () => ContainerDriver.open(name), {}, fromCells);
  }
} else if (process.env.CI) {
  it("containers work on the machine that tests Alonzo", () => {
    throw new Error(`${answer.reason}: ${answer.hint}`);
  });
} else {
  it("the container driver keeps the sandbox contract", { skip: `${answer.reason} (${answer.hint})` }, () => {});
}
