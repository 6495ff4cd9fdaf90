import assert from "node:assert/strict";
import { test } from "node:test";
import { CapacityProviders } from "../functions/capacity-providers.ts";
import { openDatabase } from "../state/database.ts";
import { failFor } from "../wire/fail.ts";
import { loadModel } from "../wire/model.ts";
import { ServiceError } from "../wire/service-error.ts";
import { newProvider } from "./capacity-provider-settings.ts";
import { withCapacity } from "./function-capacity.ts";
import type { CallContext, Lambda, ManagementContext } from "./lambda-api.ts";

const CALL = { region: "us-east-1", accountId: "000000000000" } as CallContext;
const FUNCTION = { capacityProvider: { name: "p" }, architecture: "x86_64" } as const;
const PROVIDER = newProvider(
  "p",
  {
    CapacityProviderName: "p",
    VpcConfig: { SubnetIds: ["subnet-1"], SecurityGroupIds: [] },
    PermissionsConfig: { CapacityProviderOperatorRoleArn: "arn:aws:iam::000000000000:role/r" },
  },
  "2024-05-01T12:34:56.000+0000",
);

/** Management with one capacity provider, which so many versions use already. */
async function management(used: number, state: "Pending" | "Active" | "Deleting" = "Active") {
  const capacityProviders = await CapacityProviders.open(openDatabase(":memory:"));
  await capacityProviders.create({ ...PROVIDER, state }, 1);
  return {
    capacityProviders,
    catalog: { listing: { countOfCapacityProvider: async () => used } },
    fail: failFor<Lambda>(loadModel<Lambda>("lambda")),
  } as unknown as ManagementContext;
}

async function refused(call: Promise<unknown>, status: number, code: string, message: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof ServiceError);
    assert.deepEqual([error.status, error.code, error.message], [status, code, message]);
    return true;
  });
}

test("a capacity provider takes a hundred versions", async () => {
  const write = async (used: number, added: number) =>
    withCapacity(await management(used), CALL, FUNCTION, added, async () => "written");
  assert.equal(await write(99, 1), "written");
  assert.equal(await write(100, 0), "written");
  for (const [used, added] of [
    [100, 1],
    [99, 2],
  ] as const) {
    await refused(
      write(used, added),
      400,
      "FunctionVersionsPerCapacityProviderLimitExceededException",
      "The maximum number of function versions (100) of capacity provider arn:aws:lambda:us-east-1:000000000000:capacity-provider:p is reached.",
    );
  }
});

test("a capacity provider takes none before it is Active, nor after", async () => {
  for (const state of ["Pending", "Deleting"] as const) {
    await refused(
      withCapacity(await management(0, state), CALL, FUNCTION, 1, async () => "written"),
      409,
      "ResourceConflictException",
      `The operation cannot be performed at this time. The capacity provider is currently in the following state: ${state}`,
    );
  }
});

test("who holds a capacity provider is alone with it", async () => {
  const { capacityProviders: providers } = await management(0);
  const order: string[] = [];
  const held = Promise.withResolvers<void>();
  const first = providers.hold("p", async () => {
    await held.promise;
    order.push("first");
  });
  const second = providers.hold("p", async () => void order.push("second"));
  await providers.hold("q", async () => void order.push("other"));
  held.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(order, ["other", "first", "second"]);
});

test("there are so many capacity providers and no more", async () => {
  const { capacityProviders: providers } = await management(0);
  assert.equal(await providers.create(PROVIDER, 1), "exists");
  assert.equal(await providers.create({ ...PROVIDER, name: "q" }, 1), "too many");
  assert.equal(await providers.create({ ...PROVIDER, name: "q" }, 2), "created");
});
