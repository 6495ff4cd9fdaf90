import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "../state/database.ts";
import { Catalog } from "./catalog.ts";
import { attachWithin, type CodeSigningConfig, CodeSigningConfigs } from "./code-signing-configs.ts";
import { CONTENT, PLACE } from "./test-content.ts";

const CONFIG: CodeSigningConfig = {
  id: "csc-0123456789abcdefg",
  profileVersionArns: ["arn:aws:signer:us-east-1:123456789012:/signing-profiles/p/v"],
  untrusted: "Enforce",
  lastModified: "2024-05-01T12:34:56.000+0000",
};

async function open() {
  const database = openDatabase(":memory:");
  const catalog = await Catalog.open(database, PLACE);
  const configs = await CodeSigningConfigs.open(database);
  await configs.create(CONFIG, {});
  const create = (name: string, id: string) =>
    catalog.create(name, { latest: CONTENT }, {}, async (transaction) => {
      if (!(await attachWithin(transaction, name, id))) throw new Error("no such configuration");
    });
  return { catalog, configs, create };
}

test("a function is created with its configuration, or not at all", async () => {
  const { catalog, configs, create } = await open();
  await create("f", CONFIG.id);
  assert.deepEqual(await configs.of("f"), CONFIG);
  await assert.rejects(create("g", "csc-none"), /no such configuration/);
  assert.equal(await catalog.describe("g"), undefined);
  assert.equal(await configs.attach("g", CONFIG.id), "no such function");
  assert.equal(await configs.attach("g", "csc-none"), "no such configuration");
  assert.equal(await configs.attach("f", "csc-none"), "no such configuration");
});

test("a configuration stays as long as a function has it, and the function's goes with the function", async () => {
  const { catalog, configs, create } = await open();
  await create("f", CONFIG.id);
  assert.equal(await configs.delete(CONFIG.id), "in use");
  await catalog.deleteFunction("f");
  assert.deepEqual(await configs.functions(CONFIG.id, { limit: 9 }), []);
  assert.equal(await configs.delete(CONFIG.id), "deleted");
  assert.equal(await configs.delete(CONFIG.id), "missing");
});
