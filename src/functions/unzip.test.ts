import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { crc32, deflateRawSync } from "node:zlib";
import { type ZipEntry, zipOf, zipOfEntries } from "../../test/api/lambda/zip.ts";
import { unzip } from "./unzip.ts";
import { UnzipError } from "./unzip-error.ts";

const LINK = 0o120777;
const scratch = mkdtempSync(join(tmpdir(), "alonzo-unzip-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

let unpackings = 0;

async function unpack(zip: Uint8Array): Promise<string> {
  const name = join(scratch, String(unpackings++));
  writeFileSync(`${name}.zip`, zip);
  await unzip(`${name}.zip`, name);
  return name;
}

async function refused(zip: Uint8Array, kind: UnzipError["kind"] = "invalid"): Promise<void> {
  await assert.rejects(unpack(zip), (error) => error instanceof UnzipError && error.kind === kind);
}

const refusedEntries = (...entries: ZipEntry[]) => refused(zipOfEntries(entries));

test("files, implied directories and modes are unpacked", async () => {
  const directory = await unpack(
    zipOfEntries([
      { name: "index.js", content: "exports.x = 1", mode: 0o100600 },
      { name: "bin/run", content: "#!/bin/sh", mode: 0o106777 },
      { name: "lib/", mode: 0o040700 },
      { name: "lib/empty", mode: 0o100644 },
      { name: "./from-dos.txt", content: "x" },
    ]),
  );
  const mode = (name: string) => lstatSync(join(directory, name)).mode & 0o7777;
  assert.equal(readFileSync(join(directory, "index.js"), "utf8"), "exports.x = 1");
  assert.equal(mode("index.js"), 0o644);
  assert.equal(mode("bin/run"), 0o755);
  assert.equal(mode("bin"), 0o755);
  assert.equal(mode("lib"), 0o755);
  assert.equal(mode("lib/empty"), 0o444 | 0o200);
  assert.equal(mode("from-dos.txt"), 0o644);
  assert.equal(mode("."), 0o755);
});

test("a large file is inflated as a stream and arrives whole", async () => {
  const content = "alonzo\n".repeat(1_000_000);
  const directory = await unpack(zipOf({ "large.txt": content }));
  assert.equal(readFileSync(join(directory, "large.txt"), "utf8"), content);
});

test("links that stay inside are kept, in whatever order they come", async () => {
  const directory = await unpack(
    zipOfEntries([
      { name: "node_modules/.bin/tool", content: "../tool/cli.js", mode: LINK },
      { name: "node_modules/tool/cli.js", content: "x", mode: 0o100755 },
      { name: "current", content: "versions/1", mode: LINK },
      { name: "versions/1/a", content: "a" },
      { name: "dangling", content: "nowhere", mode: LINK },
    ]),
  );
  assert.equal(readFileSync(join(directory, "node_modules/.bin/tool"), "utf8"), "x");
  assert.equal(readFileSync(join(directory, "current/a"), "utf8"), "a");
  assert.equal(readlinkSync(join(directory, "dangling")), "nowhere");
});

test("names that leave the directory or are no plain names are refused", async () => {
  const names = ["../x", "a/../../x", "/etc/x", "a\\b", "..\\x", "a\0b", "", "a//b", "..", `${"n".repeat(256)}`];
  for (const name of names) await refusedEntries({ name, content: "x" });
  await refusedEntries({ name: Uint8Array.of(0x61, 0xff, 0xfe), content: "x" });
  await refusedEntries({ name: "d/".repeat(2000), content: "" });
  assert.ok(!existsSync(join(scratch, "x")));
});

test("links that lead out are refused, directly, absolutely and through other links", async () => {
  const link = (name: string, content: string): ZipEntry => ({ name, content, mode: LINK });
  await refusedEntries(link("out", ".."));
  await refusedEntries(link("out", "/etc"));
  await refusedEntries(link("a/out", "../../x"));
  // Lexically a/b/top/../.. is a directory inside; followed, it is two above the root.
  await refusedEntries(link("a/b/top", "../.."), link("out", "a/b/top/../.."));
  await refusedEntries(link("loop", "loop"));
  await refusedEntries(link("one", "two"), link("two", "one"));
  await refusedEntries(link("nul", "a\0b"));
  await refusedEntries({ ...link("nothing", ""), method: 0 });
});

test("nothing is written through a link", async () => {
  const link: ZipEntry = { name: "dir", content: "elsewhere", mode: LINK };
  await refusedEntries(link, { name: "dir/file", content: "x" });
  await refusedEntries({ name: "dir/file", content: "x" }, link);
  await refusedEntries(link, { name: "dir", content: "x" });
});

test("an entry may not occur twice, nor be a file and a directory", async () => {
  await refusedEntries({ name: "a", content: "1" }, { name: "a", content: "2" });
  await refusedEntries({ name: "a", content: "1" }, { name: "./a", content: "2" });
  await refusedEntries({ name: "a", content: "1" }, { name: "a/b", content: "2" });
  await refusedEntries({ name: "a/b", content: "1" }, { name: "a", content: "2" });
  await unpack(zipOfEntries([{ name: "d/", mode: 0o040755 }, { name: "d/" }, { name: "d/f", content: "x" }]));
});

test("devices, pipes and sockets are refused", async () => {
  for (const type of [0o020000, 0o060000, 0o010000, 0o140000])
    await refusedEntries({ name: "dev", mode: type | 0o666 });
  await refusedEntries({ name: "dir/", mode: LINK });
});

test("encrypted entries and unknown compression are refused", async () => {
  await refusedEntries({ name: "a", content: "x", flags: 0x801 });
  await refusedEntries({ name: "a", content: "x", method: 12 });
});

test("what is no zip, or is broken or cut short anywhere, is refused", async () => {
  await refused(Buffer.from("this is not a zip"));
  const zip = zipOf({ "a.txt": "hello hello hello hello", "b.txt": "world" });
  for (const length of [zip.length - 1, zip.length - 22, zip.length >> 1, 40]) await refused(zip.subarray(0, length));
  await refused(zip.subarray(7));
  await refusedEntries({ name: "a", content: "x", declaredCrc: crc32("y") });
  await refusedEntries({ name: "a", content: "xx", declaredSize: 3 });
  await refusedEntries({ name: "a", content: "xx", packed: Uint8Array.of(0xff, 0xff, 0xff), method: 8 });
  const half = deflateRawSync(Buffer.alloc(9_000_000, "abc")).subarray(0, 50);
  await refusedEntries({ name: "a", content: "x", packed: half, declaredSize: 9_000_000, method: 8 });
});

test("flipping any single byte never escapes the kinds of refusal", async () => {
  const zip = zipOfEntries([
    { name: "a/b.txt", content: "hello", mode: 0o100644 },
    { name: "l", content: "a", mode: LINK },
  ]);
  for (let index = 0; index < zip.length; index += 1) {
    const flipped = Buffer.from(zip);
    flipped[index] = (flipped[index] as number) ^ 0xff;
    await unpack(flipped).catch((error: unknown) => assert.ok(error instanceof UnzipError, String(error)));
  }
});

test("an empty zip is refused as such", async () => {
  await refused(zipOfEntries([]), "empty");
});

test("more than 262,144,000 bytes are refused, whether declared or hidden", async () => {
  const bomb = deflateRawSync(Buffer.alloc(262_144_001));
  const crc = 0;
  const entry = { name: "zeros", packed: bomb, method: 8, declaredCrc: crc };
  await refused(zipOfEntries([{ ...entry, declaredSize: 262_144_001 }]), "too-large");
  await refused(zipOfEntries([{ ...entry, declaredSize: 10 }]), "invalid");
  await refused(zipOfEntries([{ ...entry, declaredSize: 262_144_000 }]), "invalid");
  const halves = [1, 2].map((n) => ({ ...entry, name: `zeros${n}`, declaredSize: 131_072_001 }));
  await refused(zipOfEntries(halves), "too-large");
});

test("too many entries are refused, those included that names only imply", async () => {
  const many = Array.from({ length: 60 }, (_, n): ZipEntry => ({ name: `${n}${"/d".repeat(1000)}${"d".repeat(40)}` }));
  const more = Array.from({ length: 60 }, (_, n): ZipEntry => ({ name: `${n + 60}${"/d".repeat(1000)}` }));
  await refused(zipOfEntries([...many, ...more]));
});
