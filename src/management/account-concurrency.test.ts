import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalog } from "../functions/catalog.ts";
import { PLACE } from "../functions/test-content.ts";
import { openDatabase } from "../state/database.ts";
import { AccountConcurrency } from "./account-concurrency.ts";

test("what is decided without the sum of all waits for changes, and does not add up", async (context) => {
  const catalog = await Catalog.open(openDatabase(":memory:"), PLACE);
  const account = new AccountConcurrency(catalog, { accountConcurrency: 1000, unreservedConcurrency: 100 });
  const sum = context.mock.method(account, "claims");
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const change = account.change(async () => {
    await gate.promise;
    order.push("change");
  });
  const turn = account.inTurn(async () => void order.push("turn"));
  gate.resolve();
  await Promise.all([change, turn]);
  assert.deepEqual(order, ["change", "turn"]);
  assert.equal(sum.mock.callCount(), 1);
});
