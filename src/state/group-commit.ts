/**
 * One commit, and so one wait for the disk, for everything that asks for a change within the same turn of the event
 * loop. A change has happened when its promise resolves; until then nobody, its own caller included, sees its result.
 */
import type { DatabaseSync } from "node:sqlite";

export interface CommitHooks {
  /** Called after each commit, before those who asked for the changes hear of it. */
  committed(): void;
  /** Called when a change could not be made. Answers what its caller is to be told. */
  failed(error: unknown): unknown;
}

interface Task {
  run(): void;
  done(): void;
  fail(error: unknown): void;
}

export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #hooks: CommitHooks;
  #tasks: Task[] = [];
  #closed: Error | undefined;

  constructor(database: DatabaseSync, hooks: CommitHooks) {
    this.#database = database;
    this.#hooks = hooks;
  }

  /** Make a change, or read what is committed. The task must not wait for anything. */
  run<T>(task: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      let result: T;
      this.#tasks.push({
        run: () => {
          result = task();
        },
        done: () => resolve(result),
        fail: reject,
      });
      if (this.#tasks.length === 1) setImmediate(() => this.flush());
    });
  }

  /** Commit what waits, now. */
  flush(): void {
    const tasks = this.#tasks;
    if (tasks.length === 0) return;
    this.#tasks = [];
    if (this.#commit(tasks)) return;
    // One that is too large for the disk must not take the others with it.
    if (tasks.length > 1) for (const task of tasks) this.#commit([task]);
  }

  /** Commit what waits, and refuse what comes later. */
  close(): void {
    this.flush();
    this.#closed = new Error("the queue is closed");
  }

  #commit(tasks: readonly Task[]): boolean {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const task of tasks) task.run();
      this.#database.exec("COMMIT");
    } catch (error) {
      // SQLite itself gives a transaction up when the disk is full or fails.
      let told = error;
      try {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        told = this.#hooks.failed(error);
      } catch {
        // A disk that fails to read, too: what failed first is what is told.
      }
      if (tasks.length === 1) tasks[0]?.fail(told);
      return false;
    }
    try {
      this.#hooks.committed();
    } catch {
      // It is on the disk all the same, and what could not be read is read again with the next commit.
    }
    for (const task of tasks) task.done();
    return true;
  }
}
