/** How the versions of one function are written, as parts of a transaction that changes the function. */
import type { Transaction } from "kysely";
import { type CatalogTables, rowOf } from "./catalog-tables.ts";
import type { FunctionVersion } from "./function-version.ts";

export async function insertVersion(transaction: Transaction<CatalogTables>, version: FunctionVersion): Promise<void> {
  await transaction.insertInto("function_versions").values(rowOf(version, undefined)).execute();
}

/** @param serving what runs as long as the version itself does not */
export async function replaceVersion(
  transaction: Transaction<CatalogTables>,
  version: FunctionVersion,
  serving: FunctionVersion | undefined,
): Promise<void> {
  const { function_name, version_number, ...row } = rowOf(version, serving);
  await transaction
    .updateTable("function_versions")
    .set(row)
    .where("function_name", "=", function_name)
    .where("version_number", "=", version_number)
    .execute();
}

/** What goes on running when `before`, behind which `serving` ran, if anything, has become `after`. */
export function behind(
  after: FunctionVersion,
  before: FunctionVersion,
  serving: FunctionVersion | undefined,
): FunctionVersion | undefined {
  return { InProgress: serving ?? before, Failed: serving, Successful: undefined }[
    after.lastUpdateStatus ?? "Successful"
  ];
}

/** The number of the version that is published next; no other version gets it. */
export async function takeNumber(transaction: Transaction<CatalogTables>, functionName: string): Promise<number> {
  const { next_version: number } = await transaction
    .selectFrom("functions")
    .select("next_version")
    .where("name", "=", functionName)
    .executeTakeFirstOrThrow();
  await transaction
    .updateTable("functions")
    .set({ next_version: number + 1 })
    .where("name", "=", functionName)
    .execute();
  return number;
}
