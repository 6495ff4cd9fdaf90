/**
 * Aliases: names for versions of a function that can be moved to another version while invocations come in. What they
 * route to is in route.ts and qualifiers.ts; here they are kept.
 */
import type { Kysely, Transaction } from "kysely";
import { newUuid } from "../state/ids.ts";
import { type AliasRow, type CatalogTables, LATEST, versionName, versionNumber } from "./catalog-tables.ts";
import { dropSettings, type WriteFunction } from "./function-settings.ts";

/** What the owner of an alias decides. */
export interface AliasContent {
  /** `$LATEST` or digits. */
  readonly functionVersion: string;
  readonly description: string;
  /** A second version that takes a share of the invocations. */
  readonly additional?: {
    /** Digits. */
    readonly version: string;
    /** 0..1 */
    readonly weight: number;
  };
}

export interface Alias extends AliasContent {
  readonly functionName: string;
  readonly name: string;
  /** UUID; changes with every change of the alias. */
  readonly revisionId: string;
}

/** What became of writing an alias; only `written` has changed anything. */
export type AliasWritten =
  | { readonly kind: "written"; readonly alias: Alias }
  | { readonly kind: "taken" | "missing" }
  | { readonly kind: "no such version"; readonly version: string };

export class Aliases {
  readonly #database: Kysely<CatalogTables>;
  readonly #write: WriteFunction;

  constructor(database: Kysely<CatalogTables>, write: WriteFunction) {
    this.#database = database;
    this.#write = write;
  }

  get(functionName: string, name: string): Promise<Alias | undefined> {
    return this.#get(this.#database, functionName, name);
  }

  /** By name. @param page.version only aliases that run this version, alone or as one of two */
  async list(
    functionName: string,
    page: { version?: string | undefined; after?: string | undefined; limit: number },
  ): Promise<Alias[]> {
    let query = this.#database
      .selectFrom("aliases")
      .selectAll()
      .where("function_name", "=", functionName)
      .orderBy("name")
      .limit(page.limit);
    if (page.after !== undefined) query = query.where("name", ">", page.after);
    if (page.version !== undefined) {
      const number = versionNumber(page.version);
      if (number === undefined) return [];
      query = query.where((where) =>
        where.or([where("version_number", "=", number), where("additional_number", "=", number)]),
      );
    }
    return (await query.execute()).map(aliasOf);
  }

  create(functionName: string, name: string, content: AliasContent): Promise<AliasWritten> {
    return this.#write(functionName, async (transaction) => {
      if (await this.#get(transaction, functionName, name)) return { kind: "taken" };
      return this.#store(transaction, functionName, name, content);
    });
  }

  /** @param decide what it throws is thrown, and nothing has changed */
  change(functionName: string, name: string, decide: (before: Alias) => AliasContent): Promise<AliasWritten> {
    return this.#write(functionName, async (transaction) => {
      const before = await this.#get(transaction, functionName, name);
      if (!before) return { kind: "missing" };
      return this.#store(transaction, functionName, name, decide(before));
    });
  }

  /** True when it existed. */
  delete(functionName: string, name: string): Promise<boolean> {
    return this.#write(functionName, async (transaction) => {
      const { numDeletedRows } = await transaction
        .deleteFrom("aliases")
        .where("function_name", "=", functionName)
        .where("name", "=", name)
        .executeTakeFirst();
      if (numDeletedRows === 0n) return false;
      await dropSettings(transaction, functionName, name);
      return true;
    });
  }

  async #get(database: Kysely<CatalogTables>, functionName: string, name: string): Promise<Alias | undefined> {
    const row = await database
      .selectFrom("aliases")
      .selectAll()
      .where("function_name", "=", functionName)
      .where("name", "=", name)
      .executeTakeFirst();
    return row && aliasOf(row);
  }

  async #store(
    transaction: Transaction<CatalogTables>,
    functionName: string,
    name: string,
    content: AliasContent,
  ): Promise<AliasWritten> {
    const { functionVersion, description, additional } = content;
    for (const version of additional ? [functionVersion, additional.version] : [functionVersion]) {
      if (!(await isVersion(transaction, functionName, version))) return { kind: "no such version", version };
    }
    const row: AliasRow = {
      function_name: functionName,
      name,
      version_number: versionNumber(functionVersion) ?? LATEST,
      additional_number: additional ? (versionNumber(additional.version) ?? null) : null,
      additional_weight: additional?.weight ?? null,
      description,
      revision_id: newUuid(),
    };
    await transaction
      .insertInto("aliases")
      .values(row)
      .onConflict((conflict) => conflict.columns(["function_name", "name"]).doUpdateSet(row))
      .execute();
    return { kind: "written", alias: aliasOf(row) };
  }
}

/** Names of the aliases that run the version, alone or as one of two. */
export async function aliasesOf(
  database: Kysely<CatalogTables>,
  functionName: string,
  number: number,
): Promise<string[]> {
  const rows = await database
    .selectFrom("aliases")
    .select("name")
    .where("function_name", "=", functionName)
    .where((where) => where.or([where("version_number", "=", number), where("additional_number", "=", number)]))
    .orderBy("name")
    .execute();
  return rows.map((row) => row.name);
}

async function isVersion(database: Kysely<CatalogTables>, functionName: string, version: string): Promise<boolean> {
  const number = versionNumber(version);
  if (number === undefined) return false;
  const row = await database
    .selectFrom("function_versions")
    .select("version_number")
    .where("function_name", "=", functionName)
    .where("version_number", "=", number)
    .executeTakeFirst();
  return row !== undefined;
}

function aliasOf(row: AliasRow): Alias {
  const { additional_number: number, additional_weight: weight } = row;
  return {
    functionName: row.function_name,
    name: row.name,
    functionVersion: versionName(row.version_number),
    description: row.description,
    ...(number !== null && weight !== null && { additional: { version: versionName(number), weight } }),
    revisionId: row.revision_id,
  };
}
