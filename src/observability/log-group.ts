/**
 * The events of one log group. What functions write is written behind, never waited for, and dropped rather than kept in
 * memory without end; what was sent by PutLogEvents is on the disk when its promise resolves. One file for all streams.
 */
import { open } from "node:fs/promises";
import { type LogEvent, lineOf, type NewLogEvent, parseLine, positionOf, segmentOf } from "./log-event.ts";
import { readLines, type Segment, Segments } from "./log-segments.ts";

/** Where a function's environment writes. */
export interface LogStream {
  /** The chain of functions behind what is written now, as in trace headers. */
  lineage?: string | undefined;
  append(timestampMs: number, message: string): void;
}

/** What one stream got in a write. */
export interface WrittenStream {
  readonly logStream: string;
  /** Unix ms, of its events */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Unix ms */
  readonly ingestionMs: number;
  /** By PutLogEvents, not by a function. */
  readonly isPromised: boolean;
}

export interface Reading {
  /** Unix ms, inclusive */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** Events behind this position only. */
  readonly after?: number | undefined;
  readonly logStreams?: ReadonlySet<string> | undefined;
  /** Segments by the time of their events, for who looks for the first or the last; else as they came. */
  readonly order?: "oldest" | "newest" | undefined;
  /** Asked before each segment: enough was found, none of its events can matter. */
  readonly isEnough?: ((segment: Readonly<Segment>) => boolean) | undefined;
}

export interface GroupListener {
  /** Events of a group are on the disk: what streams they are of, and the position behind the last. */
  written(streams: readonly WrittenStream[], end: number): void;
  dropped(count: number, error?: unknown): void;
}

/** bytes, roughly, waiting for the disk; beyond it the disk is too slow and events of functions are dropped, and counted */
const MAX_WAITING = 8 * 1024 * 1024;
/** what an event takes beside its message, in memory and in the file */
const EVENT_OVERHEAD = 200;
/** characters in one write */
const PIECE = 4 * 1024 * 1024;
/** bytes of functions' output that are kept of a group without a retention policy */
const UNPROMISED_BYTES = 64 * 1024 * 1024;

interface Accepted {
  resolve(): void;
  reject(error: unknown): void;
}

/** What becomes one write: lines, and who waits for it. The events of one request never part. */
class Piece {
  readonly lines: string[] = [];
  readonly accepted: Accepted[] = [];
  size = 0;
  unpromised = 0;
  firstMs = Number.POSITIVE_INFINITY;
  lastMs = Number.NEGATIVE_INFINITY;

  add(line: string, timestamp: number): void {
    this.lines.push(line);
    this.size += line.length + EVENT_OVERHEAD;
    if (timestamp < this.firstMs) this.firstMs = timestamp;
    if (timestamp > this.lastMs) this.lastMs = timestamp;
  }
}

type Touched = { -readonly [K in keyof WrittenStream]: WrittenStream[K] };

export class LogGroup {
  readonly #segments: Segments;
  readonly #listener: GroupListener;
  readonly #onWaiting: () => void;
  /** The last one is added to. */
  #waiting: Piece[] = [];
  #waitingSize = 0;
  #dropped = 0;
  #touched = new Map<string, Touched>();
  #work: Promise<unknown> = Promise.resolve();
  /** Unix ms: what happened before is to be gone. */
  #expiryMs = Number.NEGATIVE_INFINITY;

  /** @param onWaiting called when there is something to write */
  constructor(directory: string, logGroup: string, listener: GroupListener, onWaiting: () => void) {
    this.#segments = new Segments(directory, logGroup);
    this.#listener = listener;
    this.#onWaiting = onWaiting;
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0 || this.#dropped > 0;
  }

  /** bytes on the disk */
  async bytes(): Promise<number> {
    return (await this.#segments.list()).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  stream(logStream: string): LogStream {
    const inFile = JSON.stringify(logStream);
    let touched: Touched | undefined;
    let among: ReadonlyMap<string, Touched> | undefined;
    const stream: LogStream = {
      lineage: undefined,
      append: (timestamp, message) => {
        if (this.#waitingSize > MAX_WAITING) {
          this.#dropped++;
          return;
        }
        const piece = this.#enqueue(lineOf(inFile, timestamp, message, undefined, stream.lineage), timestamp);
        piece.unpromised++;
        if (touched === undefined || among !== this.#touched) {
          among = this.#touched;
          touched = this.#touch(logStream, timestamp, timestamp, false);
        } else extend(touched, timestamp, timestamp);
      },
    };
    return stream;
  }

  /** Resolves when the events are on the disk. They are in the order of their times. */
  async accept(logStream: string, events: readonly NewLogEvent[], ingestionTime: number): Promise<void> {
    const [first, last] = [events[0], events.at(-1)];
    if (!first || !last) return;
    const inFile = JSON.stringify(logStream);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const piece = this.#pieceToFill();
    for (const { timestamp, message } of events) {
      this.#enqueue(lineOf(inFile, timestamp, message, ingestionTime, undefined), timestamp, piece);
    }
    piece.accepted.push({ resolve, reject });
    this.#touch(logStream, first.timestamp, ingestionTime, true);
    this.#touch(logStream, last.timestamp, ingestionTime, true);
    void this.flush();
    await promise;
  }

  /** Everything appended so far is with the operating system when this resolves, or was dropped. */
  flush(): Promise<void> {
    return this.#alone(() => this.#writeAll());
  }

  /** Events in the order in which they came, segment by segment, in pieces. */
  async *read(reading: Reading = {}): AsyncGenerator<LogEvent[]> {
    await this.flush();
    const { toMs = Number.POSITIVE_INFINITY, after = -1, logStreams, isEnough } = reading;
    const fromMs = Math.max(reading.fromMs ?? Number.NEGATIVE_INFINITY, this.#expiryMs);
    const from = segmentOf(Math.max(after, 0));
    const ends = (await this.#segments.list()).map((segment) => ({ ...segment }));
    if (reading.order === "oldest") ends.sort((a, b) => a.firstMs - b.firstMs);
    if (reading.order === "newest") ends.sort((a, b) => b.lastMs - a.lastMs);
    for (const segment of ends) {
      if (segment.number < from.segment || segment.lastMs < fromMs || segment.firstMs > toMs) continue;
      if (isEnough?.(segment)) return;
      const start = segment.number === from.segment ? from.offset : 0;
      for await (const lines of readLines(this.#segments.pathOf(segment.number), start, segment.bytes)) {
        const events: LogEvent[] = [];
        for (const { at, text } of lines) {
          const event = parseLine(text, positionOf(segment.number, at));
          if (!event || event.position <= after || event.timestamp < fromMs || event.timestamp > toMs) continue;
          if (!logStreams || logStreams.has(event.logStream)) events.push(event);
        }
        if (events.length > 0) yield events;
      }
    }
  }

  /** The position behind everything appended so far. */
  async end(): Promise<number> {
    await this.flush();
    const { segment, offset } = await this.#segments.end();
    return positionOf(segment, offset) - 1;
  }

  /** Hide what happened before that time, and delete the segments in which there is nothing else. Without one: bound it. */
  expire(beforeMs: number | undefined): Promise<void> {
    this.#expiryMs = beforeMs ?? Number.NEGATIVE_INFINITY;
    return this.#alone(() =>
      this.#segments.prune(this.#expiryMs, beforeMs === undefined ? UNPROMISED_BYTES : Number.POSITIVE_INFINITY),
    );
  }

  /** The time of the oldest event that may be there, unix ms. */
  async oldestMs(): Promise<number> {
    const firsts = (await this.#segments.list()).map(({ firstMs }) => firstMs);
    return Math.max(Math.min(Number.POSITIVE_INFINITY, ...firsts), this.#expiryMs);
  }

  /** Overwrite a stream's events: places of others stay as they are. */
  wipeStream(logStream: string): Promise<void> {
    return this.#alone(async () => {
      await this.#writeAll();
      for (const { number, bytes } of await this.#segments.list())
        await wipe(this.#segments.pathOf(number), bytes, logStream);
    });
  }

  remove(): Promise<void> {
    return this.#alone(async () => {
      await this.#writeAll();
      await this.#segments.remove();
    });
  }

  #enqueue(line: string, timestamp: number, piece = this.#pieceToFill()): Piece {
    const before = piece.size;
    piece.add(line, timestamp);
    this.#waitingSize += piece.size - before;
    return piece;
  }

  #pieceToFill(): Piece {
    const last = this.#waiting[this.#waiting.length - 1];
    if (last !== undefined && last.size < PIECE) return last;
    const piece = new Piece();
    this.#waiting.push(piece);
    if (last === undefined) this.#onWaiting();
    return piece;
  }

  #touch(logStream: string, timestamp: number, ingestionMs: number, isPromised: boolean): Touched {
    let touched = this.#touched.get(logStream);
    if (touched) extend(touched, timestamp, ingestionMs);
    else {
      touched = { logStream, firstMs: timestamp, lastMs: timestamp, ingestionMs, isPromised };
      this.#touched.set(logStream, touched);
    }
    touched.isPromised ||= isPromised;
    return touched;
  }

  #alone<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#work.then(task, task);
    this.#work = mine.catch(() => {});
    return mine;
  }

  async #writeAll(): Promise<void> {
    const [waiting, touched] = [this.#waiting, this.#touched];
    this.#waiting = [];
    this.#waitingSize = 0;
    this.#touched = new Map();
    let isGrown = false;
    for (const piece of waiting) isGrown = (await this.#writePiece(piece)) || isGrown;
    if (this.#dropped > 0) this.#listener.dropped(this.#dropped);
    this.#dropped = 0;
    if (touched.size === 0) return;
    const { segment, offset } = await this.#segments.end();
    this.#listener.written([...touched.values()], positionOf(segment, offset) - 1);
    if (isGrown && this.#expiryMs === Number.NEGATIVE_INFINITY) {
      await this.#segments.prune(this.#expiryMs, UNPROMISED_BYTES);
    }
  }

  /** @returns whether a new segment was begun */
  async #writePiece({ lines, accepted, firstMs, lastMs, unpromised }: Piece): Promise<boolean> {
    const bytes = Buffer.from(`${lines.join("\n")}\n`);
    try {
      const isNew = await this.#segments.append({ bytes, firstMs, lastMs, isPromised: accepted.length > 0 });
      for (const { resolve } of accepted) resolve();
      return isNew;
    } catch (error) {
      for (const { reject } of accepted) reject(error);
      this.#listener.dropped(unpromised, error);
      return false;
    }
  }
}

function extend(touched: Touched, timestamp: number, ingestionMs: number): void {
  if (timestamp < touched.firstMs) touched.firstMs = timestamp;
  if (timestamp > touched.lastMs) touched.lastMs = timestamp;
  touched.ingestionMs = ingestionMs;
}

async function wipe(path: string, bytes: number, logStream: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    for await (const lines of readLines(path, 0, bytes)) {
      for (const { at, text } of lines) {
        if (parseLine(text, 0)?.logStream !== logStream) continue;
        await file.write(Buffer.alloc(Buffer.byteLength(text), " "), 0, undefined, at);
      }
    }
    await file.datasync();
  } finally {
    await file.close();
  }
}
