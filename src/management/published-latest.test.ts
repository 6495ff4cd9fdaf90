import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalog } from "../functions/catalog.ts";
import { CONTENT, PLACE } from "../functions/test-content.ts";
import { openDatabase } from "../state/database.ts";
import { failFor } from "../wire/fail.ts";
import { loadModel } from "../wire/model.ts";
import { Activation, type Preparation } from "./activation.ts";
import type { Lambda } from "./lambda-api.ts";
import { LATEST_PUBLISHED, publishLatest } from "./published-latest.ts";

const CONTENT_OF = (memoryMb: number) => ({ ...CONTENT, memoryMb, capacityProvider: { name: "p" } });
const REFUSED = { ok: false, reasonCode: "InvalidRuntime", reason: "It cannot run here." } as const;

test("$LATEST.PUBLISHED runs on until what replaces it can run, however often that fails", async () => {
  const catalog = await Catalog.open(openDatabase(":memory:"), PLACE);
  const fail = failFor(loadModel<Lambda>("lambda"));
  let preparation: Preparation = { ok: true };
  const activation = new Activation({
    catalog,
    prepare: async () => preparation,
    onFault: (fault) => assert.fail(String(fault)),
  });
  const write = async (memoryMb: number) => {
    const { creationId } = (await catalog.describe("f")) ?? assert.fail("no function");
    const latest = { ...CONTENT_OF(memoryMb), creationId };
    const written = await catalog.update("f", (_latest, _newest, published) => ({
      latest,
      ...publishLatest(fail, latest, published),
    }));
    return written?.published;
  };
  const publish = async (memoryMb: number, outcome: Preparation) => {
    preparation = outcome;
    const published = await write(memoryMb);
    if (published) activation.start(published);
    await activation.settled();
    const { state, lastUpdateStatus } = (await catalog.describe("f", LATEST_PUBLISHED)) ?? {};
    return [published !== undefined, state, lastUpdateStatus, (await catalog.resolve("f"))?.memoryMb];
  };
  await catalog.create("f", { latest: CONTENT_OF(1) }, {});
  assert.deepEqual(await publish(1, REFUSED), [true, "Failed", undefined, 1]);
  assert.deepEqual(await publish(1, { ok: true }), [true, "Active", "Successful", 1]);
  assert.deepEqual(await publish(1, REFUSED), [false, "Active", "Successful", 1]);
  assert.deepEqual(await publish(2, REFUSED), [true, "Active", "Failed", 1]);
  assert.deepEqual(await publish(3, REFUSED), [true, "Active", "Failed", 1]);
  assert.deepEqual(await publish(3, { ok: true }), [true, "Active", "Successful", 3]);

  const unsettled = await write(4);
  assert.equal(unsettled?.lastUpdateStatus, "InProgress");
  assert.equal((await catalog.resolve("f"))?.memoryMb, 3);
  await assert.rejects(write(5), /An update is in progress for resource/);
  assert.equal((await catalog.describe("f"))?.memoryMb, 4, "what was refused has changed nothing");
  await activation.resume();
  await activation.settled();
  assert.equal((await catalog.resolve("f"))?.memoryMb, 4);
});
