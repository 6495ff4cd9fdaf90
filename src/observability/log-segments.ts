/**
 * The files of one log group: append-only segments, numbered, each with a summary beside it once nothing is added to it
 * any more. Old ones are deleted whole. Who writes comes one at a time; who reads may come at any time.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseLine } from "./log-event.ts";

export interface Segment {
  readonly number: number;
  bytes: number;
  /** Unix ms, of the events in it; Infinity and -Infinity while there are none. */
  firstMs: number;
  lastMs: number;
  /** It holds something that was promised to be kept. */
  isPromised: boolean;
}

/** What one write brings. */
export interface Piece {
  readonly bytes: Buffer;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly isPromised: boolean;
}

const SEGMENT_BYTES = 4 * 1024 * 1024;
/** ms: what a group of little traffic has is deleted day by day, too */
const SEGMENT_AGE_MS = 24 * 3_600_000;
const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 10;
const NAME_FILE = "group-name";

export class Segments {
  readonly #directory: string;
  readonly #logGroup: string;
  #all: Segment[] = [];
  /** The one that is written to; undefined: the next write begins one. */
  #current: Segment | undefined;
  #opened: Promise<void> | undefined;
  #lastNumber = 0;

  constructor(directory: string, logGroup: string) {
    this.#directory = directory;
    this.#logGroup = logGroup;
  }

  /** Oldest first. */
  async list(): Promise<readonly Segment[]> {
    await this.#open();
    return this.#all;
  }

  pathOf(segment: number): string {
    return join(this.#directory, `${segment}.ndjson`);
  }

  /** Behind the last event. */
  async end(): Promise<{ readonly segment: number; readonly offset: number }> {
    await this.#open();
    return this.#current
      ? { segment: this.#current.number, offset: this.#current.bytes }
      : { segment: this.#lastNumber + 1, offset: 0 };
  }

  /** @returns whether a new segment was begun @throws what the disk says; nothing of it can be read then */
  async append({ bytes, firstMs, lastMs, isPromised }: Piece): Promise<boolean> {
    await this.#open();
    const isOld = this.#current && this.#current.firstMs < Date.now() - SEGMENT_AGE_MS;
    if (isOld || (this.#current && this.#current.bytes + bytes.length > SEGMENT_BYTES && this.#current.bytes > 0)) {
      await this.#seal();
    }
    const isNew = this.#current === undefined;
    const segment = this.#current ?? (await this.#begin());
    try {
      const file = await open(this.pathOf(segment.number), "a");
      try {
        await file.appendFile(bytes);
        if (isPromised) await file.datasync();
      } finally {
        await file.close();
      }
      if (isPromised && isNew) await syncDirectories(this.#directory, dirname(this.#directory));
    } catch (error) {
      // A part of it may stand there: it is cut off, and nothing is added behind it.
      this.#current = undefined;
      await truncate(this.pathOf(segment.number), segment.bytes);
      throw error;
    }
    segment.bytes += bytes.length;
    segment.firstMs = Math.min(segment.firstMs, firstMs);
    segment.lastMs = Math.max(segment.lastMs, lastMs);
    segment.isPromised ||= isPromised;
    return isNew;
  }

  /** Delete segments of which all is older, and the oldest of more than so many bytes of what nobody was promised. */
  async prune(beforeMs: number, unpromisedBytes: number): Promise<void> {
    await this.#open();
    if (this.#current && this.#current.lastMs < beforeMs) await this.#seal();
    let kept = 0;
    for (const segment of this.#all.toReversed()) {
      if (segment === this.#current) continue;
      kept += segment.isPromised ? 0 : segment.bytes;
      if (segment.lastMs >= beforeMs && (segment.isPromised || kept <= unpromisedBytes)) continue;
      this.#all = this.#all.filter((other) => other !== segment);
      await rm(this.pathOf(segment.number), { force: true });
      await rm(this.#summaryOf(segment.number), { force: true });
    }
  }

  /** Forget everything, for good. Numbers go on, so that no position means two events. */
  async remove(): Promise<void> {
    await this.#open();
    this.#all = [];
    this.#current = undefined;
    const doomed = `${this.#directory}.deleted`;
    await rm(doomed, { recursive: true, force: true });
    // In one step: after a crash all of it is there, or nothing.
    await rename(this.#directory, doomed).catch(ignoreMissing);
    await syncDirectories(dirname(this.#directory));
    await rm(doomed, { recursive: true, force: true });
  }

  #open(): Promise<void> {
    this.#opened ??= this.#load();
    return this.#opened;
  }

  async #load(): Promise<void> {
    const names = await readdir(this.#directory).catch(() => []);
    const numbers = names.filter((name) => name.endsWith(".ndjson")).map((name) => Number.parseInt(name, 10));
    for (const number of numbers.filter((found) => found > 0).sort((a, b) => a - b)) {
      this.#all.push((await this.#readSummary(number)) ?? (await this.#summarise(number)));
    }
    const last = this.#all.at(-1);
    this.#lastNumber = last?.number ?? 0;
    if (last && last.bytes < SEGMENT_BYTES && (await endsWithNewline(this.pathOf(last.number), last.bytes))) {
      this.#current = last;
    }
  }

  async #begin(): Promise<Segment> {
    await mkdir(this.#directory, { recursive: true });
    if (this.#all.length === 0) await writeFile(join(this.#directory, NAME_FILE), this.#logGroup);
    const segment = {
      number: ++this.#lastNumber,
      bytes: 0,
      firstMs: Number.POSITIVE_INFINITY,
      lastMs: Number.NEGATIVE_INFINITY,
      isPromised: false,
    };
    this.#all = [...this.#all, segment];
    this.#current = segment;
    return segment;
  }

  async #seal(): Promise<void> {
    const segment = this.#current;
    this.#current = undefined;
    // Without it the next start reads the whole segment, no more.
    if (segment) await writeFile(this.#summaryOf(segment.number), JSON.stringify(segment)).catch(() => {});
  }

  async #readSummary(number: number): Promise<Segment | undefined> {
    try {
      const summary = JSON.parse(await readFile(this.#summaryOf(number), "utf8")) as Segment;
      const { size } = await stat(this.pathOf(number));
      return size === summary.bytes && summary.number === number ? summary : undefined;
    } catch {
      return undefined;
    }
  }

  async #summarise(number: number): Promise<Segment> {
    const { size } = await stat(this.pathOf(number));
    const segment = { number, bytes: size, firstMs: Infinity, lastMs: -Infinity, isPromised: false };
    for await (const lines of readLines(this.pathOf(number), 0, size)) {
      for (const { text } of lines) {
        const event = parseLine(text, 0);
        if (!event) continue;
        segment.firstMs = Math.min(segment.firstMs, event.timestamp);
        segment.lastMs = Math.max(segment.lastMs, event.timestamp);
        segment.isPromised ||= text.includes('"ingestionTime":');
      }
    }
    return segment;
  }

  #summaryOf(number: number): string {
    return join(this.#directory, `${number}.summary.json`);
  }
}

/** The group whose directory it is. Those of earlier versions say it by their names only. */
export async function groupNameOf(directory: string, name: string): Promise<string | undefined> {
  const written = await readFile(join(directory, name, NAME_FILE), "utf8").catch(() => "");
  if (written !== "") return written;
  const isHash = /^group-[0-9a-f]{64}$/.test(name);
  return name.startsWith("group-") && !isHash ? name.slice(6).replaceAll("~", "/") : undefined;
}

export interface Line {
  /** bytes into the file */
  readonly at: number;
  readonly text: string;
}

/** A file's whole lines, in pieces. One that is deleted meanwhile has no more. */
export async function* readLines(path: string, from: number, end: number): AsyncGenerator<Line[]> {
  const file = await open(path, "r").catch(ignoreMissing);
  if (!file) return;
  try {
    let rest = Buffer.alloc(0);
    let next = from;
    while (next < end) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - next));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, next);
      if (bytesRead === 0) return;
      next += bytesRead;
      const data = rest.length > 0 ? Buffer.concat([rest, chunk.subarray(0, bytesRead)]) : chunk.subarray(0, bytesRead);
      const start = next - data.length;
      const lines: Line[] = [];
      let at = 0;
      for (let stop = data.indexOf(NEWLINE); stop >= 0; stop = data.indexOf(NEWLINE, at)) {
        lines.push({ at: start + at, text: data.toString("utf8", at, stop) });
        at = stop + 1;
      }
      rest = data.subarray(at);
      if (lines.length > 0) yield lines;
    }
  } finally {
    await file.close();
  }
}

async function truncate(path: string, bytes: number): Promise<void> {
  try {
    const file = await open(path, "r+");
    await file.truncate(bytes).finally(() => file.close());
  } catch {
    // The disk is in trouble, and what stands there is no whole line or nobody was promised it.
  }
}

async function endsWithNewline(path: string, bytes: number): Promise<boolean> {
  if (bytes === 0) return true;
  const file = await open(path, "r");
  try {
    const last = Buffer.alloc(1);
    await file.read(last, 0, 1, bytes - 1);
    return last[0] === NEWLINE;
  } finally {
    await file.close();
  }
}

async function syncDirectories(...directories: readonly string[]): Promise<void> {
  for (const directory of directories) {
    const handle = await open(directory, "r").catch(ignoreMissing);
    await handle?.sync().finally(() => handle.close());
  }
}

function ignoreMissing(error: unknown): undefined {
  if ((error as { code?: string }).code !== "ENOENT") throw error;
  return undefined;
}
