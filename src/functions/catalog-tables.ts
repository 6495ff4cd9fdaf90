/** The catalog's tables and their migrations, and how a function version becomes a row and returns from it. */
import type { Migration } from "../state/migrations.ts";
import { functionArn, type Place } from "./function-name.ts";
import type { FunctionVersion } from "./function-version.ts";

/** `$LATEST` has no number of its own; it stands as this one, before all published versions. */
export const LATEST = 0;

export interface FunctionRow {
  name: string;
  /** The number that the next published version gets. Only grows. */
  next_version: number;
  /** JSON object */
  tags: string;
}

export interface VersionRow {
  function_name: string;
  version_number: number;
  /** JSON: what management shows. */
  document: string;
  revision_id: string;
  /** "" when the code store has no part in it. */
  code_sha256: string;
  /** JSON: what runs while an update of `$LATEST` has not succeeded; null when that is `document` itself. */
  serving: string | null;
  serving_code_sha256: string | null;
}

export type SettingKind =
  | "codeSigning"
  | "eventInvoke"
  | "functionUrl"
  | "provisionedConcurrency"
  | "recursion"
  | "reservedConcurrency"
  | "resourcePolicy"
  | "runtimeManagement"
  | "scaling";

export interface SettingRow {
  kind: SettingKind;
  function_name: string;
  qualifier: string;
  /** JSON */
  document: string;
  /** What else it is found by: the id of a URL, the ARN of a code signing configuration. */
  lookup: string | null;
}

export interface AliasRow {
  function_name: string;
  name: string;
  version_number: number;
  /** The second version that it routes to, and the share of invocations that this one gets; both null without one. */
  additional_number: number | null;
  additional_weight: number | null;
  description: string;
  revision_id: string;
}

export type CatalogTables = {
  aliases: AliasRow;
  functions: FunctionRow;
  function_versions: VersionRow;
  function_settings: SettingRow;
};

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

/** `$LATEST` or digits as a number; undefined for anything else, such as the name of an alias. */
export function versionNumber(qualifier: string | undefined): number | undefined {
  if (qualifier === undefined || qualifier === "$LATEST") return LATEST;
  if (!/^[1-9]\d{0,8}$/.test(qualifier)) return undefined;
  return Number(qualifier);
}

export function versionName(number: number): string {
  return number === LATEST ? "$LATEST" : String(number);
}

export function rowOf(version: FunctionVersion, serving: FunctionVersion | undefined): VersionRow {
  return {
    function_name: version.functionName,
    version_number: versionNumber(version.version) as number,
    document: JSON.stringify(version),
    revision_id: version.revisionId,
    code_sha256: storedCode(version),
    serving: serving ? JSON.stringify(serving) : null,
    serving_code_sha256: serving ? storedCode(serving) : null,
  };
}

/** Container images are not in the code store: "". */
function storedCode(version: FunctionVersion): string {
  return version.packageType === "Image" ? "" : version.codeSha256;
}

/** The ARN is computed anew, so that the region's name or account may change between two starts. */
export function versionOf(document: string, place: Place): FunctionVersion {
  const version = JSON.parse(document) as FunctionVersion;
  return Object.freeze({ ...version, functionArn: functionArn(place, version.functionName) });
}
