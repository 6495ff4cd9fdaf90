import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "../state/database.ts";
import { newUrlId } from "../state/ids.ts";
import { Catalog } from "./catalog.ts";
import type { FunctionUrl } from "./function-url.ts";
import { FunctionUrlDirectory, functionUrlSettings } from "./function-url-directory.ts";
import { CONTENT, PLACE } from "./test-content.ts";

const URL: FunctionUrl = {
  urlId: newUrlId(),
  authType: "NONE",
  invokeMode: "BUFFERED",
  creationTime: "",
  lastModifiedTime: "",
};
const POLICY = { Statement: { Effect: "Allow" as const, Principal: "*" as const, Action: "*", Resource: "*" } };

async function open() {
  const catalog = await Catalog.open(openDatabase(":memory:"), PLACE);
  await catalog.create("f", { latest: CONTENT, publish: CONTENT }, {});
  const urls = functionUrlSettings(catalog);
  await urls.change("f", "$LATEST", () => URL);
  return { catalog, urls, directory: new FunctionUrlDirectory(catalog) };
}

test("a URL is found by its id, with the policy of what it belongs to", async () => {
  const { catalog, urls, directory } = await open();
  assert.deepEqual(await directory.find(URL.urlId), {
    functionName: "f",
    alias: undefined,
    url: URL,
    policy: undefined,
  });
  await catalog.aliases.create("f", "live", { functionVersion: "1", description: "" });
  const ofAlias = { ...URL, urlId: newUrlId() };
  await urls.change("f", "live", () => ofAlias);
  await catalog.policies.change("f", "live", () => POLICY);
  assert.deepEqual(await directory.find(ofAlias.urlId), {
    functionName: "f",
    alias: "live",
    url: ofAlias,
    policy: POLICY,
  });
  assert.equal(await directory.find(newUrlId()), undefined);
});

test("each change is seen at once: of the URL, of the policy, of the function", async () => {
  const { catalog, urls, directory } = await open();
  await directory.find(URL.urlId);
  await urls.change("f", "$LATEST", () => ({ ...URL, authType: "AWS_IAM" }));
  assert.equal((await directory.find(URL.urlId))?.url.authType, "AWS_IAM");
  await catalog.policies.change("f", "$LATEST", () => POLICY);
  assert.deepEqual((await directory.find(URL.urlId))?.policy, POLICY);
  await catalog.deleteFunction("f");
  assert.equal(await directory.find(URL.urlId), undefined);
});

test("a lookup that a change overtakes is not remembered", async () => {
  const { urls, directory } = await open();
  const early = directory.find(URL.urlId);
  await urls.change("f", "$LATEST", () => ({ ...URL, authType: "AWS_IAM" }));
  await early;
  assert.equal((await directory.find(URL.urlId))?.url.authType, "AWS_IAM");
});

test("what was found once is not looked up again", async () => {
  const { directory } = await open();
  assert.equal(await directory.find(URL.urlId), await directory.find(URL.urlId));
});

test("ids are 32 lower-case letters and digits, and never the same", () => {
  const ids = Array.from({ length: 100 }, () => newUrlId());
  for (const id of ids) assert.match(id, /^[a-z0-9]{32}$/);
  assert.equal(new Set(ids).size, 100);
});
