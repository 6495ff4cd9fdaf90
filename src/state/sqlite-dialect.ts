/**
 * Kysely on the SQLite that is built into Node. Kysely's own SQLite dialect expects the shape of better-sqlite3; this
 * gives it that shape and keeps statements prepared.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { SqliteDialect, type SqliteStatement } from "kysely";

/** Queries that are built at run time (IN lists) would otherwise grow the cache for ever. */
const STATEMENTS_KEPT = 500;

class PreparedStatement {
  readonly #statement: StatementSync;
  /** Whether it answers rows. */
  readonly reader: boolean;

  constructor(statement: StatementSync) {
    this.#statement = statement;
    this.reader = statement.columns().length > 0;
  }

  all(parameters: readonly unknown[]): unknown[] {
    return this.#statement.all(...(parameters as SQLInputValue[]));
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#statement.run(...(parameters as SQLInputValue[]));
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.#statement.iterate(...(parameters as SQLInputValue[]));
  }
}

/** @param database open; the dialect closes it when Kysely is destroyed */
export function sqliteDialect(database: DatabaseSync): SqliteDialect {
  const statements = new Map<string, PreparedStatement>();
  return new SqliteDialect({
    database: {
      close: () => {
        statements.clear();
        database.close();
      },
      prepare: (sql) => {
        const known = statements.get(sql);
        if (known) return known;
        if (sql === "rollback") return rollback(database);
        const statement = new PreparedStatement(database.prepare(sql));
        if (statements.size >= STATEMENTS_KEPT) statements.delete(statements.keys().next().value as string);
        statements.set(sql, statement);
        return statement;
      },
    },
  });
}

/**
 * SQLite itself gives a transaction up when the disk is full or fails. To roll it back once more is an error then, which
 * would be told instead of what really happened.
 */
function rollback(database: DatabaseSync): SqliteStatement {
  const run = () => {
    if (database.isTransaction) database.exec("ROLLBACK");
    return { changes: 0, lastInsertRowid: 0 };
  };
  return { reader: false, all: () => [], run, iterate: () => [].values() };
}
