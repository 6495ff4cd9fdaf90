import assert from "node:assert/strict";
import { test } from "node:test";
import { CapacityProviders } from "../functions/capacity-providers.ts";
import { Catalog } from "../functions/catalog.ts";
import { Layers } from "../functions/layers.ts";
import { CONTENT, PLACE } from "../functions/test-content.ts";
import { openDatabase } from "../state/database.ts";
import { failFor } from "../wire/fail.ts";
import { loadModel } from "../wire/model.ts";
import type { CallContext } from "../wire/service.ts";
import { Activation, IN_PROGRESS, type Preparation, pending } from "./activation.ts";
import { CodeStorage } from "./code-storage.ts";
import type { Lambda } from "./lambda-api.ts";
import { versionHandlers } from "./versions.ts";

const CONTEXT: CallContext = {
  ...PLACE,
  requestId: "00000000-0000-4000-8000-000000000000",
  endpoint: "http://localhost",
  principal: { arn: "arn:aws:iam::123456789012:root", accountId: "123456789012", kind: "administrator" },
};

test("nothing is published while the function is being created or updated", async () => {
  const database = openDatabase(":memory:");
  const catalog = await Catalog.open(database, PLACE);
  const capacityProviders = await CapacityProviders.open(database);
  const prepared = Promise.withResolvers<Preparation>();
  const activation = new Activation({
    catalog,
    prepare: () => prepared.promise,
    onFault: (fault) => assert.fail(String(fault)),
  });
  const codeStorage = new CodeStorage(Number.MAX_SAFE_INTEGER, catalog, await Layers.open(database));
  const fail = failFor(loadModel<Lambda>("lambda"));
  const { PublishVersion } = versionHandlers({ catalog, codeStorage, capacityProviders, fail, activation });
  const publish = () => PublishVersion({ FunctionName: "f" }, CONTEXT);
  const refused = (message: string) => (error: Error & { code?: string; status?: number }) => {
    assert.deepEqual([error.code, error.status, error.message], ["ResourceConflictException", 409, message]);
    return true;
  };
  const created = await catalog.create("f", { latest: pending(CONTENT) }, {});
  assert.ok(created);
  await assert.rejects(
    publish(),
    refused(
      "The operation cannot be performed at this time. The function is currently in the following state: Pending",
    ),
  );
  activation.start(created.latest);
  prepared.resolve({ ok: true });
  await activation.settled();
  await catalog.update("f", (latest) => ({ latest: { ...latest, ...IN_PROGRESS } }));
  await assert.rejects(
    publish(),
    refused(
      "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:123456789012:function:f",
    ),
  );
  await catalog.update("f", (latest) => ({ latest: { ...latest, lastUpdateStatus: "Successful" } }));
  assert.equal((await publish()).Version, "1");
});
