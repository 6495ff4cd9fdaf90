import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "../state/database.ts";
import { Catalog } from "./catalog.ts";
import { CONTENT, PLACE } from "./test-content.ts";

const POLICY = { Version: "2012-10-17", Statement: [] };

async function open() {
  const catalog = await Catalog.open(openDatabase(":memory:"), PLACE);
  const pending = { ...CONTENT, state: "Pending" as const };
  const made = await catalog.create("f", { latest: pending, publish: CONTENT }, {});
  await catalog.aliases.create("f", "live", { functionVersion: "1", description: "" });
  assert.ok(made);
  return { catalog, made };
}

test("a policy hangs on the function, a version or an alias, and renews the revision of that alone", async () => {
  const { catalog, made } = await open();
  const revisions = async () => ({
    latest: (await catalog.describe("f"))?.revisionId,
    version: (await catalog.describe("f", "1"))?.revisionId,
    alias: (await catalog.aliases.get("f", "live"))?.revisionId,
  });
  const before = await revisions();
  const seen: unknown[] = [];
  const written = await catalog.policies.change("f", undefined, (attached) => {
    seen.push(attached);
    return POLICY;
  });
  assert.deepEqual(seen, [{ policy: undefined, revisionId: made.latest.revisionId }]);
  const after = await revisions();
  assert.deepEqual(written, { policy: POLICY, revisionId: after.latest });
  assert.notEqual(after.latest, before.latest);
  assert.deepEqual({ ...after, latest: before.latest }, before);
  assert.equal((await catalog.policies.get("f", "1"))?.policy, undefined);

  await catalog.policies.change("f", "1", () => POLICY);
  await catalog.policies.change("f", "live", () => POLICY);
  const last = await revisions();
  assert.equal(last.latest, after.latest);
  assert.notEqual(last.version, before.version);
  assert.notEqual(last.alias, before.alias);
  assert.deepEqual(await catalog.policies.get("f", "live"), { policy: POLICY, revisionId: last.alias });
});

test("a policy is found where there is something to hang it on, and a refusal changes nothing", async () => {
  const { catalog } = await open();
  for (const [name, qualifier] of [
    ["g", "$LATEST"],
    ["f", "2"],
    ["f", "other"],
  ] as const) {
    assert.equal(await catalog.policies.get(name, qualifier), undefined);
    assert.equal(await catalog.policies.change(name, qualifier, () => assert.fail()), undefined);
  }
  const before = await catalog.policies.get("f");
  await assert.rejects(
    catalog.policies.change("f", undefined, () => {
      throw new Error("no");
    }),
  );
  assert.deepEqual(await catalog.policies.get("f"), before);
});

test("a function that gets a policy while it is being created becomes active all the same", async () => {
  const { catalog, made } = await open();
  await catalog.policies.change("f", undefined, () => POLICY);
  const settled = await catalog.settle(made.latest, { state: "Active" }, []);
  assert.equal(settled?.state, "Active");
  assert.equal(await catalog.settle(made.latest, { state: "Failed" }, []), undefined, "what changed is left alone");
});
