import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createLog } from "./log.ts";
import { type LogEvent, LogStore, type Reading } from "./log-store.ts";

const directory = await mkdtemp(join(tmpdir(), "alonzo-logs-"));
after(() => rm(directory, { recursive: true, force: true }));
const silent = createLog(() => {});

async function eventsOf(store: LogStore, logGroup: string, reading: Reading = {}) {
  const events: LogEvent[] = [];
  for await (const piece of store.read(logGroup, reading)) events.push(...piece);
  return events;
}

const messagesOf = async (store: LogStore, logGroup: string, reading: Reading = {}) =>
  (await eventsOf(store, logGroup, reading)).map(({ message }) => message);

test("events are kept in order over a restart and read from a moment on", async () => {
  const store = new LogStore(directory, silent);
  const stream = store.stream("/aws/lambda/f", "2025/01/01/[$LATEST]abc");
  stream.append(1000, "one\n");
  stream.append(2000, "two\n");
  await store.flush();
  const later = new LogStore(directory, silent);
  later.stream("/aws/lambda/f", "s2").append(3000, "drei ü\n");
  const events = await eventsOf(later, "/aws/lambda/f", { fromMs: 2000 });
  assert.deepEqual(
    events.map(({ position, ...event }) => event),
    [
      { timestamp: 2000, ingestionTime: 2000, logStream: "2025/01/01/[$LATEST]abc", message: "two\n" },
      { timestamp: 3000, ingestionTime: 3000, logStream: "s2", message: "drei ü\n" },
    ],
  );
  assert.deepEqual(await messagesOf(later, "/aws/lambda/f", { after: events[0]?.position }), ["drei ü\n"]);
  assert.deepEqual(await later.groupNames(), ["/aws/lambda/f"]);
});

test("a line that a crash cut short is skipped, and what is written next is not lost behind it", async () => {
  const store = new LogStore(directory, silent);
  store.stream("cut", "s").append(1, "whole");
  await store.flush();
  await appendFile(join(directory, "group-cut", "1.ndjson"), '{"timestamp":2,"logSt');
  const next = new LogStore(directory, silent);
  await next.accept("cut", "s", [{ timestamp: 3, message: "next" }], 4);
  assert.deepEqual(await messagesOf(next, "cut"), ["whole", "next"]);
  assert.deepEqual(await messagesOf(new LogStore(directory, silent), "cut"), ["whole", "next"]);
});

test("a flood of tiny events is dropped before it fills the memory", async () => {
  const lines: string[] = [];
  const store = new LogStore(
    directory,
    createLog((line) => lines.push(line)),
  );
  const stream = store.stream("flood", "s");
  for (let count = 0; count < 200_000; count++) stream.append(1, "y\n");
  const kept = await eventsOf(store, "flood");
  assert.ok(kept.length > 10_000 && kept.length < 100_000, String(kept.length));
  assert.match(lines.join(""), /dropped/);
  stream.append(2, "after");
  assert.equal((await eventsOf(store, "flood", { fromMs: 2 })).length, 1);
});

test("a follower gets what there is and what comes, also while it reads, each once", async () => {
  const store = new LogStore(directory, silent);
  const stream = store.stream("followed", "s");
  for (let count = 0; count < 1000; count++) stream.append(count, String(count));
  const ending = new AbortController();
  const heard: string[] = [];
  for await (const events of store.follow("followed", 0, ending.signal)) {
    heard.push(...events.map(({ message }) => message));
    if (heard.length < 3000) for (let n = 0; n < 1000; n++) stream.append(1, `more ${heard.length + n}`);
    else ending.abort();
  }
  assert.equal(heard.length, new Set(heard).size);
  assert.ok(heard.length >= 3000);
});

test("what is accepted together with what functions write stays in order and apart", async () => {
  const store = new LogStore(directory, silent);
  const events = Array.from({ length: 300 }, (_, n) => ({
    timestamp: 5000 + n,
    message: `${n} ${"x".repeat(50_000)}`,
  }));
  store.stream("both", "function").append(4000, "mine");
  await Promise.all([store.accept("both", "a", events, 9000), store.accept("both", "b", events, 9000)]);
  const restarted = new LogStore(directory, silent);
  for (const logStream of ["a", "b"]) {
    const read = await eventsOf(restarted, "both", { logStreams: new Set([logStream]) });
    assert.deepEqual(
      read.map(({ timestamp, message, ingestionTime }) => [timestamp, Number.parseInt(message, 10), ingestionTime]),
      events.map(({ timestamp }, n) => [timestamp, n, 9000]),
    );
    assert.ok(read.every(({ position }, n) => n === 0 || position > (read[n - 1]?.position ?? 0)));
  }
  assert.deepEqual(await messagesOf(restarted, "both", { toMs: 4000 }), ["mine"]);
});

test("what functions write is bounded without a retention policy, what was accepted is not", async () => {
  const store = new LogStore(directory, silent);
  await store.accept("bound", "put", [{ timestamp: 1, message: "kept" }], 1);
  const stream = store.stream("bound", "function");
  for (let round = 0; round < 24; round++) {
    for (let n = 0; n < 40; n++) stream.append(2, "x".repeat(100_000));
    await store.flush();
  }
  const bytes = await store.bytesOf("bound");
  assert.ok(bytes < 80 * 1024 * 1024, String(bytes));
  assert.deepEqual(await messagesOf(store, "bound", { toMs: 1 }), ["kept"]);
});

test("what has expired is hidden at once and leaves the disk with its segment", async () => {
  const store = new LogStore(directory, silent);
  await store.accept(
    "old",
    "s",
    [
      { timestamp: 1, message: "old" },
      { timestamp: 100, message: "new" },
    ],
    100,
  );
  await store.expire("old", 50);
  assert.deepEqual(await messagesOf(store, "old"), ["new"]);
  await store.expire("old", 200);
  assert.equal(await store.bytesOf("old"), 0);
  assert.ok(!(await readdir(join(directory, "group-old"))).some((name) => name.endsWith(".ndjson")));
});

test("a removed stream leaves nothing on the disk, and the places of others stay", async () => {
  const store = new LogStore(directory, silent);
  store.stream("two", "a").append(1, "secret ü");
  store.stream("two", "b").append(2, "other");
  const before = await eventsOf(store, "two", { fromMs: 2 });
  await store.removeStream("two", "a");
  assert.deepEqual(await eventsOf(store, "two"), before);
  assert.doesNotMatch(await readFile(join(directory, "group-two", "1.ndjson"), "utf8"), /secret/);
});

test("a removed group is gone, and may begin anew with places of its own", async () => {
  const store = new LogStore(directory, silent);
  const stream = store.stream("gone", "a");
  stream.append(1, "before");
  const end = await store.end("gone");
  await store.removeGroup("gone");
  assert.deepEqual(await eventsOf(store, "gone"), []);
  stream.append(2, "after");
  assert.deepEqual(await messagesOf(store, "gone", { after: end }), ["after"]);
});

test("no name of a log group leads out of the directory", async () => {
  const store = new LogStore(directory, silent);
  for (const group of ["../../up", "..", "/", `/${"x".repeat(511)}`]) store.stream(group, "s").append(1, "x");
  await store.flush();
  const names = await readdir(directory);
  assert.ok(names.every((name) => name.startsWith("group-") && name.length <= 255));
  assert.ok(!(await readdir(join(directory, ".."))).includes("up"));
  assert.ok((await store.groupNames()).includes(`/${"x".repeat(511)}`));
});

test("what the operator's log prints of hostile text stays on one line", () => {
  const lines: string[] = [];
  createLog((line) => lines.push(line)).error("bad", { name: "x\n2026 INFO forged" });
  assert.equal(lines.length, 1);
  assert.equal((lines[0] as string).indexOf("\n"), (lines[0] as string).length - 1);
});
