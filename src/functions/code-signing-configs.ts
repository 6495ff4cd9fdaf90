/**
 * Code signing configurations: which signing profiles may sign code, and what happens to other code. Which function has which
 * is a table of its own, whose foreign keys see to it that a function's configuration exists, and goes with the function.
 */
import type { Kysely, Transaction } from "kysely";
import type { Database } from "../state/database.ts";
import { type Migration, migrate } from "../state/migrations.ts";
import type { Tags } from "./catalog.ts";
import type { CatalogTables } from "./catalog-tables.ts";

export interface CodeSigningConfig {
  /** csc- and 17 letters or digits. */
  readonly id: string;
  readonly description?: string;
  /** ARNs of signing profile versions. */
  readonly profileVersionArns: readonly string[];
  /** What becomes of code that none of them has signed. */
  readonly untrusted: "Warn" | "Enforce";
  /** ISO 8601 with AWS's offset form. */
  readonly lastModified: string;
}

interface ConfigRow {
  id: string;
  /** JSON */
  document: string;
  /** JSON object */
  tags: string;
}

interface AttachedRow {
  function_name: string;
  config_id: string;
}

type Tables = CatalogTables & { code_signing_configs: ConfigRow; function_code_signing: AttachedRow };

const MIGRATIONS: readonly Migration[] = [
  {
    name: "create code signing configurations",
    up: async (database) => {
      await database.schema
        .createTable("code_signing_configs")
        .addColumn("id", "varchar(21)", (column) => column.primaryKey())
        .addColumn("document", "text", (column) => column.notNull())
        .addColumn("tags", "text", (column) => column.notNull())
        .execute();
      await database.schema
        .createTable("function_code_signing")
        .addColumn("function_name", "varchar(64)", (column) =>
          column.primaryKey().references("functions.name").onDelete("cascade"),
        )
        .addColumn("config_id", "varchar(21)", (column) => column.notNull().references("code_signing_configs.id"))
        .execute();
      await database.schema
        .createIndex("function_code_signing_config")
        .on("function_code_signing")
        .columns(["config_id", "function_name"])
        .execute();
    },
  },
];

export class CodeSigningConfigs {
  readonly #database: Kysely<Tables>;

  private constructor(database: Database) {
    this.#database = database.withTables<Tables>();
  }

  /** @param database the catalog's: its tables must be there */
  static async open(database: Database): Promise<CodeSigningConfigs> {
    await migrate(database, "code signing", MIGRATIONS);
    return new CodeSigningConfigs(database);
  }

  async create(config: CodeSigningConfig, tags: Tags): Promise<void> {
    const row = { id: config.id, document: JSON.stringify(config), tags: JSON.stringify(tags) };
    await this.#database.insertInto("code_signing_configs").values(row).execute();
  }

  async get(id: string): Promise<CodeSigningConfig | undefined> {
    const row = await rowOf(this.#database, id);
    return row && (JSON.parse(row.document) as CodeSigningConfig);
  }

  /** By id. */
  async list(page: { after?: string | undefined; limit: number }): Promise<CodeSigningConfig[]> {
    let query = this.#database.selectFrom("code_signing_configs").select("document").orderBy("id").limit(page.limit);
    if (page.after !== undefined) query = query.where("id", ">", page.after);
    return (await query.execute()).map(({ document }) => JSON.parse(document) as CodeSigningConfig);
  }

  /** Answers what it is now, or undefined when there is none of this id. */
  change(id: string, decide: (before: CodeSigningConfig) => CodeSigningConfig): Promise<CodeSigningConfig | undefined> {
    return this.#database.transaction().execute(async (transaction) => {
      const row = await rowOf(transaction, id);
      if (!row) return undefined;
      const after = decide(JSON.parse(row.document) as CodeSigningConfig);
      const document = JSON.stringify(after);
      await transaction.updateTable("code_signing_configs").set({ document }).where("id", "=", id).execute();
      return after;
    });
  }

  /** Delete it, unless a function has it. */
  delete(id: string): Promise<"deleted" | "missing" | "in use"> {
    return this.#database.transaction().execute(async (transaction) => {
      const user = await transaction
        .selectFrom("function_code_signing")
        .select("function_name")
        .where("config_id", "=", id)
        .limit(1)
        .executeTakeFirst();
      if (user) return "in use";
      const { numDeletedRows } = await transaction
        .deleteFrom("code_signing_configs")
        .where("id", "=", id)
        .executeTakeFirst();
      return numDeletedRows === 0n ? "missing" : "deleted";
    });
  }

  /** What the function has. */
  async of(functionName: string): Promise<CodeSigningConfig | undefined> {
    const row = await this.#database
      .selectFrom("function_code_signing as attached")
      .innerJoin("code_signing_configs as config", "config.id", "attached.config_id")
      .select("config.document")
      .where("attached.function_name", "=", functionName)
      .executeTakeFirst();
    return row && (JSON.parse(row.document) as CodeSigningConfig);
  }

  /** Names of the functions that have it. */
  async functions(id: string, page: { after?: string | undefined; limit: number }): Promise<string[]> {
    let query = this.#database
      .selectFrom("function_code_signing")
      .select("function_name")
      .where("config_id", "=", id)
      .orderBy("function_name")
      .limit(page.limit);
    if (page.after !== undefined) query = query.where("function_name", ">", page.after);
    return (await query.execute()).map((row) => row.function_name);
  }

  /** Give the function this configuration, in place of the one it has. */
  attach(functionName: string, id: string): Promise<"attached" | "no such configuration" | "no such function"> {
    return this.#database.transaction().execute(async (transaction) => {
      const known = await transaction
        .selectFrom("functions")
        .select("name")
        .where("name", "=", functionName)
        .executeTakeFirst();
      // In AWS's order: the configuration is looked for first.
      if (!known) return (await rowOf(transaction, id)) ? "no such function" : "no such configuration";
      return (await attachWithin(transaction, functionName, id)) ? "attached" : "no such configuration";
    });
  }

  async detach(functionName: string): Promise<void> {
    await this.#database.deleteFrom("function_code_signing").where("function_name", "=", functionName).execute();
  }

  async tags(id: string): Promise<Tags | undefined> {
    const row = await rowOf(this.#database, id);
    return row && (JSON.parse(row.tags) as Tags);
  }

  /** What `decide` throws is thrown, and nothing has changed. */
  changeTags(id: string, decide: (tags: Tags) => Tags): Promise<Tags | undefined> {
    return this.#database.transaction().execute(async (transaction) => {
      const row = await rowOf(transaction, id);
      if (!row) return undefined;
      const tags = decide(JSON.parse(row.tags) as Tags);
      const changed = { tags: JSON.stringify(tags) };
      await transaction.updateTable("code_signing_configs").set(changed).where("id", "=", id).execute();
      return tags;
    });
  }
}

/** As attach(), as a part of the transaction that creates the function. Answers false when there is no such configuration. */
export async function attachWithin(
  transaction: Transaction<CatalogTables>,
  functionName: string,
  id: string,
): Promise<boolean> {
  const tables = transaction.withTables<Tables>();
  if (!(await rowOf(tables, id))) return false;
  const row: AttachedRow = { function_name: functionName, config_id: id };
  await tables
    .insertInto("function_code_signing")
    .values(row)
    .onConflict((conflict) => conflict.column("function_name").doUpdateSet(row))
    .execute();
  return true;
}

async function rowOf(database: Kysely<Tables> | Transaction<Tables>, id: string): Promise<ConfigRow | undefined> {
  return database.selectFrom("code_signing_configs").selectAll().where("id", "=", id).executeTakeFirst();
}
