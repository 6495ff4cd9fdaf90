import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { GroupCommit } from "./group-commit.ts";
import type { NewEntry } from "./queue.ts";
import { SqliteQueue } from "./sqlite-queue.ts";

const LEASE_MS = 60_000;
const scratch = mkdtempSync(join(tmpdir(), "alonzo-queue-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

let files = 0;
const newFile = (): string => join(scratch, `${++files}.sqlite`);

/** Stands still until it is told otherwise. */
class TestClock {
  ms = 1_000_000;
  now = (): number => this.ms;
}

const entry = (lane: string, key: string, more: Partial<NewEntry> = {}): NewEntry => ({
  lane,
  key,
  dueMs: 0,
  about: "{}",
  payload: Buffer.from(`"${key}"`),
  ...more,
});

const keysOf = (entries: readonly { readonly key: string }[]): string[] => entries.map(({ key }) => key);

test("entries of a lane are claimed when they are due, the longest due first", async () => {
  const clock = new TestClock();
  const queue = await SqliteQueue.open(newFile(), clock);
  await queue.put([
    entry("a", "late", { dueMs: clock.ms + 1 }),
    entry("a", "second", { dueMs: 20 }),
    entry("a", "first", { dueMs: 10 }),
    entry("b", "other", { dueMs: 5 }),
  ]);
  assert.deepEqual([...queue.lanes()].sort(), [
    ["a", 10],
    ["b", 5],
  ]);
  assert.deepEqual(keysOf(await queue.claim("a", 1, LEASE_MS)), ["first"]);
  assert.deepEqual(keysOf(await queue.claim("a", 10, LEASE_MS)), ["second"]);
  assert.equal(queue.lanes().get("a"), clock.ms + 1);
  clock.ms += 1;
  const [late] = await queue.claim("a", 10, LEASE_MS);
  assert.deepEqual(late?.payload.toString(), '"late"');
  assert.equal(late?.answer, undefined);
  queue.close();
});

test("a claimed entry comes again when its lease is over, and not before", async () => {
  const clock = new TestClock();
  const queue = await SqliteQueue.open(newFile(), clock);
  await queue.put([entry("a", "one")]);
  assert.equal((await queue.claim("a", 1, LEASE_MS)).length, 1);
  clock.ms += LEASE_MS - 1;
  assert.equal((await queue.claim("a", 1, LEASE_MS)).length, 0);
  clock.ms += 1;
  assert.equal((await queue.claim("a", 1, LEASE_MS)).length, 1);
  queue.close();
});

test("what was claimed when the region died is due at once when it starts again", async () => {
  const file = newFile();
  const first = await SqliteQueue.open(file);
  await first.put([entry("a", "one"), entry("a", "two", { dueMs: Date.now() + LEASE_MS })]);
  await first.claim("a", 10, LEASE_MS);
  first.close();
  const second = await SqliteQueue.open(file);
  assert.deepEqual(keysOf(await second.claim("a", 10, LEASE_MS)), ["one"]);
  second.close();
});

test("a postponed entry keeps what it says of itself and what came of the last try", async () => {
  const clock = new TestClock();
  const file = newFile();
  const queue = await SqliteQueue.open(file, clock);
  await queue.put([entry("a", "one")]);
  const [claimed] = await queue.claim("a", 1, LEASE_MS);
  assert.ok(claimed);
  await queue.postpone(claimed.id, clock.ms + 10, { about: '{"tries":1}', answer: Buffer.from("no") });
  assert.equal((await queue.claim("a", 1, LEASE_MS)).length, 0);
  clock.ms += 10;
  const [again] = await queue.claim("a", 1, LEASE_MS);
  await queue.postpone(claimed.id, clock.ms, { about: '{"tries":2}' });
  const [third] = await queue.claim("a", 1, LEASE_MS);
  assert.deepEqual([again?.about, again?.answer?.toString()], ['{"tries":1}', "no"]);
  assert.deepEqual([third?.about, third?.answer?.toString()], ['{"tries":2}', "no"]);
  queue.close();
});

test("an entry is settled in one step with those that take its place, and only once", async () => {
  const queue = await SqliteQueue.open(newFile(), new TestClock());
  await queue.put([entry("a", "one")]);
  const [claimed] = await queue.claim("a", 1, LEASE_MS);
  assert.ok(claimed);
  await queue.settle(claimed.id, { put: [entry("b", "follows")] });
  await queue.settle(claimed.id, { put: [entry("b", "twice")] });
  assert.deepEqual([...queue.lanes().keys()], ["b"]);
  assert.deepEqual(keysOf(await queue.claim("b", 10, LEASE_MS)), ["follows"]);
  queue.close();
});

test("a lane that is dropped takes nothing else with it, and what ran meanwhile leaves nothing behind", async () => {
  const queue = await SqliteQueue.open(newFile(), new TestClock());
  await queue.put([entry("a", "one"), entry("a", "two"), entry("b", "other")]);
  const [running] = await queue.claim("a", 1, LEASE_MS);
  assert.ok(running);
  assert.equal(await queue.drop("a"), 2);
  await queue.postpone(running.id, 0);
  await queue.settle(running.id, { put: [entry("b", "follows")] });
  assert.deepEqual(keysOf(await queue.list({}, { limit: 10 })), ["other"]);
  assert.deepEqual([...queue.lanes().keys()], ["b"]);
  queue.close();
});

test("buried entries are never due, are found by people, and come alive again as they are told", async () => {
  const clock = new TestClock();
  const file = newFile();
  const queue = await SqliteQueue.open(file, clock);
  await queue.put([entry("a", "one"), entry("a", "two"), entry("b", "three")]);
  for (const lane of ["a", "b"]) {
    for (const { id } of await queue.claim(lane, 10, LEASE_MS)) {
      await queue.settle(id, { bury: { about: '{"tries":3}', answer: Buffer.from("no") } });
    }
  }
  assert.equal(queue.lanes().size, 0);
  assert.deepEqual(keysOf(await queue.list({ lane: "a", buried: true }, { limit: 10 })), ["two", "one"]);
  const [two] = await queue.list({ lane: "a" }, { limit: 1 });
  assert.deepEqual(keysOf(await queue.list({ lane: "a" }, { below: two?.id, limit: 10 })), ["one"]);
  const found = await queue.find("one");
  assert.deepEqual([found?.payload.toString(), found?.answer?.toString(), found?.buriedMs], ['"one"', "no", clock.ms]);
  const buried = await queue.buried({ key: "one" });
  assert.deepEqual(buried, [{ id: found?.id, about: '{"tries":3}' }]);
  const renewed = buried.map(({ id }) => ({ id, about: "{}" }));
  assert.equal(await queue.revive(renewed), 1);
  assert.equal(await queue.revive(renewed), 0);
  const [again] = await queue.claim("a", 10, LEASE_MS);
  assert.deepEqual([again?.key, again?.about], ["one", "{}"]);
  assert.equal(await queue.remove({ key: "two" }), 1);
  assert.deepEqual(keysOf(await queue.list({ buried: true }, { limit: 10 })), ["three"]);
  queue.close();
});

test("buried entries are forgotten when they are old, many or large, the oldest first", async () => {
  const clock = new TestClock();
  const queue = await SqliteQueue.open(newFile(), clock);
  for (const key of ["1", "2", "3", "4"]) {
    await queue.put([entry("a", key, { payload: Buffer.alloc(100) })]);
    const [claimed] = await queue.claim("a", 1, LEASE_MS);
    if (claimed) await queue.settle(claimed.id, { bury: { about: "{}" } });
    clock.ms += 1000;
  }
  const left = async () => keysOf(await queue.list({}, { limit: 10 }));
  assert.equal(await queue.prune(1_000_001, { entries: 10, bytes: 1000 }), 1);
  assert.deepEqual(await left(), ["4", "3", "2"]);
  await queue.prune(0, { entries: 2, bytes: 1000 });
  assert.deepEqual(await left(), ["4", "3"]);
  await queue.prune(0, { entries: 2, bytes: 150 });
  assert.deepEqual(await left(), ["4"]);
  queue.close();
});

test("listeners hear of entries when these can be claimed", async () => {
  const queue = await SqliteQueue.open(newFile(), new TestClock());
  let heard = 0;
  queue.onPut(() => {
    heard += 1;
    assert.equal(queue.lanes().get("a"), 7);
  });
  await queue.put([entry("a", "one", { dueMs: 7 })]);
  assert.equal(heard, 1);
  queue.close();
});

test("changes of one turn of the event loop share a commit, and one that fails takes no other with it", async () => {
  const database = new DatabaseSync(":memory:");
  database.exec("create table things (name text not null)");
  const failures: unknown[] = [];
  let commitsSeen = 0;
  const commits = new GroupCommit(database, {
    committed: () => {
      commitsSeen += 1;
    },
    failed: (error) => {
      failures.push(error);
      return new Error("told", { cause: error });
    },
  });
  const add = (name: string | null) => commits.run(() => database.prepare("insert into things values (?)").run(name));
  const results = await Promise.allSettled([add("a"), add(null), add("b")]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  const names = database.prepare("select name from things order by name").all();
  assert.deepEqual(
    names.map(({ name }) => name),
    ["a", "b"],
  );
  // Once together, once by itself.
  assert.equal(failures.length, 2);
  assert.equal(commitsSeen, 2);
  await Promise.all([add("d"), add("e")]);
  assert.equal(commitsSeen, 3);
  const last = add("c");
  commits.close();
  await last;
  await assert.rejects(add("d"), /closed/);
});

const WRITER = `
  import { SqliteQueue } from ${JSON.stringify(join(import.meta.dirname, "sqlite-queue.ts"))};
  const queue = await SqliteQueue.open(process.argv[1]);
  const put = (n) => queue.put([{ lane: "a", key: String(n), dueMs: 0, about: "{}", payload: Buffer.alloc(2000) }]);
  const worker = async (first) => {
    for (let n = first; ; n += 16) {
      await put(n);
      process.stdout.write(n + "\\n");
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, n) => worker(n)));
`;

test("whatever was put when a process is killed is there, whole", async () => {
  const file = newFile();
  const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", WRITER, file];
  const writer = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
  const promised: string[] = [];
  for await (const line of createInterface({ input: writer.stdout })) {
    promised.push(line);
    if (promised.length === 500) writer.kill("SIGKILL");
  }
  if (writer.exitCode === null && writer.signalCode === null) await once(writer, "exit");
  const queue = await SqliteQueue.open(file);
  const there = await queue.claim("a", 100_000, LEASE_MS);
  const keys = new Set(keysOf(there));
  assert.ok(promised.length >= 500);
  assert.deepEqual(
    promised.filter((key) => !keys.has(key)),
    [],
  );
  assert.ok(there.every(({ payload }) => payload.length === 2000));
  queue.close();
});

test("a file that is damaged is told when it is opened", async () => {
  const file = newFile();
  const queue = await SqliteQueue.open(file);
  await queue.put([entry("a", "one", { payload: Buffer.alloc(100_000) })]);
  queue.close();
  truncateSync(file, statSync(file).size - 50_000);
  await assert.rejects(SqliteQueue.open(file), /is damaged/);
});

test("one lane may hold as much as is left for the others, also after a restart; the others still find room", async () => {
  const file = newFile();
  const limit = 4_000_000;
  const large = { payload: Buffer.alloc(100_000) };
  let queue = await SqliteQueue.open(file, new TestClock(), limit);
  let taken = 0;
  while (queue.hasRoom("a", 100_000)) await queue.put([entry("a", String(taken++), large)]);
  assert.ok(taken >= 15 && taken <= 20, String(taken));
  queue.close();
  queue = await SqliteQueue.open(file, new TestClock(), limit);
  assert.deepEqual([queue.hasRoom("a", 100_000), queue.hasRoom("b", 100_000)], [false, true]);
  await queue.drop("a");
  assert.equal(queue.hasRoom("a", 100_000), true);
  queue.close();
});

test("a claim takes no more entries than fit in memory beside those of others", async () => {
  const queue = await SqliteQueue.open(newFile(), new TestClock());
  const large = { payload: Buffer.alloc(1_048_576) };
  await queue.put(Array.from({ length: 16 }, (_, n) => entry("a", String(n), large)));
  assert.equal((await queue.claim("a", 16, LEASE_MS)).length, 4);
  assert.equal((await queue.claim("a", 16, LEASE_MS)).length, 4);
  queue.close();
});

test("what is committed is told to be, though nothing more can be read", async () => {
  const database = new DatabaseSync(":memory:");
  const broken = () => {
    throw new Error("cannot be read");
  };
  const commits = new GroupCommit(database, { committed: broken, failed: broken });
  assert.equal(await commits.run(() => 1), 1);
  const failing = commits.run(() => {
    throw new Error("no");
  });
  await assert.rejects(failing, /no/);
  database.close();
});
