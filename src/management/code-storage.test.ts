import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalog } from "../functions/catalog.ts";
import { Layers } from "../functions/layers.ts";
import { CONTENT, PLACE } from "../functions/test-content.ts";
import { openDatabase } from "../state/database.ts";
import { failFor } from "../wire/fail.ts";
import { loadModel } from "../wire/model.ts";
import { CODE_STORAGE_BYTES, checkCodeStorage, usedCodeStorage } from "./code-storage.ts";
import type { Lambda } from "./index.ts";

test("functions and layers share the account's code storage, up to the last byte", async () => {
  const database = openDatabase(":memory:");
  const catalog = await Catalog.open(database, PLACE);
  const layers = await Layers.open(database);
  const keepers = { catalog, layers, fail: failFor(loadModel<Lambda>("lambda")) };
  const large = { ...CONTENT, codeSize: 40_000_000_000 };
  await catalog.create("f", { latest: large }, {});
  const layer = { description: "", createdDate: "", codeSha256: "l", unzippedSize: 1 };
  await layers.publish("l", { ...layer, codeSize: 40_000_000_000 });
  assert.equal(await usedCodeStorage(keepers), 80_000_000_000);
  const left = CODE_STORAGE_BYTES - 80_000_000_000;
  await checkCodeStorage(keepers, left);
  const exceeded = {
    status: 400,
    code: "CodeStorageExceededException",
    message: "Code storage limit exceeded.",
  };
  await assert.rejects(checkCodeStorage(keepers, left + 1), exceeded);
  await layers.delete("l", 1);
  await checkCodeStorage(keepers, left + 1);
});
