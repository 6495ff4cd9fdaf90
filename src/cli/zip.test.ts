import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fromBufferPromise } from "yauzl";
import { zipDirectory } from "./zip.ts";

test("a package holds the files with their modes, without dot files, and is the same each time", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "alonzo-test-"));
  t.after(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, "lib"));
  await writeFile(join(directory, "lib", "a.js"), "a");
  await writeFile(join(directory, "bootstrap"), "#!/bin/sh");
  await chmod(join(directory, "bootstrap"), 0o755);
  await writeFile(join(directory, ".secret"), "s");

  const zip = await zipDirectory(directory);
  const modes: Record<string, number> = {};
  for await (const entry of (await fromBufferPromise(zip)).eachEntry()) {
    modes[entry.fileName] = (entry.externalFileAttributes >>> 16) & 0o777;
  }
  assert.deepEqual(Object.keys(modes), ["bootstrap", "lib/a.js"]);
  assert.equal(modes.bootstrap, 0o755);
  assert.deepEqual(await zipDirectory(directory), zip);
});
