/**
 * Small JSON documents by kind and name, for services that keep settings: all of them in memory, every change synced
 * before it is told and seen. A service that holds millions of things wants tables of its own.
 */
import type { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { databaseOn, openSqlite } from "./database.ts";
import { GroupCommit } from "./group-commit.ts";
import { type Migration, migrate } from "./migrations.ts";
import { storageError } from "./storage-error.ts";

const MIGRATIONS: readonly Migration[] = [
  {
    name: "create documents",
    up: async (database) => {
      await sql`create table documents (
        kind text not null,
        name text not null,
        content text not null,
        primary key (kind, name)
      ) without rowid`.execute(database);
    },
  },
];

export interface DocumentChange {
  readonly kind: string;
  readonly name: string;
  /** Absent: the document is removed. */
  readonly content?: unknown;
}

export class Documents {
  readonly #database: DatabaseSync;
  readonly #commits: GroupCommit;
  readonly #kinds = new Map<string, Map<string, unknown>>();

  private constructor(file: string, database: DatabaseSync) {
    this.#database = database;
    this.#commits = new GroupCommit(database, { committed: () => {}, failed: (error) => storageError(file, error) });
    for (const { kind, name, content } of database.prepare("select kind, name, content from documents").iterate()) {
      this.#all(kind as string).set(name as string, JSON.parse(content as string));
    }
  }

  /** @param file path; nobody else has it open @throws StorageError */
  static async open(file: string): Promise<Documents> {
    const database = openSqlite(file);
    try {
      await migrate(databaseOn(database), "documents", MIGRATIONS);
      return new Documents(file, database);
    } catch (error) {
      database.close();
      throw storageError(file, error);
    }
  }

  /** By name. Live: it changes with what is stored. */
  all<T>(kind: string): ReadonlyMap<string, T> {
    return this.#all(kind) as Map<string, T>;
  }

  find<T>(kind: string, name: string): T | undefined {
    return this.#kinds.get(kind)?.get(name) as T | undefined;
  }

  /** All of it, or nothing. @throws StorageError when the disk does not take it */
  async change(changes: readonly DocumentChange[]): Promise<void> {
    await this.#commits.run(() => {
      for (const { kind, name, content } of changes) {
        if (content === undefined) {
          this.#database.prepare("delete from documents where kind = ? and name = ?").run(kind, name);
        } else {
          this.#database
            .prepare("insert or replace into documents (kind, name, content) values (?, ?, ?)")
            .run(kind, name, JSON.stringify(content));
        }
      }
    });
    for (const { kind, name, content } of changes) {
      if (content === undefined) this.#all(kind).delete(name);
      else this.#all(kind).set(name, content);
    }
  }

  put(kind: string, name: string, content: unknown): Promise<void> {
    return this.change([{ kind, name, content }]);
  }

  close(): void {
    this.#commits.close();
    this.#database.close();
  }

  #all(kind: string): Map<string, unknown> {
    let all = this.#kinds.get(kind);
    if (!all) {
      all = new Map();
      this.#kinds.set(kind, all);
    }
    return all;
  }
}
