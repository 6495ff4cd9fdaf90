/** How the catalog's tables came to be as they are: a list that only grows at its end (see state/migrations.ts). */
import type { Database } from "../state/database.ts";
import type { Migration } from "../state/migrations.ts";
import { type CatalogTables, comesAfter, LATEST, type VersionRow } from "./catalog-tables.ts";
import type { FunctionVersion } from "./function-version.ts";

export const CATALOG_MIGRATIONS: readonly Migration[] = [
  {
    name: "create functions and their versions",
    up: async (database) => {
      await database.schema
        .createTable("functions")
        .addColumn("name", "varchar(64)", (column) => column.primaryKey())
        .addColumn("next_version", "integer", (column) => column.notNull())
        .addColumn("tags", "text", (column) => column.notNull())
        .execute();
      await database.schema
        .createTable("function_versions")
        .addColumn("function_name", "varchar(64)", (column) =>
          column.notNull().references("functions.name").onDelete("cascade"),
        )
        .addColumn("version_number", "integer", (column) => column.notNull())
        .addColumn("document", "text", (column) => column.notNull())
        .addColumn("revision_id", "varchar(36)", (column) => column.notNull())
        .addColumn("code_sha256", "varchar(44)", (column) => column.notNull())
        .addColumn("serving", "text")
        .addColumn("serving_code_sha256", "varchar(44)")
        .addPrimaryKeyConstraint("function_versions_key", ["function_name", "version_number"])
        .execute();
    },
  },
  {
    name: "create settings of functions",
    up: async (database) => {
      await database.schema
        .createTable("function_settings")
        .addColumn("kind", "varchar(32)", (column) => column.notNull())
        .addColumn("function_name", "varchar(64)", (column) =>
          column.notNull().references("functions.name").onDelete("cascade"),
        )
        .addColumn("qualifier", "varchar(128)", (column) => column.notNull())
        .addColumn("document", "text", (column) => column.notNull())
        .addColumn("lookup", "varchar(256)")
        .addPrimaryKeyConstraint("function_settings_key", ["kind", "function_name", "qualifier"])
        .execute();
      await database.schema
        .createIndex("function_settings_lookup")
        .on("function_settings")
        .columns(["kind", "lookup"])
        .execute();
      // Deleting a function, or a version, finds its settings by this.
      await database.schema
        .createIndex("function_settings_function")
        .on("function_settings")
        .columns(["function_name", "qualifier"])
        .execute();
    },
  },
  {
    name: "create aliases",
    up: async (database) => {
      await database.schema
        .createTable("aliases")
        .addColumn("function_name", "varchar(64)", (column) =>
          column.notNull().references("functions.name").onDelete("cascade"),
        )
        .addColumn("name", "varchar(128)", (column) => column.notNull())
        .addColumn("version_number", "integer", (column) => column.notNull())
        .addColumn("additional_number", "integer")
        .addColumn("additional_weight", "double precision")
        .addColumn("description", "text", (column) => column.notNull())
        .addColumn("revision_id", "varchar(36)", (column) => column.notNull())
        .addPrimaryKeyConstraint("aliases_key", ["function_name", "name"])
        .execute();
    },
  },
  {
    name: "give the settings that nothing acted upon members of their own",
    up: async (database) => {
      const tables = database.withTables<CatalogTables>();
      for (const row of await tables.selectFrom("function_versions").selectAll().execute()) {
        await tables
          .updateTable("function_versions")
          .set({
            document: withoutPassive(row.document),
            serving: row.serving === null ? null : withoutPassive(row.serving),
          })
          .where("function_name", "=", row.function_name)
          .where("version_number", "=", row.version_number)
          .execute();
      }
    },
  },
  {
    name: "answer questions about all versions from indexes",
    up: async (database) => {
      const versions = database.schema.alterTable("function_versions");
      for (const column of ["code_size", "unsettled"]) {
        await versions.addColumn(column, "bigint", (added) => added.notNull().defaultTo(0)).execute();
      }
      await fill(database, ({ document }) => {
        const { codeSize, state, lastUpdateStatus } = JSON.parse(document) as FunctionVersion;
        const isUnsettled = state === "Pending" || lastUpdateStatus === "InProgress";
        return { code_size: codeSize, unsettled: isUnsettled ? 1 : 0 };
      });
      const index = (name: string, columns: string[]) =>
        database.schema.createIndex(`function_versions_${name}`).on("function_versions").columns(columns).execute();
      await index("code", ["code_sha256", "serving_code_sha256"]);
      await index("code_size", ["code_size"]);
      await index("unsettled", ["unsettled"]);
    },
  },
  {
    name: "find the code of layers without reading documents",
    up: async (database) => {
      await database.schema.alterTable("function_versions").addColumn("layer_code", "text").execute();
      await fill(database, ({ document, serving }) => ({ layer_code: layerCode(document, serving) }));
      const index = database.schema.createIndex("function_versions_layer_code");
      await index.on("function_versions").column("layer_code").execute();
    },
  },
  {
    name: "associate versions with capacity providers",
    up: async (database) => {
      await database.schema.alterTable("function_versions").addColumn("capacity_provider", "varchar(140)").execute();
      await database.schema
        .createIndex("function_versions_capacity_provider")
        .on("function_versions")
        .columns(["capacity_provider", "function_name", "version_number"])
        .execute();
    },
  },
  {
    name: "find the code that runs during updates by its hash",
    up: async (database) => {
      const index = database.schema.createIndex("function_versions_serving_code");
      await index.on("function_versions").column("serving_code_sha256").execute();
    },
  },
  {
    name: "make room for $LATEST.PUBLISHED behind $LATEST, which no longer runs where there is one",
    up: async (database) => {
      const tables = database.withTables<CatalogTables>();
      const latest = { version_number: LATEST };
      await tables.updateTable("function_versions").set(latest).where("version_number", "=", 0).execute();
      await tables.updateTable("aliases").set(latest).where("version_number", "=", 0).execute();
      const rows = await tables
        .selectFrom("function_versions")
        .select(["function_name", "document"])
        .where("capacity_provider", "is not", null)
        .where("version_number", "=", LATEST)
        .execute();
      for (const { function_name: name, document } of rows) {
        const version = JSON.parse(document) as FunctionVersion;
        if (version.state !== "Active") continue;
        await tables
          .updateTable("function_versions")
          .set({ document: JSON.stringify({ ...version, state: "ActiveNonInvocable" }) })
          .where("function_name", "=", name)
          .where("version_number", "=", LATEST)
          .execute();
      }
    },
  },
];

/** Before, VpcConfig could only be empty. */
function withoutPassive(document: string): string {
  const { passive = {}, ...version } = JSON.parse(document) as {
    passive?: { VpcConfig?: object; DeadLetterConfig?: { TargetArn: string }; KMSKeyArn?: string };
  };
  return JSON.stringify({
    ...version,
    ...(passive.VpcConfig && { vpc: { subnetIds: [], securityGroupIds: [], ipv6AllowedForDualStack: false } }),
    ...(passive.DeadLetterConfig && { deadLetterTargetArn: passive.DeadLetterConfig.TargetArn }),
    ...(passive.KMSKeyArn !== undefined && { kmsKeyArn: passive.KMSKeyArn }),
  });
}

/** Gives every version what is made of its documents. A few at a time: all together may be larger than memory. */
async function fill(
  database: Database,
  made: (row: Pick<VersionRow, "document" | "serving">) => Partial<VersionRow>,
): Promise<void> {
  const tables = database.withTables<CatalogTables>();
  for (let after: { function_name: string; version_number: number } | undefined; ; ) {
    let query = tables
      .selectFrom("function_versions")
      .select(["function_name", "version_number", "document", "serving"])
      .orderBy("function_name")
      .orderBy("version_number");
    if (after) query = query.where(comesAfter(after.function_name, after.version_number));
    const rows = await query.limit(500).execute();
    for (const row of rows) {
      await tables
        .updateTable("function_versions")
        .set(made(row))
        .where("function_name", "=", row.function_name)
        .where("version_number", "=", row.version_number)
        .execute();
    }
    after = rows.at(-1);
    if (!after) return;
  }
}

function layerCode(...documents: (string | null)[]): string | null {
  const lists = documents
    .flatMap((document) => (document === null ? [] : [(JSON.parse(document) as FunctionVersion).layers ?? []]))
    .filter((layers) => layers.length > 0);
  return lists.length === 0 ? null : JSON.stringify(lists.map((layers) => layers.map(({ codeSha256 }) => codeSha256)));
}
