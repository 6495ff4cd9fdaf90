/**
 * A directory into which hostile archives are written: nothing outside is ever touched, whatever links are inside. Blocks:
 * for the thread that unpacks.
 */
import { chmodSync, linkSync, lstatSync, mkdirSync, readlinkSync, rmSync, type Stats, symlinkSync } from "node:fs";
import { join } from "node:path";

const MOST_LINKS = 40;
const LONGEST_NAME = 255;

/** The way of a name through an archive cannot be gone. */
export class BadPath extends Error {
  override readonly name = "BadPath";
}

/** The components of a name, from the top; none for the top itself. @throws BadPath when it leads out, or nowhere */
export function componentsOf(name: string): string[] {
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") throw new BadPath(`${name} leads out of the image`);
    if (part.includes("\0") || Buffer.byteLength(part) > LONGEST_NAME) throw new BadPath(`${name} is no file name`);
    parts.push(part);
  }
  return parts;
}

export class Tree {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** What is at a path of which no part before the last is a link. */
  stat(parts: readonly string[]): Stats | undefined {
    let path = this.root;
    for (const [index, part] of parts.entries()) {
      path = join(path, part);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (!stats || index === parts.length - 1) return stats;
      if (!stats.isDirectory()) return undefined;
    }
    return lstatSync(this.root);
  }

  /**
   * The directory in which an entry is to be written, made where it is not there, as programs inside would come to it: links
   * are followed within the tree.
   * @returns its components, none of them a link
   */
  parentOf(parts: readonly string[]): string[] {
    const found = this.#walk(parts.slice(0, -1), (here, stats) => {
      if (!stats?.isDirectory()) this.directory(here, 0o755);
      return true;
    });
    if (!found) throw new BadPath("links that lead to each other");
    return found;
  }

  /** Host path of what programs inside find at a path, links followed within the tree; undefined when there is nothing. */
  find(parts: readonly string[]): string | undefined {
    const found = this.#walk(parts, (_, stats) => stats !== undefined);
    return found && this.path(found);
  }

  /** A directory, in the place of whatever is there and is none. */
  directory(parts: readonly string[], mode: number): string {
    const path = this.path(parts);
    if (!this.stat(parts)?.isDirectory()) {
      this.remove(parts);
      mkdirSync(path);
    }
    chmodSync(path, mode);
    return path;
  }

  /** Every directory of a path, none of them reached through a link: what is in the way goes. */
  directories(parts: readonly string[]): string {
    for (let length = 1; length <= parts.length; length++) {
      const some = parts.slice(0, length);
      if (!this.stat(some)?.isDirectory()) this.directory(some, 0o755);
    }
    return this.path(parts);
  }

  symbolicLink(parts: readonly string[], target: string): void {
    this.remove(parts);
    symlinkSync(target, this.path(parts));
  }

  /** @returns false when there is no such file in this tree */
  hardLink(parts: readonly string[], to: readonly string[]): boolean {
    if (!this.stat(to)?.isFile()) return false;
    if (this.path(parts) === this.path(to)) return true;
    this.remove(parts);
    linkSync(this.path(to), this.path(parts));
    return true;
  }

  remove(parts: readonly string[]): void {
    if (parts.length > 0 && this.stat(parts)) rmSync(this.path(parts), { recursive: true });
  }

  path(parts: readonly string[]): string {
    return join(this.root, ...parts);
  }

  /** Where a link leads, from the top; `..` may be among it. */
  #target(link: readonly string[]): string[] {
    const target = readlinkSync(this.path(link));
    const parts = target.split("/").filter((part) => part !== "" && part !== ".");
    return target.startsWith("/") ? parts : [...link.slice(0, -1), ...parts];
  }

  /**
   * Go as programs inside would, links followed within the tree.
   * @param enter told of each place that is no link; false ends the walk
   * @returns where it ends, no component a link; undefined when it was ended, or links lead to each other
   */
  #walk(
    parts: readonly string[],
    enter: (here: readonly string[], stats: Stats | undefined) => boolean,
    links = 0,
  ): string[] | undefined {
    const resolved: string[] = [];
    for (const [index, part] of parts.entries()) {
      if (part === "..") {
        resolved.pop();
        continue;
      }
      const here = [...resolved, part];
      const stats = lstatSync(this.path(here), { throwIfNoEntry: false });
      if (stats?.isSymbolicLink()) {
        if (links >= MOST_LINKS) return undefined;
        return this.#walk([...this.#target(here), ...parts.slice(index + 1)], enter, links + 1);
      }
      if (!enter(here, stats)) return undefined;
      resolved.push(part);
    }
    return resolved;
  }
}
