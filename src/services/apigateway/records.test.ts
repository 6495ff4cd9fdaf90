import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ACCOUNT, Records } from "./records.ts";

async function inDirectory(work: (file: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "alonzo-records-"));
  try {
    await work(join(directory, "records.sqlite"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("keeps documents in their order, with their times, over a restart", async () => {
  await inDirectory(async (file) => {
    const records = await Records.open(file);
    const CreatedDate = new Date(0);
    records.put(ACCOUNT, "api", "b", { id: "b", CreatedDate });
    records.put(ACCOUNT, "api", "a", { id: "a" });
    records.put(ACCOUNT, "api", "b", { id: "b", CreatedDate, changed: true });
    records.put("b", "route", "r", { id: "r" });
    records.deleteAll("b");
    records.close();
    const again = await Records.open(file);
    assert.deepEqual(again.list(ACCOUNT, "api"), [{ id: "b", CreatedDate, changed: true }, { id: "a" }]);
    assert.deepEqual(again.list("b", "route"), []);
    again.close();
  });
});

test("makes all changes of a piece of work or none, and tells of them once", async () => {
  await inDirectory(async (file) => {
    const records = await Records.open(file);
    const told: string[] = [];
    records.onChange((owner) => told.push(owner));
    records.change(() => {
      for (const id of ["one", "two", "three"]) records.put("api", "route", id, { id });
    });
    assert.throws(() =>
      records.change(() => {
        records.put("api", "route", "one", { id: "one", changed: true });
        records.delete("api", "route", "two");
        records.put("other", "route", "x", {});
        throw new Error("no");
      }),
    );
    assert.deepEqual(records.list("api", "route"), [{ id: "one" }, { id: "two" }, { id: "three" }]);
    assert.equal(records.get("other", "route", "x"), undefined);
    assert.deepEqual(told, ["api"]);
    records.close();
    const again = await Records.open(file);
    assert.equal(again.list("api", "route").length, 3);
    again.close();
  });
});

test("marks the APIs of which something changes, and keeps no mark of those that are gone", async () => {
  await inDirectory(async (file) => {
    const records = await Records.open(file);
    records.put("untouched", "route", "r", {});
    records.changeMarked("mark", () => {
      records.put(ACCOUNT, "api", "one", {});
      records.put("one", "route", "r", {});
      records.put("gone", "route", "r", {});
      records.deleteAll("gone");
    });
    records.close();
    const again = await Records.open(file);
    const marked = ["one", "untouched", "gone", ACCOUNT].map((owner) => again.get(owner, "mark", "") !== undefined);
    assert.deepEqual(marked, [true, false, false, false]);
    again.close();
  });
});
