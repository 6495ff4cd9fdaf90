import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type SnapshotRecord, SnapshotStore } from "./snapshot-store.ts";

const ROOT = await mkdtemp(join(tmpdir(), "alonzo-snapshots-"));
after(() => rm(ROOT, { recursive: true, force: true }));

const [A, B, C] = ["a", "b", "c"].map((letter) => letter.repeat(64)) as [string, string, string];

function record(functionName: string, createdMs = Date.now()): SnapshotRecord {
  const remembered = { extensions: [], subscriptions: [] };
  return { functionName, version: "1", machine: "m", runtime: "r", createdMs, containerToken: "t", remembered };
}

const writing =
  (functionName: string, bytes = 10) =>
  async (directory: string) => {
    await mkdir(join(directory, "deep"));
    await writeFile(join(directory, "deep", "memory"), Buffer.alloc(bytes, functionName));
    return record(functionName);
  };

test("what was added is found, whole, also in the next life", async () => {
  const directory = join(ROOT, "lives");
  const store = await SnapshotStore.open(directory, 1 << 20);
  assert.equal(await store.add(A, writing("f")), true);
  assert.equal(store.hold(B), undefined);
  const next = await SnapshotStore.open(directory, 1 << 20);
  using held = next.hold(A);
  assert.equal(held?.record.functionName, "f");
  assert.equal(await readFile(join(held?.directory ?? "", "deep", "memory"), "utf8"), "f".repeat(10));
});

test("what was not finished, or cannot be read, is gone in the next life", async () => {
  const directory = join(ROOT, "broken");
  const store = await SnapshotStore.open(directory, 1 << 20);
  await assert.rejects(
    store.add(A, async (incoming) => {
      await writeFile(join(incoming, "half"), "");
      throw new Error("no more");
    }),
    /no more/,
  );
  assert.deepEqual(await readdir(join(directory, "incoming")), []);
  await store.add(B, writing("g"));
  const [name = ""] = (await readdir(directory)).filter((entry) => entry.startsWith(B));
  await writeFile(join(directory, name, "record.json"), '{"format":1,');
  await mkdir(join(directory, "incoming", "left-over"));
  assert.deepEqual((await SnapshotStore.open(directory, 1 << 20)).keys, []);
  assert.deepEqual(await readdir(directory), ["incoming"]);
  assert.deepEqual(await readdir(join(directory, "incoming")), []);
});

test("a snapshot that is held stays until it is given back, though nobody finds it any more", async () => {
  const store = await SnapshotStore.open(join(ROOT, "held"), 1 << 20);
  await store.add(A, writing("f"));
  const one = store.hold(A);
  const other = store.hold(A);
  const directory = one?.directory ?? "";
  store.remove(A);
  await store.removed();
  assert.equal(store.hold(A), undefined);
  assert.ok(existsSync(directory));
  one?.[Symbol.dispose]();
  one?.[Symbol.dispose]();
  assert.ok(existsSync(directory));
  other?.[Symbol.dispose]();
  await store.removed();
  assert.ok(!existsSync(directory));
});

test("what was not used longest goes when there are too many bytes, and one that is larger than all may be is not kept", async () => {
  const store = await SnapshotStore.open(join(ROOT, "bounded"), 100_000);
  await store.add(A, writing("a", 40_000));
  await store.add(B, writing("b", 40_000));
  await new Promise((resolve) => setImmediate(resolve));
  const usedMs = Date.now();
  while (Date.now() === usedMs) await new Promise((resolve) => setImmediate(resolve));
  store.hold(A)?.[Symbol.dispose]();
  assert.equal(await store.add(C, writing("c", 40_000)), true);
  assert.deepEqual(store.keys, [A, C]);
  assert.equal(await store.add(B, writing("b", 200_000)), false);
  assert.deepEqual(store.keys, [A, C]);
});

test("a snapshot takes the place of the one before, which may still be held", async () => {
  const store = await SnapshotStore.open(join(ROOT, "replaced"), 1 << 20);
  await store.add(A, writing("f"));
  using held = store.hold(A);
  await store.add(A, writing("g"));
  assert.equal(store.record(A)?.functionName, "g");
  assert.deepEqual(store.keys, [A]);
  assert.equal(await readFile(join(held?.directory ?? "", "deep", "memory"), "utf8"), "f".repeat(10));
});
