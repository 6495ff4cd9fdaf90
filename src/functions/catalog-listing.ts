/** What the catalog holds, page by page and summed up. Reads only. */
import type { Kysely } from "kysely";
import { type CatalogTables, comesAfter, LATEST, versionOf } from "./catalog-tables.ts";
import type { Place } from "./function-name.ts";
import type { FunctionVersion } from "./function-version.ts";
import { mergedSha256 } from "./merged-layers.ts";

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

const CODE_PAGE = 1000;

export class CatalogListing {
  readonly #database: Kysely<CatalogTables>;
  readonly #place: Place;

  constructor(database: Kysely<CatalogTables>, place: Place) {
    this.#database = database;
    this.#place = place;
  }

  /** `$LATEST` of every function, by name; with `allVersions` each followed by its published versions. */
  async functions(page: { after?: Position; limit: number; allVersions: boolean }): Promise<Page> {
    const { after, limit } = page;
    if (page.allVersions) {
      let query = this.#select().orderBy("function_name").orderBy("version_number");
      if (after) query = query.where(comesAfter(after.functionName, after.versionNumber));
      return this.#page(await query.limit(limit + 1).execute(), limit);
    }
    let names = this.#database
      .selectFrom("functions")
      .select("name")
      .orderBy("name")
      .limit(limit + 1);
    if (after) names = names.where("name", ">", after.functionName);
    const rows = await this.#select()
      .where("function_name", "in", names)
      .where("version_number", "=", LATEST)
      .orderBy("function_name")
      .execute();
    return this.#page(rows, limit);
  }

  /** `$LATEST` of one function, then its published versions, `$LATEST.PUBLISHED` first, then the oldest. Empty when there is no such function. */
  async versions(functionName: string, page: { after?: Position; limit: number }): Promise<Page> {
    const rows = await this.#select()
      .where("function_name", "=", functionName)
      .where("version_number", ">", page.after?.versionNumber ?? LATEST - 1)
      .orderBy("version_number")
      .limit(page.limit + 1)
      .execute();
    return this.#page(rows, page.limit);
  }

  /** All versions that use the capacity provider, by function and version. */
  async ofCapacityProvider(name: string, page: { after?: Position; limit: number }): Promise<Page> {
    let query = this.#select().where("capacity_provider", "=", name);
    if (page.after) query = query.where(comesAfter(page.after.functionName, page.after.versionNumber));
    query = query.orderBy("function_name").orderBy("version_number");
    return this.#page(await query.limit(page.limit + 1).execute(), page.limit);
  }

  async countOfCapacityProvider(name: string): Promise<number> {
    const { count } = await this.#database
      .selectFrom("function_versions")
      .select((all) => all.fn.countAll<number | string | bigint>().as("count"))
      .where("capacity_provider", "=", name)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** Every version that is not settled: Pending, or with an update in progress. */
  async unsettled(): Promise<FunctionVersion[]> {
    const rows = await this.#select().where("unsettled", "=", 1).execute();
    return rows.map((row) => versionOf(row.document, this.#place));
  }

  /**
   * Which of these packages, by their codeSha256, a version shows or runs: as its own code, as one of its layers, or as its
   * layers together.
   */
  async referencedCode(codeSha256s: readonly string[]): Promise<ReadonlySet<string>> {
    const versions = this.#database.selectFrom("function_versions");
    const shown = await versions
      .select("code_sha256 as sha")
      .where("code_sha256", "in", codeSha256s)
      .distinct()
      .execute();
    const running = await versions
      .select("serving_code_sha256 as sha")
      .where("serving_code_sha256", "in", codeSha256s)
      .distinct()
      .execute();
    const found = new Set([...shown, ...running].flatMap(({ sha }) => sha ?? []));
    // The layers of all versions are many to read: only for what else would be nobody's.
    if (codeSha256s.every((sha) => found.has(sha))) return new Set(codeSha256s);
    const layers = new Set(await this.#referencedLayers());
    return new Set(codeSha256s.filter((sha) => found.has(sha) || layers.has(sha)));
  }

  /** All of them, page by page; some perhaps more than once. */
  async *allReferencedCode(): AsyncGenerator<readonly string[], void> {
    for (const column of ["code_sha256", "serving_code_sha256"] as const) {
      for (let after = ""; ; ) {
        const rows = await this.#database
          .selectFrom("function_versions")
          .select(column)
          .where(column, ">", after)
          .distinct()
          .orderBy(column)
          .limit(CODE_PAGE)
          .execute();
        const page = rows.flatMap((row) => row[column] ?? []);
        const last = page.at(-1);
        if (last === undefined) break;
        yield page;
        after = last;
      }
    }
    yield await this.#referencedLayers();
  }

  async #referencedLayers(): Promise<string[]> {
    const rows = await this.#database
      .selectFrom("function_versions")
      .select("layer_code")
      .where("layer_code", "is not", null)
      .distinct()
      .execute();
    const lists = rows.flatMap((row) => JSON.parse(row.layer_code ?? "[]") as string[][]);
    return [...new Set(lists.flatMap((layers) => [...layers, mergedSha256(layers)]))];
  }

  async usage(): Promise<CatalogUsage> {
    const functions = await this.#database
      .selectFrom("functions")
      .select((all) => all.fn.countAll<number | string | bigint>().as("count"))
      .executeTakeFirstOrThrow();
    const versions = await this.#database
      .selectFrom("function_versions")
      .select((all) => all.fn.sum<number | string | bigint | null>("code_size").as("bytes"))
      .executeTakeFirstOrThrow();
    return { functionCount: Number(functions.count), totalCodeSize: Number(versions.bytes ?? 0) };
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
