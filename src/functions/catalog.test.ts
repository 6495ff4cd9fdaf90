import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "../state/database.ts";
import { Catalog } from "./catalog.ts";
import { mergedSha256 } from "./merged-layers.ts";
import { CONTENT, PLACE } from "./test-content.ts";

const open = async () => Catalog.open(openDatabase(":memory:"), PLACE);

test("a created function resolves, by $LATEST and by version", async () => {
  const catalog = await open();
  const written = await catalog.create("f", { latest: CONTENT, publish: CONTENT }, { team: "a" });
  assert.deepEqual(await catalog.resolve("f"), written?.latest);
  assert.deepEqual(await catalog.resolve("f", "$LATEST"), written?.latest);
  assert.deepEqual(await catalog.resolve("f", "1"), written?.published);
  assert.equal(written?.latest.functionArn, "arn:aws:lambda:us-east-1:123456789012:function:f");
  assert.equal(written?.published?.version, "1");
  assert.notEqual(written?.latest.revisionId, written?.published?.revisionId);
  assert.equal(await catalog.resolve("f", "2"), undefined);
  assert.equal(await catalog.resolve("f", "live"), undefined);
  assert.equal(await catalog.resolve("f", "0"), undefined);
  assert.equal(await catalog.resolve("other"), undefined);
  assert.deepEqual(await catalog.tags("f"), { team: "a" });
});

test("a name can be taken once, even at the same moment", async () => {
  const catalog = await open();
  const results = await Promise.all([1, 2, 3].map(() => catalog.create("f", { latest: CONTENT }, {})));
  assert.equal(results.filter((written) => written !== undefined).length, 1);
});

test("a version that came with maps without a prototype, as requests have them, is settled like any other", async () => {
  const catalog = await open();
  const environment = Object.assign(Object.create(null), { NAME: "value" }) as Record<string, string>;
  const written = await catalog.create("f", { latest: { ...CONTENT, environment, state: "Pending" } }, {});
  assert.ok(written);
  assert.equal((await catalog.settle(written.latest, { state: "Active" }, []))?.state, "Active");
});

test("code in use is a version's own, that of its layers, and that of its layers together", async () => {
  const catalog = await open();
  const layer = (codeSha256: string) => ({ layerName: "l", version: 1, codeSha256, codeSize: 1, unzippedSize: 1 });
  const layers = [layer("layer-1"), layer("layer-2")];
  await catalog.create("f", { latest: { ...CONTENT, layers, state: "Active" } }, {});
  await catalog.create("g", { latest: { ...CONTENT, environment: { A: '"layers":' } } }, {});
  const all = ["code-1", "layer-1", "layer-2", mergedSha256(["layer-1", "layer-2"])];
  const used = async () => {
    const codes = [...(await catalog.listing.referencedCode([...all, "layer-3", "layer-4"]))];
    const pages: string[] = [];
    for await (const page of catalog.listing.allReferencedCode()) pages.push(...page);
    assert.deepEqual(new Set(pages), new Set(codes), "the same as all together");
    return codes;
  };
  assert.deepEqual(await used(), all);
  // While the update is in progress the version before it runs.
  const updated = await catalog.update("f", ({ layers: _, ...latest }) => ({
    latest: { ...latest, layers: [layer("layer-3")], lastUpdateStatus: "InProgress" },
  }));
  assert.deepEqual(await used(), [...all, "layer-3"]);
  if (updated) await catalog.settle(updated.latest, { lastUpdateStatus: "Successful" }, []);
  assert.deepEqual(await used(), ["code-1", "layer-3"]);
});

test("concurrent updates lose nothing", async () => {
  const catalog = await open();
  await catalog.create("f", { latest: CONTENT }, {});
  await Promise.all(
    Array.from({ length: 20 }, () =>
      catalog.update("f", (latest) => ({ latest: { ...latest, memoryMb: latest.memoryMb + 1 } })),
    ),
  );
  assert.equal((await catalog.resolve("f"))?.memoryMb, 148);
});

test("what the decision throws is thrown, and nothing has changed", async () => {
  const catalog = await open();
  const before = (await catalog.create("f", { latest: CONTENT }, {}))?.latest;
  const refuse = () => {
    throw new Error("refused");
  };
  await assert.rejects(catalog.update("f", refuse), /refused/);
  assert.deepEqual(await catalog.resolve("f"), before);
  assert.equal(await catalog.update("missing", refuse), undefined);
});

test("an update in progress leaves the version before it running until it has succeeded", async () => {
  const catalog = await open();
  await catalog.create("f", { latest: CONTENT }, {});
  const begin = (memoryMb: number) =>
    catalog.update("f", (latest) => ({ latest: { ...latest, memoryMb, lastUpdateStatus: "InProgress" } }));
  const failing = (await begin(256))?.latest;
  assert.ok(failing);
  assert.equal((await catalog.describe("f"))?.memoryMb, 256);
  assert.equal((await catalog.resolve("f"))?.memoryMb, 128);
  await catalog.settle(failing, { lastUpdateStatus: "Failed" }, []);
  assert.equal((await catalog.resolve("f"))?.memoryMb, 128);
  assert.equal((await catalog.describe("f"))?.lastUpdateStatus, "Failed");
  const good = (await begin(512))?.latest;
  assert.ok(good);
  assert.equal((await catalog.resolve("f"))?.memoryMb, 128);
  const settled = await catalog.settle(good, { lastUpdateStatus: "Successful" }, []);
  assert.equal((await catalog.resolve("f"))?.memoryMb, 512);
  assert.notEqual(settled?.revisionId, good.revisionId);
  assert.equal(await catalog.settle(good, { state: "Failed" }, []), undefined);
});

test("the cache answers what was resolved and never what has changed", async () => {
  const catalog = await open();
  await catalog.create("f", { latest: CONTENT }, {});
  assert.equal(catalog.cached("f"), undefined);
  const resolved = await catalog.resolve("f");
  assert.equal(catalog.cached("f"), resolved);
  const overtaken = catalog.resolve("f", "1");
  await catalog.update("f", (latest) => ({ latest: { ...latest, timeoutSeconds: 9 }, publish: latest }));
  await overtaken;
  assert.equal(catalog.cached("f"), undefined);
  assert.equal((await catalog.resolve("f"))?.timeoutSeconds, 9);
  await catalog.deleteFunction("f");
  assert.equal(catalog.cached("f"), undefined);
  assert.equal(await catalog.resolve("f"), undefined);
});

test("version numbers grow and are never given again", async () => {
  const catalog = await open();
  await catalog.create("f", { latest: CONTENT, publish: CONTENT }, {});
  const publish = async () =>
    (await catalog.update("f", (latest) => ({ latest, publish: latest })))?.published?.version;
  assert.equal(await publish(), "2");
  assert.deepEqual(await catalog.deleteVersion("f", "2"), { kind: "deleted" });
  assert.deepEqual(await catalog.deleteVersion("f", "2"), { kind: "missing" });
  assert.deepEqual(await catalog.deleteVersion("f", "$LATEST"), { kind: "missing" });
  assert.equal(await publish(), "3");
});

test("listeners hear of every change", async () => {
  const catalog = await open();
  const heard: string[] = [];
  catalog.onChange((name) => heard.push(name));
  const created = await catalog.create("f", { latest: CONTENT, publish: CONTENT }, {});
  await catalog.update("f", (latest) => ({ latest }));
  if (created?.published) await catalog.settle(created.published, { state: "Active" }, []);
  await catalog.deleteVersion("f", "1");
  await catalog.deleteFunction("f");
  assert.deepEqual(heard, ["f", "f", "f", "f", "f"]);
});

test("lists come in order, page by page", async () => {
  const catalog = await open();
  for (const name of ["b", "a", "c"]) await catalog.create(name, { latest: CONTENT, publish: CONTENT }, {});
  const seen: string[] = [];
  let after: { functionName: string; versionNumber: number } | undefined;
  do {
    const page = await catalog.listing.functions({ ...(after && { after }), limit: 2, allVersions: true });
    seen.push(...page.versions.map(({ functionName, version }) => `${functionName}:${version}`));
    after = page.next;
  } while (after);
  assert.deepEqual(seen, ["a:$LATEST", "a:1", "b:$LATEST", "b:1", "c:$LATEST", "c:1"]);
  const plain = await catalog.listing.functions({ limit: 3, allVersions: false });
  assert.deepEqual(
    plain.versions.map(({ functionName }) => functionName),
    ["a", "b", "c"],
  );
  assert.equal(plain.next, undefined);
  const versions = await catalog.listing.versions("b", { limit: 1 });
  assert.deepEqual(versions.next, { functionName: "b", versionNumber: -1 });
});

test("code that is shown, runs or is published counts as referenced", async () => {
  const catalog = await open();
  await catalog.create("f", { latest: CONTENT, publish: CONTENT }, {});
  await catalog.create("g", { latest: { ...CONTENT, codeSha256: "code-2" } }, {});
  await catalog.update("g", (latest) => ({
    latest: { ...latest, codeSha256: "code-3", lastUpdateStatus: "InProgress" },
  }));
  const codes = ["code-1", "code-2", "code-3"];
  assert.deepEqual([...(await catalog.listing.referencedCode([...codes, "code-4"]))], codes);
  const pages: string[] = [];
  for await (const page of catalog.listing.allReferencedCode()) pages.push(...page);
  assert.deepEqual(new Set(pages), new Set(codes));
  assert.deepEqual(await catalog.listing.usage(), { functionCount: 2, totalCodeSize: 300 });
  assert.equal((await catalog.listing.unsettled()).length, 1);
});

test("tags are replaced by what is decided from them", async () => {
  const catalog = await open();
  await catalog.create("f", { latest: CONTENT }, { a: "1" });
  assert.deepEqual(await catalog.changeTags("f", (tags) => ({ ...tags, b: "2" })), { a: "1", b: "2" });
  assert.deepEqual(await catalog.tags("f"), { a: "1", b: "2" });
  assert.equal(await catalog.changeTags("missing", (tags) => tags), undefined);
  assert.equal(await catalog.tags("missing"), undefined);
});

test("all versions of a function know its creation, and the next function of its name is another", async () => {
  const catalog = await Catalog.open(openDatabase(":memory:"), PLACE);
  await catalog.create("f", { latest: CONTENT, publish: CONTENT }, {});
  const first = await catalog.update("f", (latest) => ({ latest, publish: latest }));
  const ids = new Set(
    [await catalog.resolve("f"), await catalog.resolve("f", "1"), first?.published].map((v) => v?.creationId),
  );
  assert.equal(ids.size, 1);
  await catalog.deleteFunction("f");
  const second = await catalog.create("f", { latest: CONTENT }, {});
  assert.ok(second?.latest.creationId);
  assert.ok(!ids.has(second.latest.creationId));
});
