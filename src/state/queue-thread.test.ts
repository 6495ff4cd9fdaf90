import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { NewEntry } from "./queue.ts";
import { QueueThread } from "./queue-thread.ts";
import { StorageError } from "./storage-error.ts";

const LEASE_MS = 60_000;
const scratch = mkdtempSync(join(tmpdir(), "alonzo-queue-thread-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

let files = 0;
const newFile = (): string => join(scratch, `${++files}.sqlite`);

const entry = (lane: string, key: string, more: Partial<NewEntry> = {}): NewEntry => ({
  lane,
  key,
  dueMs: 1,
  about: "{}",
  payload: Buffer.from(`"${key}"`),
  ...more,
});

test("what was put is known at once, is claimed as bytes, and is gone when it is settled", async () => {
  const queue = await QueueThread.open(newFile());
  let heard = 0;
  queue.onPut(() => heard++);
  await queue.put([entry("a", "one"), entry("a", "two", { payload: Buffer.alloc(300_000, "x") })]);
  assert.deepEqual([...queue.lanes()], [["a", 1]]);
  assert.equal(heard, 1);
  const claimed = await queue.claim("a", 10, LEASE_MS);
  assert.deepEqual(
    claimed.map(({ key, payload, answer }) => [key, Buffer.isBuffer(payload), payload.length, answer]),
    [
      ["one", true, 5, undefined],
      ["two", true, 300_000, undefined],
    ],
  );
  for (const { id } of claimed) await queue.settle(id, { put: [entry("b", `after-${id}`)] });
  assert.deepEqual([...queue.lanes()], [["b", 1]]);
  await queue.close();
});

test("calls of one turn are answered each for itself, the failing one too", async () => {
  const queue = await QueueThread.open(newFile());
  const bad = { ...entry("a", "bad"), key: null } as unknown as NewEntry;
  const results = await Promise.allSettled([
    queue.put([entry("a", "1")]),
    queue.put([bad]),
    queue.put([entry("a", "2")]),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.deepEqual(
    (await queue.list({}, { limit: 10 })).map(({ key }) => key),
    ["2", "1"],
  );
  await queue.close();
});

test("a lane may take no more than is left for the others, and gets room back", async () => {
  const queue = await QueueThread.open(newFile(), 3_000_000);
  assert.equal(queue.hasRoom("a", 2_000_000), true);
  await queue.put([entry("a", "large", { payload: Buffer.alloc(1_600_000) })]);
  assert.deepEqual([queue.hasRoom("a", 100_000), queue.hasRoom("b", 100_000)], [false, true]);
  await queue.drop("a");
  assert.equal(queue.hasRoom("a", 1_000_000), true);
  await queue.close();
});

test("what people see and do reaches the thread: found, buried, revived, removed, pruned", async () => {
  const queue = await QueueThread.open(newFile());
  await queue.put([entry("a", "one"), entry("a", "two")]);
  for (const { id } of await queue.claim("a", 2, LEASE_MS)) {
    await queue.settle(id, { bury: { about: '{"n":1}', answer: Buffer.from("no") } });
  }
  const found = await queue.find("one");
  assert.deepEqual([found?.payload.toString(), found?.answer?.toString()], ['"one"', "no"]);
  assert.equal(await queue.find("nobody"), undefined);
  const buried = await queue.buried({ key: "one" });
  assert.equal(await queue.revive(buried.map(({ id }) => ({ id, about: '{"n":2}' }))), 1);
  const [again] = await queue.claim("a", 10, LEASE_MS);
  assert.equal(again?.about, '{"n":2}');
  await queue.postpone(again?.id ?? 0, 5);
  assert.equal(await queue.prune(0, { entries: 0, bytes: 0 }), 1);
  assert.equal(await queue.remove({ key: "one" }), 1);
  assert.equal(queue.lanes().size, 0);
  await queue.close();
});

test("what was asked for before it is closed is on the disk, what comes later is refused", async () => {
  const file = newFile();
  const queue = await QueueThread.open(file);
  const put = queue.put([entry("a", "last")]);
  await queue.close();
  await put;
  await assert.rejects(queue.put([entry("a", "late")]), /closed/);
  const again = await QueueThread.open(file);
  assert.deepEqual(
    (await again.claim("a", 10, LEASE_MS)).map(({ key }) => key),
    ["last"],
  );
  await again.close();
});

test("a database that cannot be opened is told in the operator's words", async () => {
  const directory = join(scratch, "directory.sqlite");
  mkdirSync(directory);
  await assert.rejects(QueueThread.open(directory), (error) => error instanceof StorageError && error.hint !== "");
});
