import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, test } from "node:test";
import { BlobStore } from "./blobs.ts";
import { microsecondTimestamp, offsetTimestamp } from "./clock.ts";
import { DataDirectory, DataDirectoryInUse } from "./data-directory.ts";
import { openDatabase } from "./database.ts";
import { sha256Hex } from "./ids.ts";
import { type Migration, migrate, NewerDataError } from "./migrations.ts";
import { Serial } from "./serial.ts";

const scratch = mkdtempSync(join(tmpdir(), "alonzo-state-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

type Tables = { things: { id: number; name: string } };

const CREATE: Migration = {
  name: "create things",
  up: async (database) => {
    await database.schema.createTable("things").addColumn("id", "integer").addColumn("name", "text").execute();
  },
};

test("what was committed is read back after the database was opened anew", async () => {
  const file = join(scratch, "reopened.db");
  const first = openDatabase(file);
  await migrate(first, "test", [CREATE]);
  await first.withTables<Tables>().insertInto("things").values({ id: 1, name: "one" }).execute();
  await first.destroy();
  const second = openDatabase(file);
  await migrate(second, "test", [CREATE]);
  assert.deepEqual(
    { ...(await second.withTables<Tables>().selectFrom("things").selectAll().executeTakeFirst()) },
    {
      id: 1,
      name: "one",
    },
  );
  await second.destroy();
});

test("a failed transaction leaves nothing, and others wait for it", async () => {
  const database = openDatabase(":memory:");
  await migrate(database, "test", [CREATE]);
  const tables = database.withTables<Tables>();
  const failing = tables.transaction().execute(async (transaction) => {
    await transaction.insertInto("things").values({ id: 1, name: "lost" }).execute();
    await new Promise(setImmediate);
    throw new Error("changed my mind");
  });
  const reading = tables.selectFrom("things").selectAll().execute();
  await assert.rejects(failing, /changed my mind/);
  assert.deepEqual(await reading, []);
  await database.destroy();
});

test("each migration runs once, in order, and a failed one leaves the ones before it", async () => {
  const database = openDatabase(":memory:");
  const ran: string[] = [];
  const step = (name: string, fails = false): Migration => ({
    name,
    up: async () => {
      ran.push(name);
      if (fails) throw new Error("no");
    },
  });
  await migrate(database, "a", [step("1")]);
  await assert.rejects(migrate(database, "a", [step("1"), step("2"), step("3", true)]));
  await migrate(database, "a", [step("1"), step("2"), step("3")]);
  await migrate(database, "b", [step("b1")]);
  assert.deepEqual(ran, ["1", "2", "3", "3", "b1"]);
  await assert.rejects(migrate(database, "a", [step("1")]), NewerDataError);
  await database.destroy();
});

test("a blob is named by its content, stored once, and streamed in and out", async () => {
  const directory = join(scratch, "blobs");
  const blobs = await BlobStore.open(directory);
  const content = Buffer.alloc(3_000_000, "alonzo");
  const stored = await blobs.put(content);
  assert.deepEqual(stored, { sha256: sha256Hex(content), bytes: content.length });
  assert.deepEqual(await blobs.put(Readable.from([content.subarray(0, 10), content.subarray(10)])), stored);
  assert.deepEqual(await blobs.list(), [stored.sha256]);
  assert.equal(await blobs.size(stored.sha256), content.length);
  assert.deepEqual(Buffer.concat(await blobs.stream(stored.sha256).toArray()), content);
  assert.deepEqual(await blobs.read(stored.sha256), content);
  await blobs.delete(stored.sha256);
  await blobs.delete(stored.sha256);
  assert.equal(await blobs.size(stored.sha256), undefined);
  assert.throws(() => blobs.path("../../etc/passwd"), RangeError);
});

test("a blob whose source fails leaves nothing behind", async () => {
  const directory = join(scratch, "failing");
  const blobs = await BlobStore.open(directory);
  const source = Readable.from(
    (async function* () {
      yield Buffer.from("half");
      throw new Error("cut off");
    })(),
  );
  await assert.rejects(blobs.put(source), /cut off/);
  assert.deepEqual(await blobs.list(), []);
  assert.deepEqual(readdirSync(join(directory, "incoming")), []);
});

test("a data directory is private, and belongs to one region at a time", async () => {
  const path = join(scratch, "new", "data");
  const first = await DataDirectory.open(path);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  await assert.rejects(
    DataDirectory.open(path),
    (error) => error instanceof DataDirectoryInUse && error.message.includes(`process ${process.pid}`),
  );
  first.close();
  (await DataDirectory.open(path)).close();
});

test("a data directory whose region was killed can be used at once", async () => {
  const path = join(scratch, "killed");
  const script = `
    import { DataDirectory } from ${JSON.stringify(join(import.meta.dirname, "data-directory.ts"))};
    globalThis.held = await DataDirectory.open(${JSON.stringify(path)});
    console.log("held");
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  await assert.rejects(DataDirectory.open(path), new RegExp(`process ${holder.pid}`));
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const mine = await DataDirectory.open(path);
  assert.equal(readFileSync(join(path, "region.pid"), "utf8"), `${process.pid}\n`);
  assert.ok(existsSync(mine.join("region.lock")));
  mine.close();
});

test("tasks of one key follow each other, failures included; tasks of different keys overlap", async () => {
  const serial = new Serial();
  const log: string[] = [];
  const task =
    (name: string, fails = false) =>
    async () => {
      log.push(`${name} begins`);
      await new Promise(setImmediate);
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const first = serial.run("k", task("1", true));
  const second = serial.run("k", task("2"));
  const other = serial.run("other", task("x"));
  await assert.rejects(first, /1/);
  assert.deepEqual(await Promise.all([second, other]), ["2", "x"]);
  const order = (name: string) => log.indexOf(name);
  assert.ok(order("1 ends") < order("2 begins"));
  assert.ok(order("x begins") < order("1 ends"));
});

test("times are written as AWS writes them", () => {
  const time = Date.UTC(2024, 4, 1, 12, 34, 56, 7);
  assert.equal(offsetTimestamp(time), "2024-05-01T12:34:56.007+0000");
  assert.equal(microsecondTimestamp(time), "2024-05-01T12:34:56.007000Z");
});
