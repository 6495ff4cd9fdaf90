import assert from "node:assert/strict";
import { test } from "node:test";
import { probeDrivers, selectDriver } from "./select.ts";

test("auto takes the strongest driver whose probe succeeds", async () => {
  const usable = (await probeDrivers()).filter(({ probe }) => probe.usable).map(({ name }) => name);
  const { driver, rejected } = await selectDriver("auto");
  await driver.close();
  assert.ok(usable.includes(driver.name));
  assert.ok(rejected.every(({ name, reason, hint }) => name !== driver.name && reason !== "" && hint !== ""));
  const tried = [driver.name, ...rejected.map(({ name }) => name)];
  assert.deepEqual(
    tried.filter((name) => name === "microvm" || name === "gvisor"),
    [],
    "which cost time or memory, and are for who asks for them",
  );
});

test("a driver asked for by name is the one opened", async () => {
  const { driver } = await selectDriver("process");
  await driver.close();
  assert.equal(driver.name, "process");
});
