/** What is kept of a layer version, its tables and their migrations. */
import type { Migration } from "../state/migrations.ts";
import type { PolicyStatement } from "./policy-document.ts";

/** Everything of a layer version that its publisher decides; its number is given to it. */
export interface NewLayerVersion {
  readonly description: string;
  /** ISO 8601 with AWS's offset form: 2024-05-01T12:34:56.000+0000 */
  readonly createdDate: string;
  /** base64 SHA-256 of the zip */
  readonly codeSha256: string;
  /** bytes of the zip */
  readonly codeSize: number;
  /** bytes of all its files */
  readonly unzippedSize: number;
  /** Undefined when never said; an empty list when said to be none (AWS answers the two differently). */
  readonly compatibleRuntimes?: readonly string[];
  readonly compatibleArchitectures?: readonly string[];
  readonly licenseInfo?: string;
  /** Of the signing profile in whose name the zip was signed. */
  readonly signingProfileVersionArn?: string;
  readonly signingJobArn?: string;
}

export interface LayerVersion extends NewLayerVersion {
  readonly layerName: string;
  /** From 1 on. */
  readonly version: number;
}

export interface LayerPolicy {
  /** UUID; changes with every change of the policy. */
  readonly revisionId: string;
  readonly statements: readonly PolicyStatement[];
}

export interface LayerRow {
  name: string;
  /** The number that the next version gets. Only grows, even when all versions are deleted. */
  next_version: number;
}

export interface LayerVersionRow {
  layer_name: string;
  version: number;
  /** JSON: LayerVersion. */
  document: string;
  code_sha256: string;
  code_size: number;
  /** As tokens() writes them, for filters. */
  runtimes: string;
  architectures: string;
  /** JSON: LayerPolicy, or null when there is none. */
  policy: string | null;
}

export type LayerTables = {
  layers: LayerRow;
  layer_versions: LayerVersionRow;
};

export const LAYER_MIGRATIONS: readonly Migration[] = [
  {
    name: "create layers and their versions",
    up: async (database) => {
      await database.schema
        .createTable("layers")
        .addColumn("name", "varchar(140)", (column) => column.primaryKey())
        .addColumn("next_version", "integer", (column) => column.notNull())
        .execute();
      await database.schema
        .createTable("layer_versions")
        .addColumn("layer_name", "varchar(140)", (column) => column.notNull().references("layers.name"))
        .addColumn("version", "integer", (column) => column.notNull())
        .addColumn("document", "text", (column) => column.notNull())
        .addColumn("code_sha256", "varchar(44)", (column) => column.notNull())
        .addColumn("code_size", "integer", (column) => column.notNull())
        .addColumn("runtimes", "text", (column) => column.notNull())
        .addColumn("architectures", "text", (column) => column.notNull())
        .addColumn("policy", "text")
        .addPrimaryKeyConstraint("layer_versions_key", ["layer_name", "version"])
        .execute();
    },
  },
  {
    name: "answer questions about all layers from indexes",
    up: async (database) => {
      for (const column of ["code_sha256", "code_size"]) {
        const index = database.schema.createIndex(`layer_versions_${column}`);
        await index.on("layer_versions").column(column).execute();
      }
    },
  },
];

export function layerVersionOf(document: string): LayerVersion {
  return Object.freeze(JSON.parse(document) as LayerVersion);
}

/** A list in which LIKE finds a whole item: `,python3.12,nodejs22.x,`. */
export function tokens(items: readonly string[] = []): string {
  return `,${items.map((item) => `${item},`).join("")}`;
}
