/**
 * The layers that were published: versions that never change, numbered upwards, each with a policy of its own. A version
 * that was deleted is gone from here; functions that use it carry all they need of it (function-version.ts).
 */
import type { Kysely } from "kysely";
import type { Database } from "../state/database.ts";
import { newUuid } from "../state/ids.ts";
import { migrate } from "../state/migrations.ts";
import { Serial } from "../state/serial.ts";
import {
  LAYER_MIGRATIONS,
  type LayerPolicy,
  type LayerTables,
  type LayerVersion,
  layerVersionOf,
  type NewLayerVersion,
  tokens,
} from "./layer-tables.ts";
import type { PolicyDocument, PolicyStatement } from "./policy-document.ts";

/** Only versions that say they are compatible with all that is given. */
export interface LayerFilter {
  readonly runtime?: string | undefined;
  readonly architecture?: string | undefined;
}

export class Layers {
  readonly #database: Kysely<LayerTables>;
  readonly #serial = new Serial();

  private constructor(database: Database) {
    this.#database = database.withTables<LayerTables>();
  }

  static async open(database: Database): Promise<Layers> {
    await migrate(database, "layers", LAYER_MIGRATIONS);
    return new Layers(database);
  }

  /** Add the next version of the layer, the first one when there is none. Numbers are never used again. */
  publish(layerName: string, content: NewLayerVersion): Promise<LayerVersion> {
    return this.#write(layerName, async (transaction) => {
      const layer = await transaction
        .selectFrom("layers")
        .select("next_version")
        .where("name", "=", layerName)
        .executeTakeFirst();
      const version = layer?.next_version ?? 1;
      await transaction
        .insertInto("layers")
        .values({ name: layerName, next_version: version + 1 })
        .onConflict((conflict) => conflict.column("name").doUpdateSet({ next_version: version + 1 }))
        .execute();
      const published: LayerVersion = { ...content, layerName, version };
      await transaction
        .insertInto("layer_versions")
        .values({
          layer_name: layerName,
          version,
          document: JSON.stringify(published),
          code_sha256: content.codeSha256,
          code_size: content.codeSize,
          runtimes: tokens(content.compatibleRuntimes),
          architectures: tokens(content.compatibleArchitectures),
          policy: null,
        })
        .execute();
      return published;
    });
  }

  async find(layerName: string, version: number): Promise<LayerVersion | undefined> {
    const row = await this.#row(this.#database, layerName, version);
    return row && layerVersionOf(row.document);
  }

  /** Harmless when there is no such version. Its policy goes with it. */
  async delete(layerName: string, version: number): Promise<void> {
    await this.#write(layerName, (transaction) =>
      transaction
        .deleteFrom("layer_versions")
        .where("layer_name", "=", layerName)
        .where("version", "=", version)
        .execute(),
    );
  }

  /** The versions of one layer, newest first. @param page.before only versions older than this */
  async versions(
    layerName: string,
    page: { filter: LayerFilter; before?: number | undefined; limit: number },
  ): Promise<LayerVersion[]> {
    let query = this.#matching(page.filter)
      .select("document")
      .where("layer_name", "=", layerName)
      .orderBy("version", "desc")
      .limit(page.limit);
    if (page.before !== undefined) query = query.where("version", "<", page.before);
    return (await query.execute()).map(({ document }) => layerVersionOf(document));
  }

  /** The newest version of each layer, by name. With a filter: the newest of those that pass; layers without are left out. */
  async newest(page: { filter: LayerFilter; after?: string | undefined; limit: number }): Promise<LayerVersion[]> {
    let newest = this.#matching(page.filter)
      .select(["layer_name", (all) => all.fn.max("version").as("version")])
      .groupBy("layer_name")
      .orderBy("layer_name")
      .limit(page.limit);
    if (page.after !== undefined) newest = newest.where("layer_name", ">", page.after);
    const rows = await this.#database
      .selectFrom(newest.as("newest"))
      .innerJoin("layer_versions", (join) =>
        join
          .onRef("layer_versions.layer_name", "=", "newest.layer_name")
          .onRef("layer_versions.version", "=", "newest.version"),
      )
      .select("layer_versions.document")
      .orderBy("layer_versions.layer_name")
      .execute();
    return rows.map(({ document }) => layerVersionOf(document));
  }

  /** Undefined when the version has none, or when there is no such version. */
  async policy(layerName: string, version: number): Promise<LayerPolicy | undefined> {
    const row = await this.#row(this.#database, layerName, version);
    return policyOf(row?.policy);
  }

  /** The same as IAM writes it. */
  async policyDocument(layerName: string, version: number): Promise<PolicyDocument | undefined> {
    const policy = await this.policy(layerName, version);
    return policy && documentOf(policy.statements);
  }

  /**
   * Replace the policy's statements by what `decide` makes of them; none left removes the policy. What `decide` throws is
   * thrown, and nothing has changed.
   * @returns the policy as it is then; undefined when none is left
   */
  changePolicy(
    layerName: string,
    version: number,
    decide: (before: LayerPolicy | undefined, exists: boolean) => readonly PolicyStatement[],
  ): Promise<LayerPolicy | undefined> {
    return this.#write(layerName, async (transaction) => {
      const row = await this.#row(transaction, layerName, version);
      const statements = decide(policyOf(row?.policy), row !== undefined);
      const policy = statements.length === 0 ? undefined : { revisionId: newUuid(), statements };
      await transaction
        .updateTable("layer_versions")
        .set({ policy: policy ? JSON.stringify(policy) : null })
        .where("layer_name", "=", layerName)
        .where("version", "=", version)
        .execute();
      return policy;
    });
  }

  /** Which of these packages, by their codeSha256, are published. */
  async referencedCode(codeSha256s: readonly string[]): Promise<readonly string[]> {
    const rows = await this.#database
      .selectFrom("layer_versions")
      .select("code_sha256")
      .where("code_sha256", "in", codeSha256s)
      .distinct()
      .execute();
    return rows.map((row) => row.code_sha256);
  }

  /** bytes of all versions' zips */
  async totalCodeSize(): Promise<number> {
    const { bytes } = await this.#database
      .selectFrom("layer_versions")
      .select((all) => all.fn.sum<number | string | null>("code_size").as("bytes"))
      .executeTakeFirstOrThrow();
    return Number(bytes ?? 0);
  }

  #row(database: Kysely<LayerTables>, layerName: string, version: number) {
    return database
      .selectFrom("layer_versions")
      .select(["document", "policy"])
      .where("layer_name", "=", layerName)
      .where("version", "=", version)
      .executeTakeFirst();
  }

  #matching({ runtime, architecture }: LayerFilter) {
    let query = this.#database.selectFrom("layer_versions");
    if (runtime !== undefined) query = query.where("runtimes", "like", `%${tokens([runtime])}%`);
    if (architecture !== undefined) query = query.where("architectures", "like", `%${tokens([architecture])}%`);
    return query;
  }

  #write<T>(layerName: string, task: (transaction: Kysely<LayerTables>) => Promise<T>): Promise<T> {
    return this.#serial.run(layerName, () => this.#database.transaction().execute(task));
  }
}

export function documentOf(statements: readonly PolicyStatement[]): PolicyDocument {
  return { Version: "2012-10-17", Id: "default", Statement: statements };
}

function policyOf(text: string | null | undefined): LayerPolicy | undefined {
  return text ? (JSON.parse(text) as LayerPolicy) : undefined;
}
