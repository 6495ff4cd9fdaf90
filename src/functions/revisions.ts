/** The revision of what a qualifier stands for: of a version, or of an alias by itself. Changes of permissions renew it. */
import type { Kysely, Transaction } from "kysely";
import { newUuid } from "../state/ids.ts";
import { type CatalogTables, versionNumber } from "./catalog-tables.ts";
import type { FunctionVersion } from "./function-version.ts";

/** Undefined when nothing has this qualifier. */
export async function revisionOf(
  database: Kysely<CatalogTables>,
  functionName: string,
  qualifier: string,
): Promise<string | undefined> {
  const number = versionNumber(qualifier);
  const row =
    number === undefined
      ? await database
          .selectFrom("aliases")
          .select("revision_id")
          .where("function_name", "=", functionName)
          .where("name", "=", qualifier)
          .executeTakeFirst()
      : await database
          .selectFrom("function_versions")
          .select("revision_id")
          .where("function_name", "=", functionName)
          .where("version_number", "=", number)
          .executeTakeFirst();
  return row?.revision_id;
}

/** Answers the new one. What it is of must exist. */
export async function renewRevision(
  transaction: Transaction<CatalogTables>,
  functionName: string,
  qualifier: string,
): Promise<string> {
  const revisionId = newUuid();
  const number = versionNumber(qualifier);
  if (number === undefined) {
    await transaction
      .updateTable("aliases")
      .set({ revision_id: revisionId })
      .where("function_name", "=", functionName)
      .where("name", "=", qualifier)
      .execute();
    return revisionId;
  }
  const { document } = await transaction
    .selectFrom("function_versions")
    .select("document")
    .where("function_name", "=", functionName)
    .where("version_number", "=", number)
    .executeTakeFirstOrThrow();
  const version: FunctionVersion = { ...(JSON.parse(document) as FunctionVersion), revisionId };
  await transaction
    .updateTable("function_versions")
    .set({ revision_id: revisionId, document: JSON.stringify(version) })
    .where("function_name", "=", functionName)
    .where("version_number", "=", number)
    .execute();
  return revisionId;
}
