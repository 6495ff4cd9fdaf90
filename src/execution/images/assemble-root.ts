/**
 * The root directory of an image: its layers over each other. Files are linked, not copied, so that layers are shared and a
 * root costs names only. For the thread that unpacks.
 */
import {
  chmodSync,
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { linkOrCopy } from "../../functions/merged-layers.ts";
import { componentsOf, Tree } from "./tree.ts";
import { FILES, type LayerNotes, NOTES } from "./unpack-layer.ts";

/** @param layers directories that unpackLayer() made, lowest first @param target is created */
export function assembleRoot(layers: readonly string[], target: string): void {
  const tree = new Tree(target);
  mkdirSync(target);
  chmodSync(target, 0o755);
  for (const layer of layers) {
    const notes = JSON.parse(readFileSync(join(layer, NOTES), "utf8")) as LayerNotes;
    for (const path of notes.removed) tree.remove(componentsOf(path));
    for (const path of notes.opaque) empty(tree, componentsOf(path));
    layOver(tree, join(layer, FILES), []);
    for (const [path, to] of notes.links) {
      const parts = componentsOf(path);
      if (tree.stat(parts.slice(0, -1))?.isDirectory()) tree.hardLink(parts, componentsOf(to));
    }
  }
}

/** Where a driver mounts what is each sandbox's own, and files in the place of the image's. */
export function prepareRoot(
  root: string,
  mountPoints: readonly string[],
  files: Readonly<Record<string, string>>,
): void {
  const tree = new Tree(root);
  for (const path of mountPoints) tree.directories(componentsOf(path));
  for (const [path, text] of Object.entries(files)) {
    const parts = componentsOf(path);
    tree.directories(parts.slice(0, -1));
    // A new file: the one that was there is the layer's own.
    tree.remove(parts);
    writeFileSync(tree.path(parts), text, { flag: "wx", mode: 0o644 });
  }
}

function empty(tree: Tree, parts: readonly string[]): void {
  if (!tree.stat(parts)?.isDirectory()) return;
  for (const name of readdirSync(tree.path(parts))) tree.remove([...parts, name]);
}

function layOver(tree: Tree, source: string, parts: readonly string[]): void {
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const from = join(source, entry.name);
    const to = [...parts, entry.name];
    if (entry.isDirectory()) {
      tree.directory(to, 0o755);
      layOver(tree, from, to);
      chmodSync(tree.path(to), lstatSync(from).mode & 0o777);
    } else {
      tree.remove(to);
      place(entry, from, tree.path(to));
    }
  }
}

function place(entry: Dirent, from: string, to: string): void {
  if (entry.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else linkOrCopy(from, to);
}
