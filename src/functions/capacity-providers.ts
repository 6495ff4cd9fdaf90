/** The capacity providers of a region, durably. */
import type { Kysely } from "kysely";
import type { Database } from "../state/database.ts";
import { type Migration, migrate } from "../state/migrations.ts";
import { Serial } from "../state/serial.ts";
import type { CapacityProvider, CapacityProviderState } from "./capacity-provider.ts";

interface ProviderRow {
  name: string;
  state: string;
  /** JSON */
  document: string;
}

type ProviderTables = { capacity_providers: ProviderRow };

const MIGRATIONS: readonly Migration[] = [
  {
    name: "create capacity providers",
    up: async (database) => {
      await database.schema
        .createTable("capacity_providers")
        .addColumn("name", "varchar(140)", (column) => column.primaryKey())
        .addColumn("state", "varchar(16)", (column) => column.notNull())
        .addColumn("document", "text", (column) => column.notNull())
        .execute();
    },
  },
];

export class CapacityProviders {
  readonly #database: Kysely<ProviderTables>;
  readonly #held = new Serial();
  readonly #writes = new Serial();

  private constructor(database: Database) {
    this.#database = database.withTables<ProviderTables>();
  }

  static async open(database: Database): Promise<CapacityProviders> {
    await migrate(database, "capacity providers", MIGRATIONS);
    return new CapacityProviders(database);
  }

  /**
   * Run a task while nobody else who holds the provider of this name does: a function that is to use it cannot come to be
   * between the question whether one does and the provider's end.
   */
  hold<T>(name: string, task: () => Promise<T>): Promise<T> {
    return this.#held.run(name, task);
  }

  async get(name: string): Promise<CapacityProvider | undefined> {
    return this.#get(this.#database, name);
  }

  /** By name, those after `after`. */
  async list(page: {
    state?: CapacityProviderState | undefined;
    after?: string | undefined;
    limit: number;
  }): Promise<CapacityProvider[]> {
    let query = this.#database.selectFrom("capacity_providers").select("document").orderBy("name").limit(page.limit);
    if (page.after !== undefined) query = query.where("name", ">", page.after);
    if (page.state !== undefined) query = query.where("state", "=", page.state);
    return (await query.execute()).map(providerOf);
  }

  /** Those that are under way to another state. */
  async unsettled(): Promise<CapacityProvider[]> {
    const rows = await this.#database
      .selectFrom("capacity_providers")
      .select("document")
      .where("state", "in", ["Pending", "Deleting"])
      .execute();
    return rows.map(providerOf);
  }

  /**
   * Add a provider.
   * @param limit how many there may be
   */
  create(provider: CapacityProvider, limit: number): Promise<"created" | "exists" | "too many"> {
    return this.#write(async (transaction) => {
      if (await this.#get(transaction, provider.name)) return "exists";
      const { count } = await transaction
        .selectFrom("capacity_providers")
        .select((all) => all.fn.countAll<number | string | bigint>().as("count"))
        .executeTakeFirstOrThrow();
      if (Number(count) >= limit) return "too many";
      await transaction.insertInto("capacity_providers").values(rowOf(provider)).execute();
      return "created";
    });
  }

  /**
   * Replace a provider by what `decide` makes of it; undefined deletes it. What `decide` throws is thrown, and nothing
   * has changed. Answers undefined when there is no such provider, or no more.
   */
  change(
    name: string,
    decide: (before: CapacityProvider) => CapacityProvider | undefined,
  ): Promise<CapacityProvider | undefined> {
    return this.#write(async (transaction) => {
      const before = await this.#get(transaction, name);
      if (!before) return undefined;
      const after = decide(before);
      if (after) {
        await transaction.updateTable("capacity_providers").set(rowOf(after)).where("name", "=", name).execute();
      } else {
        await transaction.deleteFrom("capacity_providers").where("name", "=", name).execute();
      }
      return after;
    });
  }

  async #get(database: Kysely<ProviderTables>, name: string): Promise<CapacityProvider | undefined> {
    const row = await database
      .selectFrom("capacity_providers")
      .select("document")
      .where("name", "=", name)
      .executeTakeFirst();
    return row && providerOf(row);
  }

  #write<T>(task: (transaction: Kysely<ProviderTables>) => Promise<T>): Promise<T> {
    return this.#writes.run("writes", () => this.#database.transaction().execute(task));
  }
}

function rowOf(provider: CapacityProvider): ProviderRow {
  return { name: provider.name, state: provider.state, document: JSON.stringify(provider) };
}

const providerOf = (row: Pick<ProviderRow, "document">): CapacityProvider =>
  JSON.parse(row.document) as CapacityProvider;
