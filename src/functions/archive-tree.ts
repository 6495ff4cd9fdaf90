/**
 * What an archive would put where, checked before anything is written: plain relative names, no name twice, nothing
 * below a file or a link, and no link that leads out. Knows names only; touches no disk.
 */
import { UnzipError } from "./unzip-error.ts";

export type NodeType = "file" | "link" | "directory";

const MAX_PATH_BYTES = 2048;
const MAX_NAME_BYTES = 255;
/** As many links as Linux follows in one path. */
const MAX_LINKS_FOLLOWED = 40;
/** In all links together: bounds the work that an archive can ask for. */
const MAX_STEPS = 1_000_000;

export class ArchiveTree {
  readonly #maxNodes: number;
  readonly #nodes = new Map<string, NodeType>();
  readonly #targets = new Map<string, string>();
  #steps = 0;

  /** @param maxNodes files, links and directories together, those included that names only imply */
  constructor(maxNodes: number) {
    this.#maxNodes = maxNodes;
  }

  /**
   * Take in an entry.
   * @returns its plain path (empty for the root itself) and the directories to make first, outermost first
   * @throws UnzipError
   */
  add(name: string, type: NodeType): { path: string; newDirectories: string[] } {
    const parts = partsOf(name);
    const newDirectories: string[] = [];
    // From the inside out, up to the first directory that is known: deep names would cost their square otherwise.
    for (let depth = type === "directory" ? parts.length : parts.length - 1; depth > 0; depth -= 1) {
      const directory = parts.slice(0, depth).join("/");
      const known = this.#nodes.get(directory);
      if (known === "directory") break;
      if (known) throw new UnzipError("invalid", `${directory} is a ${known} and a directory`);
      this.#put(directory, "directory");
      newDirectories.unshift(directory);
    }
    const path = parts.join("/");
    if (type !== "directory") {
      if (path === "" || this.#nodes.has(path)) throw new UnzipError("invalid", `${name} occurs twice`);
      this.#put(path, type);
    }
    return { path, newDirectories };
  }

  /** Say where a link that was added points. */
  point(path: string, target: string): void {
    if (target === "" || target.includes("\0") || Buffer.byteLength(target) > MAX_PATH_BYTES) {
      throw new UnzipError("invalid", `${path} points nowhere`);
    }
    this.#targets.set(path, target);
  }

  /**
   * Every link with its target.
   * @throws UnzipError when one of them leads out, directly or through others
   */
  links(): ReadonlyMap<string, string> {
    for (const [path, target] of this.#targets) this.#follow(path, target);
    return this.#targets;
  }

  /** Walks as the kernel would, one component at a time: `..` after a link means the parent of where that link led. */
  #follow(path: string, target: string): void {
    const here = path.split("/").slice(0, -1);
    const ahead = stepsOf(path, target).reverse();
    let followed = 1;
    for (let step = ahead.pop(); step !== undefined; step = ahead.pop()) {
      this.#steps += 1;
      if (this.#steps > MAX_STEPS) throw new UnzipError("invalid", "the links are too many");
      if (step === "" || step === ".") continue;
      if (step === "..") {
        if (here.pop() === undefined) throw new UnzipError("invalid", `${path} leads out`);
        continue;
      }
      here.push(step);
      const onward = this.#targets.get(here.join("/"));
      if (onward === undefined) continue;
      followed += 1;
      if (followed > MAX_LINKS_FOLLOWED) throw new UnzipError("invalid", `${path} leads in circles`);
      here.pop();
      ahead.push(...stepsOf(path, onward).reverse());
    }
  }

  #put(path: string, type: NodeType): void {
    if (this.#nodes.size >= this.#maxNodes) throw new UnzipError("invalid", `more than ${this.#maxNodes} entries`);
    this.#nodes.set(path, type);
  }
}

function partsOf(name: string): string[] {
  if (name === "" || name.startsWith("/") || name.includes("\0") || name.includes("\\")) {
    throw new UnzipError("invalid", `the name ${JSON.stringify(name)} is not allowed`);
  }
  if (Buffer.byteLength(name) > MAX_PATH_BYTES) throw new UnzipError("invalid", "a name is too long");
  const parts = (name.endsWith("/") ? name.slice(0, -1) : name).split("/").filter((part) => part !== ".");
  for (const part of parts) {
    if (part === "" || part === ".." || Buffer.byteLength(part) > MAX_NAME_BYTES) {
      throw new UnzipError("invalid", `the name ${JSON.stringify(name)} is not allowed`);
    }
  }
  return parts;
}

function stepsOf(path: string, target: string): string[] {
  if (target.startsWith("/")) throw new UnzipError("invalid", `${path} leads out`);
  return target.split("/");
}
