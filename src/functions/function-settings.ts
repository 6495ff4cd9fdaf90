/**
 * Settings that hang on a function, or on one of its versions or aliases, beside what a version itself says: its resource
 * policy, its URL, its concurrency, ... One JSON document for each kind and qualifier. They go with the function, and all
 * but its URL with the version or alias that they hang on.
 */
import type { Kysely, Transaction } from "kysely";
import type { CatalogTables, SettingKind, SettingRow } from "./catalog-tables.ts";

/** The qualifier of settings that hang on the function itself. */
export const UNQUALIFIED = "$LATEST";

/** AWS keeps the URL of a deleted alias, which then answers 403 (contract/05 §1). */
export const KEPT_WITHOUT_QUALIFIER: SettingKind = "functionUrl";

export interface Setting<T> {
  readonly functionName: string;
  readonly qualifier: string;
  readonly value: T;
}

export interface Changed<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** Runs a task in a transaction that no other change of the function overlaps. */
export type WriteFunction = <R>(
  functionName: string,
  task: (transaction: Transaction<CatalogTables>) => Promise<R>,
) => Promise<R>;

/** All settings of one kind. */
export class FunctionSettings<T> {
  readonly #database: Kysely<CatalogTables>;
  readonly #kind: SettingKind;
  readonly #write: WriteFunction;
  readonly #exists: (
    transaction: Transaction<CatalogTables>,
    functionName: string,
    qualifier: string,
  ) => Promise<boolean>;
  readonly #lookup: (value: T) => string | null;

  constructor(options: {
    database: Kysely<CatalogTables>;
    kind: SettingKind;
    write: WriteFunction;
    exists: (transaction: Transaction<CatalogTables>, functionName: string, qualifier: string) => Promise<boolean>;
    /** What find() finds it by. */
    lookup?: ((value: T) => string) | undefined;
  }) {
    this.#database = options.database;
    this.#kind = options.kind;
    this.#write = options.write;
    this.#exists = options.exists;
    this.#lookup = options.lookup ?? (() => null);
  }

  async get(functionName: string, qualifier: string = UNQUALIFIED): Promise<T | undefined> {
    return this.#get(this.#database, functionName, qualifier);
  }

  /**
   * Replace the value by what `decide` makes of it; undefined removes it. What `decide` throws is thrown, and nothing has
   * changed. Answers undefined when there is no such function, version or alias.
   */
  change(
    functionName: string,
    qualifier: string,
    decide: (before: T | undefined) => T | undefined,
  ): Promise<Changed<T> | undefined> {
    return this.#write(functionName, (transaction) => this.changeWithin(transaction, functionName, qualifier, decide));
  }

  /** As change(), as a part of a transaction that changes more of the function. */
  async changeWithin(
    transaction: Transaction<CatalogTables>,
    functionName: string,
    qualifier: string,
    decide: (before: T | undefined) => T | undefined,
  ): Promise<Changed<T> | undefined> {
    const before = await this.#get(transaction, functionName, qualifier);
    // What outlived its alias can still be read and removed.
    if (before === undefined && !(await this.#exists(transaction, functionName, qualifier))) return undefined;
    const after = decide(before);
    const key = { kind: this.#kind, function_name: functionName, qualifier };
    if (after === undefined) {
      await transaction
        .deleteFrom("function_settings")
        .where("kind", "=", key.kind)
        .where("function_name", "=", functionName)
        .where("qualifier", "=", qualifier)
        .execute();
      return { before, after };
    }
    const content = { document: JSON.stringify(after), lookup: this.#lookup(after) };
    await transaction
      .insertInto("function_settings")
      .values({ ...key, ...content })
      .onConflict((conflict) => conflict.columns(["kind", "function_name", "qualifier"]).doUpdateSet(content))
      .execute();
    return { before, after };
  }

  /** All of one function, by qualifier. */
  async list(functionName: string, page: { after?: string | undefined; limit: number }): Promise<Setting<T>[]> {
    let query = this.#select().where("function_name", "=", functionName).orderBy("qualifier").limit(page.limit);
    if (page.after !== undefined) query = query.where("qualifier", ">", page.after);
    return (await query.execute()).map(settingOf<T>);
  }

  /** Of all functions, by function and qualifier: what a plane loads when it starts. */
  async all(): Promise<Setting<T>[]> {
    const rows = await this.#select().orderBy("function_name").orderBy("qualifier").execute();
    return rows.map(settingOf<T>);
  }

  /** Those whose lookup is this, by function and qualifier. */
  async find(lookup: string): Promise<Setting<T>[]> {
    const rows = await this.#select()
      .where("lookup", "=", lookup)
      .orderBy("function_name")
      .orderBy("qualifier")
      .execute();
    return rows.map(settingOf<T>);
  }

  #select() {
    return this.#database.selectFrom("function_settings").selectAll().where("kind", "=", this.#kind);
  }

  async #get(database: Kysely<CatalogTables>, functionName: string, qualifier: string): Promise<T | undefined> {
    const row = await database
      .selectFrom("function_settings")
      .select("document")
      .where("kind", "=", this.#kind)
      .where("function_name", "=", functionName)
      .where("qualifier", "=", qualifier)
      .executeTakeFirst();
    return row && (JSON.parse(row.document) as T);
  }
}

function settingOf<T>(row: SettingRow): Setting<T> {
  return { functionName: row.function_name, qualifier: row.qualifier, value: JSON.parse(row.document) as T };
}

/** Forget what hangs on a version or an alias that is being deleted. */
export async function dropSettings(
  transaction: Transaction<CatalogTables>,
  functionName: string,
  qualifier: string,
): Promise<void> {
  await transaction
    .deleteFrom("function_settings")
    .where("function_name", "=", functionName)
    .where("qualifier", "=", qualifier)
    .where("kind", "!=", KEPT_WITHOUT_QUALIFIER)
    .execute();
}
