import assert from "node:assert/strict";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { sql } from "kysely";
import { DataDirectory } from "./data-directory.ts";
import { openDatabase } from "./database.ts";
import { openRegionKey } from "./region-key.ts";
import { StorageError, storageError } from "./storage-error.ts";

const scratch = mkdtempSync(join(tmpdir(), "alonzo-storage-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const says = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StorageError, String(error));
  assert.match(error.message, message);
  assert.ok(error.hint.length > 0);
  return true;
};

test("a database that is none, or has a damaged page, is refused when it is opened", async () => {
  const none = join(scratch, "none.sqlite");
  writeFileSync(none, Buffer.alloc(5000, 7));
  assert.throws(() => openDatabase(none), says(/none\.sqlite is damaged/));

  const torn = join(scratch, "torn.sqlite");
  const whole = openDatabase(torn);
  await sql`CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT)`.execute(whole);
  for (let id = 0; id < 300; id++) await sql`INSERT INTO things VALUES (${id}, ${"x".repeat(100)})`.execute(whole);
  await whole.destroy();
  const size = statSync(torn).size;
  const file = openSync(torn, "r+");
  writeSync(file, Buffer.alloc(4096, 0xff), 0, 4096, size - 8192);
  closeSync(file);
  assert.throws(() => openDatabase(torn), says(/torn\.sqlite is damaged/));
});

test("a directory full of other things is neither closed to others nor written to", async () => {
  const foreign = join(scratch, "home");
  mkdirSync(foreign);
  chmodSync(foreign, 0o755);
  writeFileSync(join(foreign, "letter.txt"), "dear");
  await assert.rejects(DataDirectory.open(foreign), says(/home holds other files/));
  assert.equal(statSync(foreign).mode & 0o777, 0o755);
  assert.deepEqual(readdirSync(foreign), ["letter.txt"]);
});

test("a fresh volume, and a directory of an earlier life, are taken", async () => {
  const volume = join(scratch, "volume");
  mkdirSync(join(volume, "lost+found"), { recursive: true });
  (await DataDirectory.open(volume)).close();
  (await DataDirectory.open(volume)).close();
});

test("a file in the directory's place, and a damaged lock, are told in the operator's words", async () => {
  const file = join(scratch, "file");
  writeFileSync(file, "");
  await assert.rejects(DataDirectory.open(file), says(/file is not a directory/));
  const damaged = join(scratch, "damaged");
  mkdirSync(damaged);
  writeFileSync(join(damaged, "region.lock"), Buffer.alloc(5000, 7));
  await assert.rejects(DataDirectory.open(damaged), says(/region\.lock is damaged/));
});

test("a read-only or full disk is told as such, anything else as it is", () => {
  for (const error of [{ code: "EROFS" }, { code: "EACCES" }, { code: "ERR_SQLITE_ERROR", errcode: 1544 }]) {
    says(/^\/data cannot be written$/)(storageError("/data", error));
  }
  for (const error of [{ code: "ENOSPC" }, { code: "ERR_SQLITE_ERROR", errcode: 13 }]) {
    says(/^\/data is on a disk that is full$/)(storageError("/data", error));
  }
  const bug = new TypeError("a bug");
  assert.equal(storageError("/data", bug), bug);
});

test("a region key that is no key is not replaced", async () => {
  const file = join(scratch, "region.key");
  writeFileSync(file, "short");
  await assert.rejects(openRegionKey(file), says(/region\.key is damaged/));
  assert.equal(statSync(file).size, 5);
});

test("what SQLite rolled back by itself is told by its own error", async () => {
  const database = openDatabase(":memory:");
  const failing = database.transaction().execute(async (transaction) => {
    await sql`ROLLBACK`.execute(transaction);
    throw new Error("database or disk is full");
  });
  await assert.rejects(failing, /disk is full/);
  await database.transaction().execute(async (transaction) => {
    await sql`CREATE TABLE later (id INTEGER)`.execute(transaction);
  });
  await database.destroy();
});
