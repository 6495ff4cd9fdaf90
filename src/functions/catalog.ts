/**
 * The catalog: which functions are deployed, in which versions. Management writes it, every plane reads it. It keeps
 * what it is given whole and in order; what is allowed is decided in management.
 */
import type { Kysely, Transaction } from "kysely";
import type { Database } from "../state/database.ts";
import { newUuid } from "../state/ids.ts";
import { migrate } from "../state/migrations.ts";
import { Serial } from "../state/serial.ts";
import { Aliases, aliasesOf } from "./aliases.ts";
import { CatalogListing } from "./catalog-listing.ts";
import { CATALOG_MIGRATIONS } from "./catalog-migrations.ts";
import {
  type CatalogTables,
  isSameButRevision,
  LATEST,
  LATEST_PUBLISHED,
  LATEST_PUBLISHED_NAME,
  type SettingKind,
  type VersionRow,
  versionName,
  versionNumber,
  versionOf,
} from "./catalog-tables.ts";
import { functionArn, type Place } from "./function-name.ts";
import { dropSettings, FunctionSettings } from "./function-settings.ts";
import type { FunctionVersion } from "./function-version.ts";
import { newestVersion, routeOf, versionRow } from "./qualifiers.ts";
import { ResourcePolicies } from "./resource-policies.ts";
import { pick, type Random, type Route } from "./route.ts";
import { RouteCache } from "./route-cache.ts";
import { behind, insertVersion, replaceVersion, takeNumber } from "./version-writes.ts";

const CACHED_ROUTES = 10_000;
/** As the cache knows invocations without a qualifier: nothing else is called so. */
const UNQUALIFIED = "";

/** Everything of a version that its writer decides; the catalog adds name, number, ARN, creation and revision. */
export type VersionContent = Omit<
  FunctionVersion,
  "functionName" | "version" | "functionArn" | "creationId" | "revisionId"
>;

type Named = Pick<FunctionVersion, "functionName" | "creationId">;

export type ChangeListener = (functionName: string, isDeleted: boolean) => void;
export type Tags = Readonly<Record<string, string>>;

/** What to do with a function, decided from its `$LATEST` while nobody else can change the function. */
export interface Change {
  readonly latest: VersionContent;
  /** Also keep this as the next published version, or in the place of `$LATEST.PUBLISHED`. */
  readonly publish?: VersionContent;
  readonly publishTo?: typeof LATEST_PUBLISHED_NAME | undefined;
}

export interface Written {
  readonly latest: FunctionVersion;
  readonly published?: FunctionVersion;
}

/** What became of deleting a version: one that aliases run stays. */
export type VersionDeletion =
  | { readonly kind: "deleted" | "missing" }
  | { readonly kind: "in use"; readonly aliases: readonly string[] };

export class Catalog {
  readonly aliases: Aliases;
  readonly listing: CatalogListing;
  readonly policies: ResourcePolicies;
  readonly #database: Kysely<CatalogTables>;
  readonly #place: Place;
  readonly #random: Random;
  readonly #cache = new RouteCache(CACHED_ROUTES);
  readonly #serial = new Serial();
  readonly #listeners: ChangeListener[] = [];
  /** Grows with every write: a read that was overtaken by a write must not fill the cache. */
  #writes = 0;

  private constructor(database: Database, place: Place, random: Random) {
    this.#database = database.withTables<CatalogTables>();
    this.#place = place;
    this.#random = random;
    this.aliases = new Aliases(this.#database, (functionName, task) => this.#write(functionName, task));
    this.listing = new CatalogListing(this.#database, place);
    this.policies = new ResourcePolicies({
      database: this.#database,
      settings: this.settings("resourcePolicy"),
      write: (functionName, task) => this.#write(functionName, task),
    });
  }

  /** @param random what aliases with two versions draw by */
  static async open(database: Database, place: Place, random: Random = Math.random): Promise<Catalog> {
    await migrate(database, "functions", CATALOG_MIGRATIONS);
    return new Catalog(database, place, random);
  }

  /**
   * The settings of one kind.
   * @param lookup what FunctionSettings.find() finds them by
   */
  settings<T>(kind: SettingKind, lookup?: (value: T) => string): FunctionSettings<T> {
    return new FunctionSettings<T>({
      database: this.#database,
      kind,
      write: (functionName, task) => this.#write(functionName, task),
      exists: async (transaction, functionName, qualifier) =>
        (await versionRow(transaction, functionName, qualifier)) !== undefined,
      lookup,
    });
  }

  /** Called after every committed change of a function, its deletion included, before the next can begin. */
  onChange(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  /**
   * The version that an invocation of this function runs, or undefined when there is none. While an update of
   * `$LATEST` is in progress (or after it failed) this is the version before it. An alias with two versions draws one
   * of them anew each time.
   * @param qualifier `$LATEST`, `$LATEST.PUBLISHED`, digits, or the name of an alias; without one it is `$LATEST`, or of a
   *   function with a capacity provider `$LATEST.PUBLISHED`, if it has it
   */
  async resolve(functionName: string, qualifier?: string): Promise<FunctionVersion | undefined> {
    const route =
      this.#cache.get(functionName, qualifier ?? UNQUALIFIED) ?? (await this.route(functionName, qualifier));
    return route && pick(route, this.#random);
  }

  /** What resolve() picks from. */
  async route(functionName: string, qualifier: string | undefined): Promise<Route | undefined> {
    const writes = this.#writes;
    const route = await routeOf(this.#database, this.#place, functionName, qualifier);
    if (route && writes === this.#writes) this.#cache.put(functionName, qualifier ?? UNQUALIFIED, route);
    return route;
  }

  /** What resolve() would answer, when that is known without asking the database. */
  cached(functionName: string, qualifier?: string): FunctionVersion | undefined {
    const route = this.#cache.get(functionName, qualifier ?? UNQUALIFIED);
    return route && pick(route, this.#random);
  }

  /** The version as its owner configured it, whether or not it runs yet; of an alias, its main version. */
  async describe(functionName: string, qualifier = "$LATEST"): Promise<FunctionVersion | undefined> {
    const row = await versionRow(this.#database, functionName, qualifier);
    return row && versionOf(row.document, this.#place);
  }

  /**
   * Add a function, with version 1 when the change publishes. Answers undefined when the name is taken.
   * @param also what else is written with it, or not at all; what it throws is thrown, and nothing has changed
   */
  create(
    functionName: string,
    change: Change,
    tags: Tags,
    also?: (transaction: Transaction<CatalogTables>) => Promise<void>,
  ): Promise<Written | undefined> {
    return this.#write(functionName, async (transaction) => {
      const taken = await transaction
        .selectFrom("functions")
        .select("name")
        .where("name", "=", functionName)
        .executeTakeFirst();
      if (taken) return undefined;
      await transaction
        .insertInto("functions")
        .values({ name: functionName, next_version: 1, tags: JSON.stringify(tags) })
        .execute();
      await also?.(transaction);
      const creationId = newUuid();
      const latest = this.#version({ functionName, creationId }, LATEST, change.latest);
      await insertVersion(transaction, latest);
      return { latest, ...(await this.#publish(transaction, latest, change, undefined)) };
    });
  }

  /**
   * Change a function's `$LATEST`, and publish when the decision says so. Changes of one function never overlap.
   * Answers undefined when there is no such function.
   * @param decide gets `$LATEST`, the published version with the highest number, and `$LATEST.PUBLISHED`; what it throws is
   *   thrown, and nothing has changed. When it answers undefined nothing is changed.
   */
  update(
    functionName: string,
    decide: (
      latest: FunctionVersion,
      newest: FunctionVersion | undefined,
      latestPublished: FunctionVersion | undefined,
    ) => Change | undefined,
  ): Promise<Written | undefined> {
    return this.#write(functionName, async (transaction) => {
      const row = await versionRow(transaction, functionName, "$LATEST");
      if (!row) return undefined;
      const before = versionOf(row.document, this.#place);
      const newest = await newestVersion(transaction, this.#place, functionName);
      const published = await versionRow(transaction, functionName, LATEST_PUBLISHED_NAME);
      const change = decide(before, newest, published && versionOf(published.document, this.#place));
      if (!change) return { latest: before };
      const latest = this.#version(before, LATEST, change.latest);
      await this.#replace(transaction, row, latest);
      return { latest, ...(await this.#publish(transaction, latest, change, published)) };
    });
  }

  /**
   * Record how the activation of one version ended. No-op, answering undefined, when the version has changed meanwhile
   * or is gone. A new revision alone, such as a permission gives it, is no change.
   * @param outcome the members that changed; an update that failed leaves the version before it running
   */
  settle(
    version: FunctionVersion,
    outcome: Partial<VersionContent>,
    remove: readonly (keyof VersionContent)[],
  ): Promise<FunctionVersion | undefined> {
    return this.#write(version.functionName, async (transaction) => {
      const row = await versionRow(transaction, version.functionName, version.version);
      if (!row || !isSameButRevision(version, versionOf(row.document, this.#place))) return undefined;
      const content: Partial<Record<keyof VersionContent, unknown>> = {
        ...versionOf(row.document, this.#place),
        ...outcome,
      };
      for (const member of remove) delete content[member];
      const settled = this.#version(version, versionNumber(version.version) as number, content as VersionContent);
      const failed = settled.lastUpdateStatus === "Failed" && row.serving;
      await replaceVersion(
        transaction,
        settled,
        failed ? { ...versionOf(failed, this.#place), state: settled.state } : undefined,
      );
      return settled;
    });
  }

  /** Delete one published version, unless an alias runs it. */
  async deleteVersion(functionName: string, version: string): Promise<VersionDeletion> {
    const number = versionNumber(version);
    if (number === undefined || number === LATEST) return { kind: "missing" };
    return this.#write(functionName, async (transaction) => {
      const aliases = await aliasesOf(transaction, functionName, number);
      if (aliases.length > 0) return { kind: "in use", aliases };
      const { numDeletedRows } = await transaction
        .deleteFrom("function_versions")
        .where("function_name", "=", functionName)
        .where("version_number", "=", number)
        .executeTakeFirst();
      if (numDeletedRows === 0n) return { kind: "missing" };
      await dropSettings(transaction, functionName, version);
      return { kind: "deleted" };
    });
  }

  /** Delete the function with all its versions; true when it existed. */
  deleteFunction(functionName: string): Promise<boolean> {
    return this.#write(
      functionName,
      async (transaction) => {
        await transaction.deleteFrom("function_versions").where("function_name", "=", functionName).execute();
        const { numDeletedRows } = await transaction
          .deleteFrom("functions")
          .where("name", "=", functionName)
          .executeTakeFirst();
        return numDeletedRows > 0n;
      },
      true,
    );
  }

  /** Tags of the function, or undefined when there is no such function. */
  async tags(functionName: string): Promise<Tags | undefined> {
    const row = await this.#database
      .selectFrom("functions")
      .select("tags")
      .where("name", "=", functionName)
      .executeTakeFirst();
    return row && (JSON.parse(row.tags) as Tags);
  }

  /**
   * Replace the tags by what `decide` makes of them; what it throws is thrown, and nothing has changed. Answers
   * undefined when there is no such function.
   */
  changeTags(functionName: string, decide: (tags: Tags) => Tags): Promise<Tags | undefined> {
    return this.#write(functionName, async (transaction) => {
      const row = await transaction
        .selectFrom("functions")
        .select("tags")
        .where("name", "=", functionName)
        .executeTakeFirst();
      if (!row) return undefined;
      const tags = decide(JSON.parse(row.tags) as Tags);
      await transaction
        .updateTable("functions")
        .set({ tags: JSON.stringify(tags) })
        .where("name", "=", functionName)
        .execute();
      return tags;
    });
  }

  /** @param before the row of `$LATEST.PUBLISHED`, if there is one */
  async #publish(
    transaction: Transaction<CatalogTables>,
    latest: FunctionVersion,
    { publish, publishTo }: Change,
    before: VersionRow | undefined,
  ): Promise<{ published?: FunctionVersion }> {
    if (!publish) return {};
    const number = publishTo ? LATEST_PUBLISHED : await takeNumber(transaction, latest.functionName);
    const published = this.#version(latest, number, publish);
    if (publishTo && before) await this.#replace(transaction, before, published);
    else await insertVersion(transaction, published);
    return { published };
  }

  async #replace(transaction: Transaction<CatalogTables>, row: VersionRow, version: FunctionVersion): Promise<void> {
    const serving = row.serving ? versionOf(row.serving, this.#place) : undefined;
    await replaceVersion(transaction, version, behind(version, versionOf(row.document, this.#place), serving));
  }

  #version(of: Named, number: number, content: VersionContent): FunctionVersion {
    return Object.freeze({
      ...content,
      functionName: of.functionName,
      version: versionName(number),
      functionArn: functionArn(this.#place, of.functionName),
      ...(of.creationId !== undefined && { creationId: of.creationId }),
      revisionId: newUuid(),
    });
  }

  async #write<T>(
    functionName: string,
    task: (transaction: Transaction<CatalogTables>) => Promise<T>,
    isDeletion = false,
  ): Promise<T> {
    return this.#serial.run(functionName, async () => {
      const result = await this.#database.transaction().execute(task);
      this.#writes += 1;
      this.#cache.forget(functionName);
      for (const listener of this.#listeners) listener(functionName, isDeletion);
      return result;
    });
  }
}
