import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createLog } from "./log.ts";
import { LogStore } from "./log-store.ts";

const directory = await mkdtemp(join(tmpdir(), "alonzo-logs-"));
after(() => rm(directory, { recursive: true, force: true }));
const silent = createLog(() => {});

test("events are kept in order over a restart and read from a moment on", async () => {
  const store = new LogStore(directory, silent);
  const stream = store.stream("/aws/lambda/f", "2025/01/01/[$LATEST]abc");
  stream.append(1000, "one\n");
  stream.append(2000, "two\n");
  await store.flush();
  const later = new LogStore(directory, silent);
  later.stream("/aws/lambda/f", "s2").append(3000, "drei ü\n");
  const events = await later.read("/aws/lambda/f", 2000);
  assert.deepEqual(events, [
    { timestamp: 2000, logStream: "2025/01/01/[$LATEST]abc", message: "two\n" },
    { timestamp: 3000, logStream: "s2", message: "drei ü\n" },
  ]);
});

test("a line that a crash cut short is skipped", async () => {
  const store = new LogStore(directory, silent);
  store.stream("cut", "s").append(1, "whole");
  await store.flush();
  await appendFile(join(directory, "group-cut", "1.ndjson"), '{"timestamp":2,"logSt');
  assert.deepEqual(
    (await new LogStore(directory, silent).read("cut", 0)).map(({ message }) => message),
    ["whole"],
  );
});

test("a flood of tiny events is dropped before it fills the memory", async () => {
  const lines: string[] = [];
  const store = new LogStore(
    directory,
    createLog((line) => lines.push(line)),
  );
  const stream = store.stream("flood", "s");
  for (let count = 0; count < 200_000; count++) stream.append(1, "y\n");
  const kept = await store.read("flood", 0);
  assert.ok(kept.length > 10_000 && kept.length < 100_000, String(kept.length));
  assert.match(lines.join(""), /dropped/);
  stream.append(2, "after");
  assert.equal((await store.read("flood", 2)).length, 1);
});

test("a follower hears what is appended, until it stops", () => {
  const store = new LogStore(directory, silent);
  const heard: string[] = [];
  const stop = store.follow("g", ({ message }) => heard.push(message));
  const stream = store.stream("g", "s");
  stream.append(1, "a");
  stop();
  stream.append(2, "b");
  assert.deepEqual(heard, ["a"]);
});

test("no name of a log group leads out of the directory", async () => {
  const store = new LogStore(directory, silent);
  for (const group of ["../../up", "..", "/", `/${"x".repeat(511)}`]) store.stream(group, "s").append(1, "x");
  await store.flush();
  const names = await readdir(directory);
  assert.ok(names.every((name) => name.startsWith("group-") && name.length <= 255));
  assert.ok(!(await readdir(join(directory, ".."))).includes("up"));
});

test("what the operator's log prints of hostile text stays on one line", () => {
  const lines: string[] = [];
  createLog((line) => lines.push(line)).error("bad", { name: "x\n2026 INFO forged" });
  assert.equal(lines.length, 1);
  assert.equal((lines[0] as string).indexOf("\n"), (lines[0] as string).length - 1);
});
