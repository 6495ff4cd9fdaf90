import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "../state/database.ts";
import { Catalog } from "./catalog.ts";
import { CONTENT, PLACE } from "./test-content.ts";

/** A catalog with function `f` in versions 1 and 2, whose random numbers are `draws`, one after the other. */
async function open(draws: number[] = []) {
  const catalog = await Catalog.open(openDatabase(":memory:"), PLACE, () => draws.shift() ?? assert.fail("no draw"));
  await catalog.create("f", { latest: CONTENT, publish: CONTENT }, {});
  await catalog.update("f", (latest) => ({ latest: { ...latest, timeoutSeconds: 9 }, publish: latest }));
  return catalog;
}

const live = { functionVersion: "1", description: "" };

test("an alias resolves to the version that it points to, wherever it is moved", async () => {
  const catalog = await open();
  await catalog.aliases.create("f", "live", live);
  assert.equal((await catalog.resolve("f", "live"))?.version, "1");
  assert.equal(catalog.cached("f", "live")?.version, "1");
  assert.equal((await catalog.describe("f", "live"))?.version, "1");
  await catalog.aliases.change("f", "live", (before) => ({ ...before, functionVersion: "2" }));
  assert.equal(catalog.cached("f", "live"), undefined);
  assert.equal((await catalog.resolve("f", "live"))?.version, "2");
  await catalog.aliases.change("f", "live", (before) => ({ ...before, functionVersion: "$LATEST" }));
  assert.equal((await catalog.resolve("f", "live"))?.timeoutSeconds, 9);
  assert.equal(await catalog.aliases.delete("f", "live"), true);
  assert.equal(await catalog.aliases.delete("f", "live"), false);
  assert.equal(await catalog.resolve("f", "live"), undefined);
});

test("each resolution draws between an alias's two versions, cached or not", async () => {
  const catalog = await open([0.29, 0.3, 0, 0.999, 0.29]);
  await catalog.aliases.create("f", "live", { ...live, additional: { version: "2", weight: 0.3 } });
  const drawn = [(await catalog.resolve("f", "live"))?.version];
  for (let i = 0; i < 4; i++) drawn.push(catalog.cached("f", "live")?.version);
  assert.deepEqual(drawn, ["2", "1", "2", "1", "2"]);
  assert.equal((await catalog.describe("f", "live"))?.version, "1", "what is described is the main version");
});

test("weight 0 never draws the additional version, weight 1 always", async () => {
  const catalog = await open([0, 0.999_999]);
  await catalog.aliases.create("f", "never", { ...live, additional: { version: "2", weight: 0 } });
  await catalog.aliases.create("f", "always", { ...live, additional: { version: "2", weight: 1 } });
  assert.equal((await catalog.resolve("f", "never"))?.version, "1");
  assert.equal((await catalog.resolve("f", "always"))?.version, "2");
});

test("an alias is written only when it is free, or there, and all its versions exist", async () => {
  const { aliases } = await open();
  const written = await aliases.create("f", "live", live);
  assert.equal(written.kind, "written");
  assert.deepEqual(await aliases.create("f", "live", live), { kind: "taken" });
  assert.deepEqual(await aliases.change("f", "other", () => live), { kind: "missing" });
  const versions = { ...live, additional: { version: "3", weight: 0.5 } };
  assert.deepEqual(await aliases.create("f", "other", versions), { kind: "no such version", version: "3" });
  assert.deepEqual(await aliases.create("g", "live", live), { kind: "no such version", version: "1" });
  const latestPublished = { ...live, functionVersion: "$LATEST.PUBLISHED" };
  assert.equal((await aliases.create("f", "other", latestPublished)).kind, "no such version");
  assert.equal(await aliases.get("f", "other"), undefined);
  const changed = await aliases.change("f", "live", (before) => ({ ...before, description: "x" }));
  assert.ok(written.kind === "written" && changed.kind === "written");
  assert.notEqual(changed.alias.revisionId, written.alias.revisionId);
  assert.deepEqual(await aliases.get("f", "live"), changed.alias);
});

test("aliases are listed by name, page by page, of all versions or of one", async () => {
  const { aliases } = await open();
  await aliases.create("f", "c", live);
  await aliases.create("f", "a", { ...live, additional: { version: "2", weight: 0 } });
  await aliases.create("f", "b", { ...live, functionVersion: "$LATEST" });
  const names = async (page: { version?: string; after?: string; limit: number }) =>
    (await aliases.list("f", page)).map(({ name }) => name);
  assert.deepEqual(await names({ limit: 9 }), ["a", "b", "c"]);
  assert.deepEqual(await names({ limit: 1, after: "a" }), ["b"]);
  assert.deepEqual(await names({ version: "1", limit: 9 }), ["a", "c"]);
  assert.deepEqual(await names({ version: "2", limit: 9 }), ["a"]);
  assert.deepEqual(await names({ version: "$LATEST", limit: 9 }), ["b"]);
  assert.deepEqual(await names({ version: "$LATEST.PUBLISHED", limit: 9 }), []);
});

test("a version that an alias runs cannot be deleted, a function with aliases can", async () => {
  const catalog = await open();
  await catalog.aliases.create("f", "live", { ...live, additional: { version: "2", weight: 0 } });
  await catalog.aliases.create("f", "canary", live);
  assert.deepEqual(await catalog.deleteVersion("f", "1"), { kind: "in use", aliases: ["canary", "live"] });
  assert.deepEqual(await catalog.deleteVersion("f", "2"), { kind: "in use", aliases: ["live"] });
  assert.equal(await catalog.deleteFunction("f"), true);
  await catalog.create("f", { latest: CONTENT }, {});
  assert.deepEqual(await catalog.aliases.list("f", { limit: 9 }), []);
});

test("settings hang on an alias as long as it exists, a URL longer", async () => {
  const catalog = await open();
  const [invoke, url] = [catalog.settings<string>("eventInvoke"), catalog.settings<string>("functionUrl")];
  assert.equal(await invoke.change("f", "live", () => "x"), undefined);
  await catalog.aliases.create("f", "live", live);
  assert.deepEqual(await invoke.change("f", "live", () => "x"), { before: undefined, after: "x" });
  await url.change("f", "live", () => "u");
  await catalog.aliases.change("f", "live", (before) => ({ ...before, functionVersion: "2" }));
  assert.equal(await invoke.get("f", "live"), "x", "moving it keeps them");
  await catalog.aliases.delete("f", "live");
  assert.equal(await invoke.get("f", "live"), undefined);
  assert.equal(await url.get("f", "live"), "u");
});

test("an alias that moves resolves to the old or the new version, and never to none", async () => {
  const catalog = await open();
  await catalog.aliases.create("f", "live", live);
  const seen = new Set<string | undefined>();
  let isMoving = true;
  const resolving = Promise.all(
    [1, 2, 3, 4].map(async () => {
      while (isMoving) seen.add((await catalog.resolve("f", "live"))?.version);
    }),
  );
  for (let i = 0; i < 100; i++) {
    const to = await catalog.update("f", (latest) => ({ latest, publish: latest }));
    const functionVersion = String(to?.published?.version);
    await catalog.aliases.change("f", "live", (before) => ({ ...before, functionVersion }));
    // The version before is gone at once: a resolution that mixed the two moments would find nothing.
    if (i > 0) assert.equal((await catalog.deleteVersion("f", String(Number(functionVersion) - 1))).kind, "deleted");
    assert.equal((await catalog.resolve("f", "live"))?.version, functionVersion);
  }
  isMoving = false;
  await resolving;
  assert.ok(!seen.has(undefined));
});
