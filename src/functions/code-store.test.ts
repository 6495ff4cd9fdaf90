import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { zipOf } from "../../test/api/lambda/zip.ts";
import { CodeStore } from "./code-store.ts";
import { mergedSha256 } from "./merged-layers.ts";
import { UnzipError } from "./unzip-error.ts";

const MINUTE = 60_000;
const scratch = mkdtempSync(join(tmpdir(), "alonzo-code-"));
const stores: CodeStore[] = [];
after(async () => {
  await Promise.all(stores.map((store) => store.close()));
  rmSync(scratch, { recursive: true, force: true });
});

class ManualClock {
  time = 0;
  now(): number {
    return this.time;
  }
}

async function opened(directory = mkdtempSync(join(scratch, "data-")), clock = new ManualClock()) {
  const store = await CodeStore.open(directory, clock);
  stores.push(store);
  return { store, directory, clock };
}

const nothing = async () => new Set<string>();
const sha = (zip: Buffer) => createHash("sha256").update(zip).digest("base64");

test("a package is kept as it was and unpacked once", async () => {
  const { store } = await opened();
  const zip = zipOf({ "index.js": "exports.x = 1" });
  const codes = await Promise.all([1, 2, 3].map(() => store.store(zip, async (code) => code)));
  for (const code of codes) assert.deepEqual(code, { codeSha256: sha(zip), codeSize: zip.length });
  assert.equal(readFileSync(join(store.directory(sha(zip)), "index.js"), "utf8"), "exports.x = 1");
  assert.equal(await store.size(sha(zip)), zip.length);
  assert.deepEqual(Buffer.concat(await store.open(sha(zip)).toArray()), zip);
});

test("a package that cannot be unpacked leaves nothing, and the next one is unpacked all the same", async () => {
  const { store, directory } = await opened();
  const bad = zipOf({ "../x": "x" });
  await assert.rejects(
    store.store(bad, async () => assert.fail("used")),
    (error) => error instanceof UnzipError,
  );
  assert.equal(await store.size(sha(bad)), undefined);
  assert.deepEqual(readdirSync(join(directory, "code", "incoming")), []);
  await store.store(zipOf({ a: "a" }), async () => {});
});

test("a package that could not be unpacked by a fault of ours goes with the next sweep", async () => {
  const { store, directory } = await opened();
  const zip = zipOf({ a: "a" });
  rmSync(join(directory, "code", "incoming"), { recursive: true });
  await assert.rejects(
    store.store(zip, async () => assert.fail("used")),
    (error) => !(error instanceof UnzipError),
  );
  assert.equal(await store.size(sha(zip)), zip.length);
  await store.sweep(async () => new Set([sha(zip)]));
  assert.equal(await store.size(sha(zip)), zip.length, "referenced by an older version");
  await assert.rejects(store.store(zip, async () => {}));
  await store.sweep(nothing);
  assert.equal(await store.size(sha(zip)), undefined);
});

test("unreferenced code goes after a while, referenced code stays", async () => {
  const { store, clock } = await opened();
  const [kept, dropped] = [zipOf({ a: "kept" }), zipOf({ a: "dropped" })];
  for (const zip of [kept, dropped]) await store.store(zip, async () => {});
  const referenced = async () => new Set([sha(kept)]);
  await store.sweep(referenced);
  clock.time = 19 * MINUTE;
  await store.sweep(referenced);
  assert.ok(existsSync(store.directory(sha(dropped))));
  clock.time = 20 * MINUTE;
  await store.sweep(referenced);
  assert.ok(!existsSync(store.directory(sha(dropped))));
  assert.equal(await store.size(sha(dropped)), undefined);
  assert.ok(existsSync(store.directory(sha(kept))));
});

test("code in the hands of store() is not swept", async () => {
  const { store } = await opened();
  const zip = zipOf({ a: "a" });
  await store.store(zip, async () => {
    await store.sweep(nothing, 0);
    assert.ok(existsSync(store.directory(sha(zip))));
  });
  await store.sweep(nothing, 0);
  assert.ok(!existsSync(store.directory(sha(zip))));
});

test("code that is known to be referred to is not asked for, and files of others are let be", async () => {
  const { store, directory } = await opened();
  const zips = ["known", "asked", "dropped"].map((text) => zipOf({ a: text }));
  for (const zip of zips) await store.store(zip, async () => {});
  const [known = "", asked = "", dropped = ""] = zips.map(sha);
  const folder = Buffer.from(known, "base64").toString("hex").slice(0, 2);
  const others = join(directory, "packages", folder, "notes.txt");
  writeFileSync(others, "");
  const questions: string[] = [];
  const referenced = async (codeSha256s: readonly string[]) => {
    questions.push(...codeSha256s);
    return new Set([asked]);
  };
  async function* pages() {
    yield [known];
  }
  await store.sweep(referenced, 0, pages());
  assert.deepEqual(new Set(questions), new Set([asked, dropped]));
  assert.deepEqual(
    [known, asked, dropped].map((code) => existsSync(store.directory(code))),
    [true, true, false],
  );
  assert.ok(existsSync(others));
});

test("after a reboot the unpacked code is made again from the zips", async () => {
  const { store, directory, clock } = await opened();
  const zip = zipOf({ "index.js": "exports.x = 1" });
  await store.store(zip, async () => {});
  writeFileSync(join(store.directory(sha(zip)), "index.js"), "");
  const restarted = await opened(directory, clock);
  assert.equal(readFileSync(join(restarted.store.directory(sha(zip)), "index.js"), "utf8"), "", "no reboot");
  writeFileSync(join(directory, "code", "boot-id"), "an earlier boot");
  const rebooted = await opened(directory, clock);
  assert.ok(!existsSync(rebooted.store.directory(sha(zip))));
  await rebooted.store.ensure(sha(zip));
  assert.equal(readFileSync(join(rebooted.store.directory(sha(zip)), "index.js"), "utf8"), "exports.x = 1");
});

test("layers are put together once for each list, and one layer is used as it is", async () => {
  const { store } = await opened();
  const layers = [zipOf({ a: "1", "d/x": "1" }), zipOf({ a: "2", "d/y": "2" })];
  for (const zip of layers) await store.store(zip, async () => {});
  const shas = layers.map(sha);
  assert.equal(await store.ensureLayers(shas.slice(1)), store.directory(sha(layers[1] as Buffer)));
  const directories = await Promise.all([1, 2, 3].map(() => store.ensureLayers(shas)));
  assert.deepEqual(new Set(directories), new Set([store.directory(mergedSha256(shas))]));
  const [merged = ""] = directories;
  assert.equal(readFileSync(join(merged, "a"), "utf8"), "2");
  assert.deepEqual(readdirSync(join(merged, "d")).sort(), ["x", "y"]);
  assert.equal(readFileSync(join(await store.ensureLayers(shas.toReversed()), "a"), "utf8"), "1");
});

test("layers that were put together are swept like code, and made again where they are missing", async () => {
  const { store, directory, clock } = await opened();
  const layers = [zipOf({ a: "1" }), zipOf({ b: "2" })];
  for (const zip of layers) await store.store(zip, async () => {});
  const shas = layers.map(sha);
  const used = new Set([...shas, mergedSha256(shas)]);
  const merged = await store.ensureLayers(shas);
  await store.sweep(async () => used, 0);
  assert.ok(existsSync(join(merged, "b")));
  writeFileSync(join(directory, "code", "boot-id"), "an earlier boot");
  const rebooted = await opened(directory, clock);
  assert.ok(!existsSync(merged));
  assert.equal(readFileSync(join(await rebooted.store.ensureLayers(shas), "b"), "utf8"), "2");
  await rebooted.store.sweep(async () => new Set(shas), 0);
  assert.ok(!existsSync(merged));
  assert.ok(existsSync(rebooted.store.directory(sha(layers[0] as Buffer))));
});

test("a kept package tells how large its files are", async () => {
  const { store } = await opened();
  const zip = zipOf({ a: "x".repeat(1000), b: "y".repeat(234), "d/z": "" });
  await store.store(zip, async () => {});
  assert.equal(await store.unzippedSize(sha(zip)), 1234);
});

test("unpacked code that exceeds its bound goes, least recently used first, and comes back when it is needed", async () => {
  const { store, clock, directory } = await opened();
  const code: string[] = [];
  for (let index = 0; index < 4; index++) {
    clock.time += MINUTE;
    const zip = zipOf({ "index.js": `${index}`.repeat(100_000) });
    await store.store(zip, async ({ codeSha256 }) => code.push(codeSha256));
  }
  const there = () => code.map((sha256) => existsSync(store.directory(sha256)));
  const inUse: string[] = [];
  store.bound(250_000, () => inUse);
  clock.time += 2 * MINUTE;
  await store.ensure(code[0] as string);
  await store.evict();
  assert.deepEqual(there(), [true, false, false, true]);
  assert.equal(readFileSync(join(await store.ensure(code[1] as string), "index.js"), "utf8").length, 100_000);
  await store.evict();
  assert.deepEqual(there(), [true, true, false, false], "what has just been asked for stays");
  assert.equal(readdirSync(join(directory, "packages")).length > 0, true, "packages are kept");
  clock.time += 2 * MINUTE;
  inUse.push(code[0] as string, code[1] as string);
  store.bound(0, () => inUse);
  await store.evict();
  assert.deepEqual(there(), [true, true, false, false], "what is mounted stays, however much that is");
  inUse.length = 0;
  await store.evict();
  assert.deepEqual(there(), [false, false, false, false]);
});

test("layers put together share their files: what they take is counted once", async () => {
  const { store, clock } = await opened();
  const layers: string[] = [];
  for (const name of ["one", "two"]) {
    const zip = zipOf({ [name]: name.repeat(50_000) });
    await store.store(zip, async ({ codeSha256 }) => layers.push(codeSha256));
  }
  await store.ensureLayers(layers);
  clock.time += 2 * MINUTE;
  store.bound(350_000, () => []);
  await store.evict();
  assert.equal(existsSync(store.directory(mergedSha256(layers))), true);
  assert.equal(
    layers.every((sha256) => existsSync(store.directory(sha256))),
    true,
  );
});
