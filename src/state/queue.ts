/**
 * A durable queue of entries in lanes. Within a lane entries come out when they are due, oldest first; lanes know
 * nothing of each other. At least once: an entry that was claimed and not settled when the region died is due again.
 */

export interface NewEntry {
  /** Whose turn it is: one busy lane never delays another. */
  readonly lane: string;
  /** Unix ms. */
  readonly dueMs: number;
  /** What people find it by. */
  readonly key: string;
  /** JSON, small: everything but the payload. */
  readonly about: string;
  readonly payload: Buffer;
}

export interface Entry extends NewEntry {
  readonly id: number;
  /** What came of the last try, when something was kept. */
  readonly answer: Buffer | undefined;
}

/** An entry as lists show it. */
export interface ListedEntry {
  readonly id: number;
  readonly lane: string;
  readonly key: string;
  readonly about: string;
  /** Unix ms; undefined when it is buried. */
  readonly dueMs: number | undefined;
  /** Unix ms; undefined while it is alive. */
  readonly buriedMs: number | undefined;
  readonly isClaimed: boolean;
  readonly payloadBytes: number;
}

export interface FoundEntry extends ListedEntry {
  readonly payload: Buffer;
  readonly answer: Buffer | undefined;
}

export interface Selection {
  readonly lane?: string | undefined;
  readonly buried?: boolean | undefined;
}

/** What an entry that is tried again later, or buried, says of itself from then on. */
export interface Revision {
  readonly about: string;
  /** Absent: the answer that was kept before stays. */
  readonly answer?: Buffer | undefined;
}

export interface Settlement {
  /** Entries that take its place. */
  readonly put?: readonly NewEntry[];
  /** Keep it for people instead of deleting it; it is never due again by itself. */
  readonly bury?: Revision | undefined;
}

/** An entry that was kept for people. */
export interface BuriedEntry {
  readonly id: number;
  readonly about: string;
}

/** A buried entry that is to be due again, and what it says of itself from then on. */
export type RevivedEntry = BuriedEntry;

/** Every promise resolves when the change is on the disk. */
export interface Queue {
  /** @throws StorageError when the disk does not take it: nothing of it is kept then */
  put(entries: readonly NewEntry[]): Promise<void>;
  /** Is there room for another entry of the lane? put() itself does not ask: what follows from other entries must not be lost. */
  hasRoom(lane: string, payloadBytes: number): boolean;
  /** Lanes with entries that are alive, and the earliest time (unix ms) at which one may be due. */
  lanes(): ReadonlyMap<string, number>;
  /** Take what is due in a lane, of large entries fewer. Nobody else gets it for as long as the lease (ms), or until it is put off. */
  claim(lane: string, limit: number, leaseMs: number): Promise<Entry[]>;
  /** Give a claimed entry back, due later. Harmless when it was removed meanwhile. */
  postpone(id: number, dueMs: number, revision?: Revision): Promise<void>;
  /** Be done with a claimed entry, in one step with what follows from it. Does nothing when it was removed meanwhile. */
  settle(id: number, settlement: Settlement): Promise<void>;
  /** Remove all entries of a lane, buried ones too. @returns how many */
  drop(lane: string): Promise<number>;
  /** Called after entries came that may be due sooner than what was known. */
  onPut(listener: () => void): void;

  /** Newest first, from below an id. */
  list(
    selection: Selection,
    page: { readonly below?: number | undefined; readonly limit: number },
  ): Promise<ListedEntry[]>;
  find(key: string): Promise<FoundEntry | undefined>;
  buried(which: Selection | { readonly key: string }): Promise<BuriedEntry[]>;
  /** Make entries that are still buried due again. @returns how many */
  revive(entries: readonly RevivedEntry[]): Promise<number>;
  remove(which: Selection | { readonly key: string }): Promise<number>;
  /** Forget buried entries that are older than a time (unix ms), and the oldest of more than so many or so many bytes. */
  prune(beforeMs: number, keep: { readonly entries: number; readonly bytes: number }): Promise<number>;
  /** What was asked for is committed; what comes later is refused. */
  close(): void | Promise<void>;
}
