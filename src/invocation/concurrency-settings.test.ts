import assert from "node:assert/strict";
import { test } from "node:test";
import type { Provision, ProvisionedEnvironments } from "../execution/provisioned-environments.ts";
import { Catalog } from "../functions/catalog.ts";
import type { ProvisionedConcurrency, ReservedConcurrency } from "../functions/concurrency.ts";
import { CONTENT, PLACE } from "../functions/test-content.ts";
import { openDatabase } from "../state/database.ts";
import { Admission } from "./admission.ts";
import { ConcurrencySettings } from "./concurrency-settings.ts";

const OPTIONS = { accountConcurrency: 10, requestRate: 1000, scalingRate: 1000 };

/** A catalog with version 1 and 2 of f, and what has been told to admission and the environments. */
async function setUp() {
  const catalog = await Catalog.open(openDatabase(":memory:"), PLACE);
  await catalog.create("f", { latest: CONTENT, publish: CONTENT }, {});
  await catalog.update("f", (latest) => ({ latest: { ...latest, timeoutSeconds: 9 }, publish: CONTENT }));
  const provisioned = new Map<string, unknown>();
  const environments = {
    set(functionName: string, provisions: ReadonlyMap<string, Provision>) {
      const told = [...provisions].map(([qualifier, { shares }]) => [
        qualifier,
        shares.map(({ version, count }) => [version.version, count]),
      ]);
      provisioned.set(functionName, Object.fromEntries(told));
    },
  } as unknown as ProvisionedEnvironments;
  const admission = new Admission(OPTIONS);
  const settings = new ConcurrencySettings(catalog, admission, environments);
  const reserve = (executions: number) =>
    catalog.settings<ReservedConcurrency>("reservedConcurrency").change("f", "$LATEST", () => ({ executions }));
  const provision = (qualifier: string, executions: number) =>
    catalog
      .settings<ProvisionedConcurrency>("provisionedConcurrency")
      .change("f", qualifier, () => ({ executions, generation: 1, lastModified: "" }));
  return { catalog, admission, settings, provisioned, reserve, provision };
}

test("what is stored holds when the region starts, and follows each change", async () => {
  const { admission, settings, provisioned, reserve, provision } = await setUp();
  await reserve(0);
  await provision("1", 2);
  await settings.load();
  assert.equal(admission.isSwitchedOff("f"), true);
  assert.deepEqual(provisioned.get("f"), { 1: [["1", 2]] });
  await reserve(3);
  await settings.apply("f");
  admission.enter("f", "warm", false);
  assert.throws(() => admission.enter("f", "warm", false), { code: "TooManyRequestsException" }, "two are provisioned");
});

test("functions that are only reserved for are not looked at one by one when the region starts", async () => {
  const { admission, settings, provisioned, reserve } = await setUp();
  await reserve(0);
  await settings.load();
  assert.equal(admission.isSwitchedOff("f"), true);
  assert.deepEqual([...provisioned.keys()], []);
});

test("an alias with two versions provisions both, by their weights", async () => {
  const { catalog, settings, provisioned, provision } = await setUp();
  const content = { functionVersion: "1", description: "" };
  await catalog.aliases.create("f", "live", content);
  await provision("live", 4);
  await settings.apply("f");
  assert.deepEqual(provisioned.get("f"), { live: [["1", 4]] });
  await catalog.aliases.change("f", "live", () => ({ ...content, additional: { version: "2", weight: 0.25 } }));
  await settings.apply("f");
  assert.deepEqual(provisioned.get("f"), {
    live: [
      ["1", 3],
      ["2", 1],
    ],
  });
  await catalog.aliases.change("f", "live", () => ({ ...content, additional: { version: "2", weight: 0 } }));
  await settings.apply("f");
  assert.deepEqual(provisioned.get("f"), { live: [["1", 4]] });
});

test("a version that is not active has nothing provisioned yet, but its claim", async () => {
  const { catalog, admission, settings, provisioned, provision } = await setUp();
  const pending = { ...CONTENT, timeoutSeconds: 8, state: "Pending" as const };
  await catalog.update("f", (latest) => ({ latest, publish: pending }));
  await provision("3", 9);
  await settings.apply("f");
  assert.deepEqual(provisioned.get("f"), { 3: [] });
  admission.enter("f", "warm", false);
  assert.throws(() => admission.enter("f", "warm", false), { code: "TooManyRequestsException" });
  const version = await catalog.describe("f", "3");
  assert.ok(version);
  await catalog.settle(version, { state: "Active" }, []);
  await settings.apply("f");
  assert.deepEqual(provisioned.get("f"), { 3: [["3", 9]] });
});

test("a function that is deleted has neither", async () => {
  const { catalog, admission, settings, provisioned, reserve, provision } = await setUp();
  await reserve(0);
  await provision("1", 2);
  await settings.apply("f");
  await catalog.deleteFunction("f");
  await settings.apply("f");
  assert.equal(admission.isSwitchedOff("f"), false);
  assert.deepEqual(provisioned.get("f"), {});
});
