/** What the catalog holds, page by page and summed up. Reads only. */
import type { Kysely } from "kysely";
import { type CatalogTables, LATEST, versionOf } from "./catalog-tables.ts";
import type { Place } from "./function-name.ts";
import type { FunctionVersion } from "./function-version.ts";

/** The last item of a page: where the next one goes on. */
export interface Position {
  readonly functionName: string;
  readonly versionNumber: number;
}

export interface Page {
  readonly versions: readonly FunctionVersion[];
  /** Absent on the last page. */
  readonly next?: Position;
}

export interface CatalogUsage {
  readonly functionCount: number;
  /** bytes of all versions' zips */
  readonly totalCodeSize: number;
}

export class CatalogListing {
  readonly #database: Kysely<CatalogTables>;
  readonly #place: Place;

  constructor(database: Kysely<CatalogTables>, place: Place) {
    this.#database = database;
    this.#place = place;
  }

  /** `$LATEST` of every function, by name; with `allVersions` each followed by its published versions. */
  async functions(page: { after?: Position; limit: number; allVersions: boolean }): Promise<Page> {
    const { after } = page;
    let query = this.#select().orderBy("function_name").orderBy("version_number");
    if (!page.allVersions) query = query.where("version_number", "=", LATEST);
    if (after) {
      query = query.where((where) =>
        where.or([
          where("function_name", ">", after.functionName),
          where.and([
            where("function_name", "=", after.functionName),
            where("version_number", ">", after.versionNumber),
          ]),
        ]),
      );
    }
    return this.#page(await query.limit(page.limit + 1).execute(), page.limit);
  }

  /** `$LATEST` of one function, then its published versions, oldest first. Empty when there is no such function. */
  async versions(functionName: string, page: { after?: Position; limit: number }): Promise<Page> {
    const rows = await this.#select()
      .where("function_name", "=", functionName)
      .where("version_number", ">", page.after?.versionNumber ?? LATEST - 1)
      .orderBy("version_number")
      .limit(page.limit + 1)
      .execute();
    return this.#page(rows, page.limit);
  }

  /** Every version that is not settled: Pending, or with an update in progress. */
  async unsettled(): Promise<FunctionVersion[]> {
    const rows = await this.#select().execute();
    return rows
      .map((row) => versionOf(row.document, this.#place))
      .filter((version) => version.state === "Pending" || version.lastUpdateStatus === "InProgress");
  }

  /** codeSha256 of all code that a version shows or runs. */
  async referencedCode(): Promise<ReadonlySet<string>> {
    const rows = await this.#database
      .selectFrom("function_versions")
      .select(["code_sha256", "serving_code_sha256"])
      .distinct()
      .execute();
    const all = rows.flatMap((row) => [row.code_sha256, row.serving_code_sha256]);
    return new Set(all.filter((sha): sha is string => sha !== null && sha !== ""));
  }

  async usage(): Promise<CatalogUsage> {
    const rows = await this.#select().execute();
    const versions = rows.map((row) => versionOf(row.document, this.#place));
    return {
      functionCount: versions.filter((version) => version.version === "$LATEST").length,
      totalCodeSize: versions.reduce((sum, version) => sum + version.codeSize, 0),
    };
  }

  #select() {
    return this.#database.selectFrom("function_versions").select(["function_name", "version_number", "document"]);
  }

  #page(rows: readonly { function_name: string; version_number: number; document: string }[], limit: number): Page {
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return {
      versions: shown.map((row) => versionOf(row.document, this.#place)),
      ...(rows.length > limit &&
        last && { next: { functionName: last.function_name, versionNumber: last.version_number } }),
    };
  }
}
