/** What a qualifier means: the rows of the version, or of an alias's versions, that it stands for. Reads only. */
import type { Kysely } from "kysely";
import {
  type CatalogTables,
  LATEST_PUBLISHED,
  LATEST_PUBLISHED_NAME,
  type VersionRow,
  versionNumber,
  versionOf,
} from "./catalog-tables.ts";
import type { Place } from "./function-name.ts";
import type { FunctionVersion } from "./function-version.ts";
import type { Route } from "./route.ts";

/** The version's row; of an alias, its main version's. Undefined when nothing has this qualifier. */
export async function versionRow(
  database: Kysely<CatalogTables>,
  functionName: string,
  qualifier: string,
): Promise<VersionRow | undefined> {
  const number = versionNumber(qualifier);
  if (number === undefined) return (await aliasRows(database, functionName, qualifier))?.main;
  return database
    .selectFrom("function_versions")
    .selectAll()
    .where("function_name", "=", functionName)
    .where("version_number", "=", number)
    .executeTakeFirst();
}

/**
 * What invocations by this qualifier run, as of one moment.
 * @param qualifier without one it is `$LATEST`, or of a function with a capacity provider `$LATEST.PUBLISHED`, if it has it
 */
export async function routeOf(
  database: Kysely<CatalogTables>,
  place: Place,
  functionName: string,
  qualifier: string | undefined,
): Promise<Route | undefined> {
  const running = (row: VersionRow): FunctionVersion => versionOf(row.serving ?? row.document, place);
  if (qualifier === undefined || versionNumber(qualifier) !== undefined) {
    const row = await versionRow(database, functionName, qualifier ?? "$LATEST");
    if (qualifier === undefined && row?.capacity_provider != null) {
      const published = await versionRow(database, functionName, LATEST_PUBLISHED_NAME);
      if (published) return { main: running(published) };
    }
    return row && { main: running(row) };
  }
  const rows = await aliasRows(database, functionName, qualifier);
  if (!rows) return undefined;
  const { main, additional, weight } = rows;
  return { main: running(main), ...(additional && { additional: { version: running(additional), weight } }) };
}

/** The published version with the highest number. */
export async function newestVersion(
  database: Kysely<CatalogTables>,
  place: Place,
  functionName: string,
): Promise<FunctionVersion | undefined> {
  const row = await database
    .selectFrom("function_versions")
    .select("document")
    .where("function_name", "=", functionName)
    .where("version_number", ">", LATEST_PUBLISHED)
    .orderBy("version_number", "desc")
    .limit(1)
    .executeTakeFirst();
  return row && versionOf(row.document, place);
}

/** One query, so that an alias that moves meanwhile is seen before or after its move, never between. */
async function aliasRows(database: Kysely<CatalogTables>, functionName: string, alias: string) {
  const rows = await database
    .selectFrom("aliases as alias")
    .innerJoin("function_versions as version", "version.function_name", "alias.function_name")
    .selectAll("version")
    .select(["alias.version_number as main_number", "alias.additional_weight as weight"])
    .where("alias.function_name", "=", functionName)
    .where("alias.name", "=", alias)
    .where((where) =>
      where.or([
        where("version.version_number", "=", where.ref("alias.version_number")),
        where("version.version_number", "=", where.ref("alias.additional_number")),
      ]),
    )
    .execute();
  const main = rows.find((row) => row.version_number === row.main_number);
  if (!main) return undefined;
  return { main, additional: rows.find((row) => row !== main), weight: main.weight ?? 0 };
}
