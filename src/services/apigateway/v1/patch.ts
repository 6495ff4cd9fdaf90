/** Patch operations: how the first control API changes what there is. A path names a member, an entry of a map, or an item. */
import type { FailV1, PatchOperation } from "./shapes.ts";

type Json = Readonly<Record<string, unknown>>;

/** Members that are no text, by their name: operations carry all values as text. */
const BOOLEANS: ReadonlySet<string> = new Set([
  "apiKeyRequired",
  "cacheClusterEnabled",
  "cacheDataEncrypted",
  "cachingEnabled",
  "dataTraceEnabled",
  "disableExecuteApiEndpoint",
  "enabled",
  "metricsEnabled",
  "requireAuthorizationForCacheControl",
  "tracingEnabled",
  "validateRequestBody",
  "validateRequestParameters",
]);
const NUMBERS: ReadonlySet<string> = new Set([
  "authorizerResultTtlInSeconds",
  "burstLimit",
  "cacheTtlInSeconds",
  "limit",
  "minimumCompressionSize",
  "offset",
  "rateLimit",
  "throttlingBurstLimit",
  "throttlingRateLimit",
  "timeoutInMillis",
]);
/** Numbers that may be switched off: by no value. */
const OPTIONAL: ReadonlySet<string> = new Set(["minimumCompressionSize"]);
/** Maps whose values are true or false. */
const FLAGS = /^(requestParameters|responseParameters)$/;

export interface PatchRules {
  /** First parts of paths that may be changed. */
  readonly members: readonly string[];
  /** Of these an operation adds or removes an item, named by the path or by its value. */
  readonly lists?: readonly string[];
  /** Of these the values are true or false: whether a parameter is required. */
  readonly areFlags?: boolean;
  /** Gives a path the form that the members have. */
  readonly rewrite?: (path: readonly string[]) => readonly string[];
}

/** @returns the changed document @throws ServiceError BadRequestException */
export function patched<T extends object>(
  document: T,
  operations: readonly PatchOperation[] | undefined,
  rules: PatchRules,
  fail: FailV1,
): T {
  let result: Json = document as Json;
  for (const { op, path = "", value, from } of operations ?? []) {
    const wanted = pathOf(path);
    const parts = rules.rewrite?.(wanted) ?? wanted;
    if (!rules.members.includes(parts[0] ?? "")) {
      return fail(
        "BadRequestException",
        `Invalid patch path  '${path}' specified for op '${op}'. Must be one of: [${rules.members.map((one) => `/${one}`).join(", ")}]`,
      );
    }
    const isList = rules.lists?.includes(parts[0] ?? "") === true;
    if (op === "remove") result = isList ? withoutItem(result, parts, value) : without(result, parts);
    else if (op === "replace" && value === "" && OPTIONAL.has(parts[0] ?? "")) result = without(result, parts);
    else if (op === "add" || op === "replace") {
      const typed = typedValue(parts, value, rules, fail);
      result = isList ? withItem(result, parts, value, op) : withValue(result, parts, typed);
    } else if (op === "copy" && from !== undefined) {
      result = withValue(result, parts, valueAt(result, pathOf(from)));
    } else
      return fail(
        "BadRequestException",
        `Invalid patch operation specified. Must be one of: [add, remove, replace, copy]`,
      );
  }
  return result as T;
}

/** JSON Pointer (RFC 6901). */
export const pathOf = (path: string): string[] =>
  path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

function typedValue(parts: readonly string[], value: string | undefined, rules: PatchRules, fail: FailV1): unknown {
  const name = parts.at(-1) ?? "";
  const isFlag = rules.areFlags === true && parts.length > 1 && FLAGS.test(parts[0] ?? "");
  if (isFlag || BOOLEANS.has(name)) return value === "true";
  if (!NUMBERS.has(name)) return value ?? "";
  const number = Number(value);
  return Number.isFinite(number) && value !== ""
    ? number
    : fail("BadRequestException", `Invalid patch value '${value}' specified`);
}

function valueAt(document: unknown, parts: readonly string[]): unknown {
  let at = document;
  for (const part of parts) at = isObject(at) && Object.hasOwn(at, part) ? at[part] : undefined;
  return at;
}

function withValue(document: Json, [first = "", ...rest]: readonly string[], value: unknown): Json {
  const before = Object.hasOwn(document, first) ? document[first] : undefined;
  // An item of a list within a member is named by itself: /endpointConfiguration/types/EDGE.
  if (Array.isArray(before) && rest.length === 1) {
    return { ...document, [first]: before.map((one) => (one === rest[0] ? value : one)) };
  }
  const after = rest.length === 0 ? value : withValue(isObject(before) ? before : {}, rest, value);
  // Computed names in a literal define members, `__proto__` too.
  return { ...document, [first]: after };
}

function without(document: Json, [first = "", ...rest]: readonly string[]): Json {
  const { [first]: before, ...others } = document;
  if (rest.length === 0) return others;
  return isObject(before) ? { ...document, [first]: without(before, rest) } : document;
}

function withItem(document: Json, [list = "", item]: readonly string[], value: string | undefined, op: string): Json {
  const before = itemsOf(document, list);
  const wanted = item ?? value ?? "";
  // To replace an item is to name the old one in the path and the new one as the value.
  const items =
    op === "replace" && item !== undefined && value !== undefined && value !== ""
      ? before.filter((one) => one !== item)
      : before;
  const added = op === "replace" && value !== undefined && value !== "" ? value : wanted;
  return { ...document, [list]: items.includes(added) ? items : [...items, added] };
}

function withoutItem(document: Json, [list = "", item]: readonly string[], value: string | undefined): Json {
  const gone = item ?? value;
  return { ...document, [list]: itemsOf(document, list).filter((one) => one !== gone) };
}

const itemsOf = (document: Json, list: string): readonly string[] => {
  const items = Object.hasOwn(document, list) ? document[list] : undefined;
  return Array.isArray(items) ? (items as string[]) : [];
};

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
