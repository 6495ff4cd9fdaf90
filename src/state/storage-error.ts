/** Trouble with the place where the region keeps its state, in the operator's words: what is wrong and what helps. */

/** The region's state cannot be opened. The message says what is wrong, `hint` what the operator can do. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly hint: string;

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.hint = hint;
  }
}

type Words = readonly [what: string, hint: string];

const READ_ONLY: Words = ["cannot be written", "make it writable, or choose another data directory"];
const FULL: Words = ["is on a disk that is full", "free some space"];
const DAMAGED: Words = ["is damaged", "restore it from a backup, or move it away to start anew without what it held"];
const NO_DIRECTORY: Words = ["is not a directory", "choose another data directory"];

const BY_CODE: Readonly<Record<string, Words>> = {
  EACCES: READ_ONLY,
  EDQUOT: FULL,
  EEXIST: NO_DIRECTORY,
  ENOSPC: FULL,
  ENOTDIR: NO_DIRECTORY,
  EPERM: READ_ONLY,
  EROFS: READ_ONLY,
};

/** By SQLite's primary result codes. */
const BY_RESULT: Readonly<Record<number, Words>> = {
  8: READ_ONLY,
  11: DAMAGED,
  13: FULL,
  14: READ_ONLY,
  26: DAMAGED,
};

/** The error in the operator's words where these are known, else as it is. */
export function storageError(path: string, error: unknown): unknown {
  const { code = "", errcode = 0 } = error as { code?: string; errcode?: number };
  // The upper bits of a result code only say more of the same.
  const words = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : BY_RESULT[errcode & 0xff];
  return words === undefined ? error : new StorageError(`${path} ${words[0]}`, words[1], error);
}

/** @throws StorageError */
export function damaged(path: string, detail: string): never {
  throw new StorageError(`${path} ${DAMAGED[0]} (${detail})`, DAMAGED[1]);
}
