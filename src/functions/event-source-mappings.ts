/** The event source mappings of a region, durably. They outlive the function that they invoke, as in AWS. */
import type { Kysely, Transaction } from "kysely";
import type { Database } from "../state/database.ts";
import { type Migration, migrate } from "../state/migrations.ts";
import { Serial } from "../state/serial.ts";
import type { EventSourceMapping } from "./event-source-mapping.ts";

interface MappingRow {
  id: string;
  /** What may be mapped to one function only once. */
  identity: string;
  source_arn: string | null;
  /** With the qualifier, when there is one. */
  function_name: string;
  /** JSON */
  document: string;
}

type MappingTables = { event_source_mappings: MappingRow };

const MIGRATIONS: readonly Migration[] = [
  {
    name: "create event source mappings",
    up: async (database) => {
      await database.schema
        .createTable("event_source_mappings")
        .addColumn("id", "varchar(36)", (column) => column.primaryKey())
        .addColumn("identity", "text", (column) => column.notNull().unique())
        .addColumn("source_arn", "text")
        .addColumn("function_name", "varchar(256)", (column) => column.notNull())
        .addColumn("document", "text", (column) => column.notNull())
        .execute();
      for (const column of ["source_arn", "function_name"]) {
        await database.schema
          .createIndex(`event_source_mappings_${column}`)
          .on("event_source_mappings")
          .column(column)
          .execute();
      }
    },
  },
];

/** All writes go one after the other: there are few, and whether two are the same is asked across all of them. */
const WRITES = "writes";

export interface MappingFilter {
  readonly sourceArn?: string | undefined;
  readonly functionName?: string | undefined;
  readonly qualifier?: string | undefined;
}

export class EventSourceMappings {
  readonly #database: Kysely<MappingTables>;
  readonly #serial = new Serial();

  private constructor(database: Database) {
    this.#database = database.withTables<MappingTables>();
  }

  static async open(database: Database): Promise<EventSourceMappings> {
    await migrate(database, "event source mappings", MIGRATIONS);
    return new EventSourceMappings(database);
  }

  async get(id: string): Promise<EventSourceMapping | undefined> {
    return this.#get(this.#database, id);
  }

  /** By id, those after `after`. */
  async list(
    filter: MappingFilter,
    page: { after?: string | undefined; limit: number },
  ): Promise<EventSourceMapping[]> {
    let query = this.#database.selectFrom("event_source_mappings").select("document").orderBy("id").limit(page.limit);
    if (page.after !== undefined) query = query.where("id", ">", page.after);
    if (filter.sourceArn !== undefined) query = query.where("source_arn", "=", filter.sourceArn);
    if (filter.functionName !== undefined) {
      query = query.where("function_name", "=", qualified(filter.functionName, filter.qualifier));
    }
    return (await query.execute()).map(mappingOf);
  }

  /** What whoever polls loads when the region starts. */
  async all(): Promise<EventSourceMapping[]> {
    return (await this.#database.selectFrom("event_source_mappings").select("document").orderBy("id").execute()).map(
      mappingOf,
    );
  }

  /** Add a mapping. Answers another that maps the same to the same function, when there is one: then nothing changed. */
  create(mapping: EventSourceMapping): Promise<EventSourceMapping | undefined> {
    return this.#write(async (transaction) => {
      const same = await this.#same(transaction, mapping);
      if (same) return same;
      await transaction.insertInto("event_source_mappings").values(rowOf(mapping)).execute();
      return undefined;
    });
  }

  /**
   * Replace a mapping by what `decide` makes of it; undefined deletes it, the same object leaves it. What `decide` throws is thrown, and nothing has
   * changed. Answers undefined when there is no such mapping.
   * @param onSame is told of another mapping that maps the same to the same function, and throws
   */
  change(
    id: string,
    decide: (before: EventSourceMapping) => EventSourceMapping | undefined,
    onSame: (same: EventSourceMapping) => never = unexpectedly,
  ): Promise<{ before: EventSourceMapping; after: EventSourceMapping | undefined } | undefined> {
    return this.#write(async (transaction) => {
      const before = await this.#get(transaction, id);
      if (!before) return undefined;
      const after = decide(before);
      if (!after) {
        await transaction.deleteFrom("event_source_mappings").where("id", "=", id).execute();
        return { before, after };
      }
      if (after === before) return { before, after };
      const same = await this.#same(transaction, after);
      if (same) onSame(same);
      await transaction.updateTable("event_source_mappings").set(rowOf(after)).where("id", "=", id).execute();
      return { before, after };
    });
  }

  async #get(database: Kysely<MappingTables>, id: string): Promise<EventSourceMapping | undefined> {
    const row = await database
      .selectFrom("event_source_mappings")
      .select("document")
      .where("id", "=", id)
      .executeTakeFirst();
    return row && mappingOf(row);
  }

  async #same(
    transaction: Transaction<MappingTables>,
    mapping: EventSourceMapping,
  ): Promise<EventSourceMapping | undefined> {
    const row = await transaction
      .selectFrom("event_source_mappings")
      .select("document")
      .where("identity", "=", identityOf(mapping))
      .where("id", "!=", mapping.id)
      .executeTakeFirst();
    return row && mappingOf(row);
  }

  #write<T>(task: (transaction: Transaction<MappingTables>) => Promise<T>): Promise<T> {
    return this.#serial.run(WRITES, () => this.#database.transaction().execute(task));
  }
}

function rowOf(mapping: EventSourceMapping): MappingRow {
  return {
    id: mapping.id,
    identity: identityOf(mapping),
    source_arn: mapping.sourceArn ?? null,
    function_name: qualified(mapping.functionName, mapping.qualifier),
    document: JSON.stringify(mapping),
  };
}

const mappingOf = (row: Pick<MappingRow, "document">): EventSourceMapping =>
  JSON.parse(row.document) as EventSourceMapping;

const qualified = (functionName: string, qualifier: string | undefined): string =>
  qualifier === undefined ? functionName : `${functionName}:${qualifier}`;

/** Two mappings that have this in common would deliver the same events to the same function twice. */
function identityOf({ sourceArn, bootstrapServers, functionName, qualifier, settings }: EventSourceMapping): string {
  const { topics, queues, documentDb } = settings;
  return JSON.stringify([
    sourceArn ?? [...(bootstrapServers ?? [])].sort(),
    functionName,
    qualifier ?? "$LATEST",
    topics ?? queues ?? (documentDb ? [documentDb.database, documentDb.collection ?? ""] : []),
  ]);
}

function unexpectedly(same: EventSourceMapping): never {
  throw new Error(`event source mapping ${same.id} maps the same`);
}
