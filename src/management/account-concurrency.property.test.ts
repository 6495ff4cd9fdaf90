/** The account's arithmetic under calls that come at the same time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Catalog } from "../functions/catalog.ts";
import { CONTENT, PLACE } from "../functions/test-content.ts";
import { systemClock } from "../state/clock.ts";
import { openDatabase } from "../state/database.ts";
import { failFor } from "../wire/fail.ts";
import { loadModel } from "../wire/model.ts";
import type { CallContext } from "../wire/service.ts";
import { ServiceError } from "../wire/service-error.ts";
import { AccountConcurrency, totalOf } from "./account-concurrency.ts";
import type { Lambda, ManagementContext } from "./lambda-api.ts";
import { provisionedConcurrencyHandlers } from "./provisioned-concurrency.ts";
import { reservedConcurrencyHandlers } from "./reserved-concurrency.ts";

const FUNCTIONS = ["f", "g", "h"];
const CALL: CallContext = {
  ...PLACE,
  requestId: "r",
  endpoint: "http://127.0.0.1:4566",
  principal: { arn: "arn:aws:iam::123456789012:root", accountId: "123456789012", kind: "administrator" },
};
const fail = failFor<Lambda>(loadModel<Lambda>("lambda"));

async function setUp() {
  const catalog = await Catalog.open(openDatabase(":memory:"), PLACE);
  for (const name of FUNCTIONS) await catalog.create(name, { latest: CONTENT, publish: CONTENT }, {});
  const account = new AccountConcurrency(catalog, { accountConcurrency: 20, unreservedConcurrency: 5 });
  const concurrency = { apply: async () => {}, allocation: () => undefined };
  const context = { catalog, account, concurrency, fail, clock: systemClock } as unknown as ManagementContext;
  return { account, ...reservedConcurrencyHandlers(context), ...provisionedConcurrencyHandlers(context) };
}

const FunctionName = fc.constantFrom(...FUNCTIONS);
const call = fc.oneof(
  fc.record({ kind: fc.constant("reserve" as const), FunctionName, executions: fc.nat(15) }),
  fc.record({ kind: fc.constant("release" as const), FunctionName, executions: fc.constant(0) }),
  fc.record({ kind: fc.constant("provision" as const), FunctionName, executions: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant("take back" as const), FunctionName, executions: fc.constant(0) }),
);

test("calls at the same time never take more than there is, nor provision more than is reserved", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(call, { minLength: 1, maxLength: 4 }), { maxLength: 12 }), async (batches) => {
      const operations = await setUp();
      for (const batch of batches) {
        const calls = batch.map(({ kind, FunctionName, executions }) => {
          const version = { FunctionName, Qualifier: "1" };
          if (kind === "release") return operations.DeleteFunctionConcurrency({ FunctionName }, CALL);
          if (kind === "take back") return operations.DeleteProvisionedConcurrencyConfig(version, CALL);
          if (kind === "reserve") {
            return operations.PutFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: executions }, CALL);
          }
          const input = { ...version, ProvisionedConcurrentExecutions: executions };
          return operations.PutProvisionedConcurrencyConfig(input, CALL);
        });
        for (const result of await Promise.allSettled<unknown>(calls)) {
          if (result.status === "rejected") assert.ok(result.reason instanceof ServiceError, String(result.reason));
        }
        const claims = await operations.account.claims();
        assert.ok(claims.unreserved() >= 5, `${claims.unreserved()} are left`);
        for (const name of FUNCTIONS) {
          const { reserved, provisioned } = claims.of(name);
          assert.ok(reserved === undefined || totalOf(provisioned) <= reserved);
        }
      }
    }),
    { numRuns: 40 },
  );
});
