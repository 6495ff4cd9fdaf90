import assert from "node:assert/strict";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { mergeDirectories, mergedSha256 } from "./merged-layers.ts";

const scratch = mkdtempSync(join(tmpdir(), "alonzo-merged-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** Names that begin with `->` in their content are links. */
function layer(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(scratch, "layer-"));
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    if (content.startsWith("->")) symlinkSync(content.slice(2), path);
    else writeFileSync(path, content);
  }
  return directory;
}

function merged(...layers: string[]): { target: string; read: (name: string) => string } {
  const target = join(mkdtempSync(join(scratch, "merged-")), "opt");
  mergeDirectories(layers, target);
  return { target, read: (name) => readFileSync(join(target, name), "utf8") };
}

test("directories become one, and a later layer's file lies over an earlier one's", () => {
  const [one, two, three] = [
    layer({ "python/a.py": "one", "python/shared.py": "one", "bin/tool": "one" }),
    layer({ "python/b.py": "two", "python/shared.py": "two" }),
    layer({ "python/shared.py": "three" }),
  ];
  chmodSync(join(one, "bin/tool"), 0o755);
  const { target, read } = merged(one, two, three);
  assert.deepEqual(readdirSync(target).sort(), ["bin", "python"]);
  assert.deepEqual(
    ["a", "b", "shared"].map((name) => read(`python/${name}.py`)),
    ["one", "two", "three"],
  );
  assert.equal(statSync(join(target, "bin/tool")).mode & 0o777, 0o755);
  assert.equal(statSync(join(target, "python")).mode & 0o777, 0o755);
  assert.equal(readFileSync(join(one, "python/shared.py"), "utf8"), "one", "the layers themselves stay as they were");
});

test("what is a file in one layer and a directory in another is what the later one has", () => {
  const [file, directory] = [layer({ x: "file" }), layer({ "x/y/z": "deep" })];
  assert.equal(merged(file, directory).read("x/y/z"), "deep");
  assert.equal(merged(directory, file).read("x"), "file");
});

test("links stay links, and nothing is ever written through one", () => {
  const outside = layer({ "lib/kept": "kept" });
  const links = layer({ lib: `->${join(outside, "lib")}`, other: "->missing", tool: `->${join(outside, "lib/kept")}` });
  const files = layer({ "lib/kept": "changed", "lib/more": "more", tool: "changed" });
  const { target, read } = merged(links, files);
  assert.deepEqual([read("lib/kept"), read("lib/more"), read("tool")], ["changed", "more", "changed"]);
  assert.deepEqual(readdirSync(join(outside, "lib")), ["kept"]);
  assert.equal(readFileSync(join(outside, "lib/kept"), "utf8"), "kept");
  assert.equal(readlinkSync(join(target, "other")), "missing");
  assert.ok(lstatSync(join(merged(files, links).target, "lib")).isSymbolicLink());
  assert.equal(readFileSync(join(files, "lib/more"), "utf8"), "more");
});

test("a merged directory is known by its layers in their order; one layer by itself", () => {
  assert.equal(mergedSha256(["a"]), "a");
  assert.notEqual(mergedSha256(["a", "b"]), mergedSha256(["b", "a"]));
  assert.equal(mergedSha256(["a", "b"]), mergedSha256(["a", "b"]));
  assert.match(mergedSha256(["a", "b"]), /^[\w+/]{43}=$/);
});
