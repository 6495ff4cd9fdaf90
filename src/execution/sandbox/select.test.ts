import assert from "node:assert/strict";
import { test } from "node:test";
import { probeDrivers, selectDriver } from "./select.ts";

test("a driver that this version does not serve is refused with a hint, never replaced", async () => {
  await assert.rejects(selectDriver("gvisor"), { message: /not served in this version/, hint: /--isolation auto/ });
});

test("auto takes the strongest driver whose probe succeeds", async () => {
  const usable = (await probeDrivers()).filter(({ probe }) => probe.usable).map(({ name }) => name);
  const { driver, rejected } = await selectDriver("auto");
  await driver.close();
  assert.ok(usable.includes(driver.name));
  assert.notEqual(driver.name, "microvm", "which is slow, and for who asks for it");
  assert.ok(rejected.every(({ name, reason, hint }) => name !== driver.name && reason !== "" && hint !== ""));
});

test("a driver asked for by name is the one opened", async () => {
  const { driver } = await selectDriver("process");
  await driver.close();
  assert.equal(driver.name, "process");
});
