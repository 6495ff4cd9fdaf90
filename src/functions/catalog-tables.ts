/** The catalog's tables, and how a function version becomes a row and returns from it. */
import { isDeepStrictEqual } from "node:util";
import type { ExpressionBuilder } from "kysely";
import { functionArn, type Place } from "./function-name.ts";
import type { FunctionVersion } from "./function-version.ts";

/** `$LATEST` has no number of its own; it stands as this one, before all published versions. */
export const LATEST = -1;
/** `$LATEST.PUBLISHED` stands behind `$LATEST`, before the versions that have numbers. */
export const LATEST_PUBLISHED = 0;
export const LATEST_PUBLISHED_NAME = "$LATEST.PUBLISHED";

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
  /** bytes of the version's zip: the document's, for sums over all versions */
  code_size: number;
  /** 1 while the version is Pending, or an update of it is in progress; else 0. */
  unsettled: number;
  /** Its name, when the version uses one. */
  capacity_provider: string | null;
  /** JSON: what runs while an update of `$LATEST` has not succeeded; null when that is `document` itself. */
  serving: string | null;
  serving_code_sha256: string | null;
  /** JSON: for what is shown and for what runs, the codeSha256 of their layers in order; null when neither has layers. */
  layer_code: string | null;
}

export type SettingKind =
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

/** Selects the versions that stand after this one, in the order of functions' names and versions' numbers. */
export function comesAfter(functionName: string, number: number) {
  // As one comparison of pairs, which an index can answer; an `or` of two would be asked of every row.
  return (where: ExpressionBuilder<CatalogTables, "function_versions">) =>
    where(where.refTuple("function_name", "version_number"), ">", where.tuple(functionName, number));
}

/** `$LATEST`, `$LATEST.PUBLISHED` or digits as a number; undefined for anything else, such as the name of an alias. */
export function versionNumber(qualifier: string | undefined): number | undefined {
  if (qualifier === undefined || qualifier === "$LATEST") return LATEST;
  if (qualifier === LATEST_PUBLISHED_NAME) return LATEST_PUBLISHED;
  if (!/^[1-9]\d{0,8}$/.test(qualifier)) return undefined;
  return Number(qualifier);
}

export function versionName(number: number): string {
  if (number === LATEST) return "$LATEST";
  return number === LATEST_PUBLISHED ? LATEST_PUBLISHED_NAME : String(number);
}

/** Some members of the documents stand beside them, so that questions about all versions need not read them. */
export function rowOf(version: FunctionVersion, serving: FunctionVersion | undefined): VersionRow {
  const isUnsettled = version.state === "Pending" || version.lastUpdateStatus === "InProgress";
  const layers = [version.layers ?? [], serving?.layers ?? []].filter((list) => list.length > 0);
  return {
    function_name: version.functionName,
    version_number: versionNumber(version.version) as number,
    document: JSON.stringify(version),
    revision_id: version.revisionId,
    code_sha256: storedCode(version),
    code_size: version.codeSize,
    unsettled: isUnsettled ? 1 : 0,
    capacity_provider: version.capacityProvider?.name ?? null,
    serving: serving ? JSON.stringify(serving) : null,
    serving_code_sha256: serving ? storedCode(serving) : null,
    layer_code:
      layers.length === 0 ? null : JSON.stringify(layers.map((list) => list.map(({ codeSha256 }) => codeSha256))),
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

/** Compared as they are stored: what comes from a request has maps without a prototype, what comes from a document has not. */
export function isSameButRevision(one: FunctionVersion, other: FunctionVersion): boolean {
  const stored = (version: FunctionVersion): unknown =>
    JSON.parse(JSON.stringify({ ...version, revisionId: undefined }));
  return isDeepStrictEqual(stored(one), stored(other));
}
