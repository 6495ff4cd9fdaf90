/**
 * What API Gateway keeps: documents, each of a kind, of an API or of the account. All are in memory, where requests find
 * them, and every change is on the disk before it is told of.
 */
import type { DatabaseSync } from "node:sqlite";
import { databaseOn, openSqlite } from "../../state/database.ts";
import { type Migration, migrate } from "../../state/migrations.ts";
import { storageError } from "../../state/storage-error.ts";

/** Owner of what belongs to no API: API keys, usage plans, domain names. */
export const ACCOUNT = "";

const MIGRATIONS: readonly Migration[] = [
  {
    name: "create documents",
    up: async (database) => {
      await database.schema
        .createTable("documents")
        .addColumn("position", "integer", (column) => column.primaryKey().autoIncrement())
        .addColumn("owner", "text", (column) => column.notNull())
        .addColumn("kind", "text", (column) => column.notNull())
        .addColumn("id", "text", (column) => column.notNull())
        .addColumn("document", "text", (column) => column.notNull())
        .addUniqueConstraint("documents_key", ["owner", "kind", "id"])
        .execute();
    },
  },
];

interface Row {
  readonly owner: string;
  readonly kind: string;
  readonly id: string;
  readonly document: string;
}

type Undo = () => void;

export class Records {
  readonly #database: DatabaseSync;
  readonly #file: string;
  /** Owner, kind, id; in the order in which they were made. */
  readonly #documents = new Map<string, Map<string, Map<string, unknown>>>();
  readonly #listeners: ((owner: string) => void)[] = [];
  readonly #put: ReturnType<DatabaseSync["prepare"]>;
  readonly #delete: ReturnType<DatabaseSync["prepare"]>;
  /** Of the transaction that is open. */
  #undo: Undo[] | undefined;
  #changed = new Set<string>();

  private constructor(file: string, database: DatabaseSync) {
    this.#file = file;
    this.#database = database;
    this.#put = database.prepare(
      "insert into documents (owner, kind, id, document) values (?, ?, ?, ?) on conflict (owner, kind, id) do update set document = excluded.document",
    );
    this.#delete = database.prepare("delete from documents where owner = ? and kind = ? and id = ?");
    for (const row of database.prepare("select owner, kind, id, document from documents order by position").iterate()) {
      const { owner, kind, id, document } = row as unknown as Row;
      this.#of(owner, kind).set(id, JSON.parse(document, revived));
    }
  }

  /** @throws StorageError */
  static async open(file: string): Promise<Records> {
    const database = openSqlite(file);
    try {
      await migrate(databaseOn(database), "api gateway", MIGRATIONS);
      return new Records(file, database);
    } catch (error) {
      database.close();
      throw storageError(file, error);
    }
  }

  close(): void {
    this.#database.close();
  }

  /** Called after each committed change, with each owner of what has changed. */
  onChange(listener: (owner: string) => void): void {
    this.#listeners.push(listener);
  }

  get<T>(owner: string, kind: string, id: string): T | undefined {
    return this.#documents.get(owner)?.get(kind)?.get(id) as T | undefined;
  }

  list<T>(owner: string, kind: string): T[] {
    return [...((this.#documents.get(owner)?.get(kind)?.values() ?? []) as Iterable<T>)];
  }

  /** All changes that `work` makes, or none. What it throws is thrown. @throws StorageError */
  change<T>(work: () => T): T {
    if (this.#undo) return work();
    this.#undo = [];
    let result: T;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      result = work();
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#rollBack(this.#undo);
      // The caller's own errors are none of the disk's.
      throw error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR"
        ? storageError(this.#file, error)
        : error;
    }
    this.#undo = undefined;
    const changed = this.#changed;
    this.#changed = new Set();
    for (const owner of changed) for (const listener of this.#listeners) listener(owner);
    return result;
  }

  /** As `change`, and each API of which something is changed gets a document of this kind. */
  changeMarked<T>(kind: string, work: () => T): T {
    return this.change(() => {
      const result = work();
      for (const owner of this.#changed) {
        if (owner !== ACCOUNT && this.#isLeft(owner) && !this.get(owner, kind, "")) this.put(owner, kind, "", {});
      }
      return result;
    });
  }

  put(owner: string, kind: string, id: string, document: object): void {
    this.change(() => {
      this.#put.run(owner, kind, id, JSON.stringify(document));
      const documents = this.#of(owner, kind);
      const before = documents.get(id);
      documents.set(id, document);
      this.#note(owner, () => (before === undefined ? documents.delete(id) : documents.set(id, before)));
    });
  }

  /** Answers whether there was one. */
  delete(owner: string, kind: string, id: string): boolean {
    const documents = this.#documents.get(owner)?.get(kind);
    if (!documents?.has(id)) return false;
    this.change(() => {
      this.#delete.run(owner, kind, id);
      const before = [...documents];
      documents.delete(id);
      this.#note(owner, () => {
        // In the place that it had.
        documents.clear();
        for (const [each, document] of before) documents.set(each, document);
      });
    });
    return true;
  }

  /** Everything of an API. */
  deleteAll(owner: string): void {
    this.change(() => {
      for (const [kind, documents] of this.#documents.get(owner) ?? []) {
        for (const id of [...documents.keys()]) this.delete(owner, kind, id);
      }
    });
  }

  #isLeft(owner: string): boolean {
    return [...(this.#documents.get(owner)?.values() ?? [])].some((documents) => documents.size > 0);
  }

  #note(owner: string, undo: Undo): void {
    this.#changed.add(owner);
    this.#undo?.push(undo);
  }

  #rollBack(undo: readonly Undo[]): void {
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    for (const each of undo.toReversed()) each();
    this.#undo = undefined;
    this.#changed = new Set();
  }

  #of(owner: string, kind: string): Map<string, unknown> {
    const kinds = this.#documents.get(owner) ?? new Map<string, Map<string, unknown>>();
    this.#documents.set(owner, kinds);
    const documents = kinds.get(kind) ?? new Map<string, unknown>();
    kinds.set(kind, documents);
    return documents;
  }
}

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Times are kept as text, and are Dates in memory, as the shapes of the API have them. */
function revived(key: string, value: unknown): unknown {
  return /date$/i.test(key) && typeof value === "string" && DATE.test(value) ? new Date(value) : value;
}
