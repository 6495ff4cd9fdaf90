import assert from "node:assert/strict";
import { test } from "node:test";
import { zipOf } from "../../test/api/lambda/zip.ts";
import { CapacityProviders } from "../functions/capacity-providers.ts";
import { Catalog, type VersionContent } from "../functions/catalog.ts";
import { CONTENT, PLACE } from "../functions/test-content.ts";
import { systemClock } from "../state/clock.ts";
import { openDatabase } from "../state/database.ts";
import { failFor } from "../wire/fail.ts";
import { loadModel } from "../wire/model.ts";
import { newProvider } from "./capacity-provider-settings.ts";
import type { CallContext, Lambda, ManagementContext } from "./lambda-api.ts";
import { updateFunctionHandlers } from "./update-function.ts";

const CONTEXT = { ...PLACE, endpoint: "http://localhost" } as CallContext;
const ZIP = zipOf({ "index.js": "" });

/** The operations on function `f`, which `others` change right after an update has looked at it for the first time. */
async function updatesOvertakenBy(before: VersionContent, others: (catalog: Catalog) => Promise<unknown>) {
  const database = openDatabase(":memory:");
  const catalog = await Catalog.open(database, PLACE);
  await catalog.create("f", { latest: before }, {});
  const capacityProviders = await CapacityProviders.open(database);
  for (const name of ["old", "new"]) {
    const provider = newProvider(
      name,
      {
        CapacityProviderName: name,
        VpcConfig: { SubnetIds: ["subnet-1"], SecurityGroupIds: [] },
        PermissionsConfig: { CapacityProviderOperatorRoleArn: CONTENT.roleArn },
      },
      CONTENT.lastModified,
    );
    await capacityProviders.create({ ...provider, state: "Active" }, 9);
  }
  const describe = catalog.describe.bind(catalog);
  let isOvertaken = false;
  catalog.describe = async (...input) => {
    const known = await describe(...input);
    if (!isOvertaken) {
      isOvertaken = true;
      await others(catalog);
    }
    return known;
  };
  const management = {
    catalog,
    capacityProviders,
    clock: systemClock,
    fail: failFor(loadModel<Lambda>("lambda")),
    activation: { start: () => {} },
    codeSigning: { of: async () => undefined },
    codeStorage: { left: async () => Number.MAX_SAFE_INTEGER },
    signingProfiles: [],
    codeStore: {
      unzippedSize: async () => 1,
      store: async (_: Uint8Array, use: (code: object) => Promise<unknown>) => use({ codeSha256: "x", codeSize: 3 }),
    },
  } as unknown as ManagementContext;
  return { catalog, ...updateFunctionHandlers(management) };
}

test("an update that does not speak of the capacity provider leaves the one that another gave meanwhile", async () => {
  const before = { ...CONTENT, memoryMb: 2048, capacityProvider: { name: "old" } };
  const { catalog, UpdateFunctionConfiguration: update } = await updatesOvertakenBy(before, (overtaking) =>
    overtaking.update("f", (latest) => ({ latest: { ...latest, capacityProvider: { name: "new" } } })),
  );
  await update({ FunctionName: "f", Timeout: 7 }, CONTEXT);
  const after = await catalog.describe("f");
  assert.deepEqual([after?.capacityProvider, after?.timeoutSeconds], [{ name: "new" }, 7]);
});

test("a zip does not become the code of a container image that has taken the name meanwhile", async () => {
  const image: VersionContent = { ...CONTENT, packageType: "Image", imageUri: "r/x:1", codeSha256: "" };
  const { catalog, UpdateFunctionCode: update } = await updatesOvertakenBy(CONTENT, async (overtaking) => {
    await overtaking.deleteFunction("f");
    await overtaking.create("f", { latest: image }, {});
  });
  await assert.rejects(
    update({ FunctionName: "f", ImageUri: undefined, ZipFile: ZIP }, CONTEXT),
    /Please provide ImageUri when updating a function with packageType Image\./,
  );
  assert.equal((await catalog.describe("f"))?.codeSha256, "");
});
