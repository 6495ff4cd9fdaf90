import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { assembleRoot, prepareRoot } from "./assemble-root.ts";
import { BadPath } from "./tree.ts";
import { FILES, unpackLayer } from "./unpack-layer.ts";

const scratch = mkdtempSync(join(tmpdir(), "alonzo-layers-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
writeFileSync(join(scratch, "secret"), "of the host");

let names = 0;
const newPath = (): string => join(scratch, `${++names}`);

type Entry = readonly [header: Partial<Header> & { name: string }, content?: string];

async function archive(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const [header, content = ""] of entries) tar.entry(header as Header, content);
  tar.finalize();
  return buffer(tar);
}

/** @returns the directory of the layer */
async function layer(entries: readonly Entry[], packed = (bytes: Buffer): Uint8Array => bytes): Promise<string> {
  const blob = newPath();
  writeFileSync(blob, packed(await archive(entries)));
  const directory = newPath();
  await unpackLayer(blob, directory);
  return directory;
}

function assembled(...layers: readonly string[]): string {
  const root = newPath();
  assembleRoot(layers, root);
  return root;
}

const file = (name: string, content = name, more: Partial<Header> = {}): Entry => [{ name, ...more }, content];
const directory = (name: string, mode = 0o755): Entry => [{ name, type: "directory", mode }];
const link = (name: string, linkname: string, type: "symlink" | "link" = "symlink"): Entry => [
  { name, type, linkname },
];

describe("a layer", () => {
  test("is unpacked whether it is packed by gzip, by zstd or not at all", async () => {
    for (const packed of [gzipSync, zstdCompressSync, (bytes: Buffer) => bytes]) {
      const root = assembled(await layer([directory("etc"), file("etc/motd", "hello")], packed));
      assert.equal(readFileSync(join(root, "etc/motd"), "utf8"), "hello");
    }
  });

  test("keeps modes, but no bits that make programs run as others", async () => {
    const root = assembled(
      await layer([
        directory("bin", 0o555),
        file("bin/su", "x", { mode: 0o4755 }),
        file("private", "x", { mode: 0o600 }),
      ]),
    );
    const mode = (path: string) => (statSync(join(root, path)).mode & 0o7777).toString(8);
    assert.deepEqual([mode("bin"), mode("bin/su"), mode("private")], ["555", "755", "600"]);
  });

  test("has no devices and no pipes", async () => {
    const root = assembled(
      await layer([
        [{ name: "disk", type: "block-device", devmajor: 8, devminor: 0 }],
        [{ name: "mem", type: "character-device", devmajor: 1, devminor: 1 }],
        [{ name: "pipe", type: "fifo" }],
        file("real"),
      ]),
    );
    assert.deepEqual(readdirSync(root), ["real"]);
  });

  test("takes away what layers below it have, and hides what is below its opaque directories", async () => {
    const below = await layer([
      directory("a"),
      file("a/gone"),
      file("a/kept"),
      directory("b"),
      file("b/old"),
      file("c"),
    ]);
    const above = await layer([file("a/.wh.gone", ""), file("b/.wh..wh..opq", ""), file("b/new"), file(".wh.c", "")]);
    const root = assembled(below, above);
    assert.deepEqual(readdirSync(join(root, "a")), ["kept"]);
    assert.deepEqual(readdirSync(join(root, "b")), ["new"]);
    assert.equal(existsSync(join(root, "c")), false);
  });

  test("shares its files with every root that it is in, and with other names of them", async () => {
    const below = await layer([file("program", "long")]);
    const above = await layer([link("other", "program", "link"), file("two"), link("three", "two", "link")]);
    const [first, second] = [assembled(below, above), assembled(below, above)];
    const inode = (path: string) => statSync(path).ino;
    assert.equal(inode(join(first, "program")), inode(join(below, FILES, "program")));
    assert.equal(inode(join(first, "other")), inode(join(second, "program")));
    assert.equal(inode(join(first, "three")), inode(join(first, "two")));
  });

  test("puts a directory in the place of a link, and a file in the place of a directory", async () => {
    const below = await layer([
      directory("usr"),
      directory("usr/lib"),
      link("lib", "usr/lib"),
      directory("thing"),
      file("thing/x"),
    ]);
    const above = await layer([directory("lib"), file("lib/own"), file("thing", "now a file")]);
    const root = assembled(below, above);
    assert.equal(lstatSync(join(root, "lib")).isDirectory(), true);
    assert.deepEqual(readdirSync(join(root, "usr/lib")), []);
    assert.equal(readFileSync(join(root, "thing"), "utf8"), "now a file");
  });
});

describe("a hostile layer", () => {
  const secret = join(scratch, "secret");
  const untouched = () => assert.equal(readFileSync(secret, "utf8"), "of the host");

  for (const name of ["../../escaped", "a/../../escaped", `${"x".repeat(300)}`, "a\0b"]) {
    test(`with a name such as ${JSON.stringify(name.slice(0, 20))} is refused, or stays inside`, async () => {
      const made = layer([file(name)]);
      // tar itself ends names at a NUL.
      if (name.includes("\0")) assert.deepEqual(readdirSync(assembled(await made)), ["a"]);
      else await assert.rejects(made, BadPath);
      assert.equal(existsSync(join(scratch, "escaped")), false);
    });
  }

  test("that writes through links writes within the image", async () => {
    const root = assembled(
      await layer([
        link("out", scratch),
        file("out/secret", "overwritten"),
        link("up", "../../../../.."),
        file(`up${secret}`, "overwritten"),
        link("absolute", secret),
        file("absolute", "a file now"),
      ]),
    );
    untouched();
    assert.equal(readFileSync(join(root, scratch, "secret"), "utf8"), "overwritten");
    assert.equal(readFileSync(join(root, "absolute"), "utf8"), "a file now");
  });

  test("gets no second name for a file of the host", async () => {
    await assert.rejects(layer([link("stolen", `../../${secret}`, "link")]), BadPath);
    const root = assembled(
      await layer([link("stolen", secret, "link"), link("door", scratch), link("again", "door/secret", "link")]),
    );
    assert.deepEqual(readdirSync(root), ["door"]);
  });

  test("removes nothing outside by whiteouts, through links either", async () => {
    const below = await layer([link("door", scratch)]);
    const above = await layer([file("door/.wh.secret", ""), file(".wh.", "")]);
    const opaque = await layer([file("door/.wh..wh..opq", "")]);
    assembled(below, above);
    assembled(below, opaque);
    untouched();
    await assert.rejects(layer([file("../.wh.secret", "")]), BadPath);
  });

  test("whose links lead to each other is refused", async () => {
    await assert.rejects(layer([link("a", "b"), link("b", "a"), file("a/x")]), BadPath);
  });

  test("that is no archive, or breaks off, is an error", async () => {
    const blob = newPath();
    writeFileSync(blob, gzipSync(await archive([file("x", "y".repeat(100_000))])).subarray(0, 60));
    await assert.rejects(unpackLayer(blob, newPath()));
    writeFileSync(blob, "rubbish".repeat(1000));
    await assert.rejects(unpackLayer(blob, newPath()));
  });

  test("cannot lead what the region writes into a root elsewhere", async () => {
    mkdirSync(join(scratch, "etc"));
    const root = assembled(
      await layer([link("etc", join(scratch, "etc")), link("run", "/"), directory("tmp"), file("tmp/x")]),
    );
    prepareRoot(root, ["/run/alonzo", "/tmp"], { "/etc/hosts": "mine" });
    assert.deepEqual(readdirSync(join(scratch, "etc")), []);
    assert.equal(readFileSync(join(root, "etc/hosts"), "utf8"), "mine");
    assert.equal(lstatSync(join(root, "run")).isDirectory(), true);
    assert.throws(() => readlinkSync(join(root, "etc")));
  });
});
