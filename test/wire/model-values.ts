/** Random values that are valid by a service's model, as fast-check arbitraries: the fuel of the fuzz tests. */
import * as fc from "fast-check";
import type { Member, Shape } from "../../src/wire/shape.ts";

export type Values = Record<string, unknown>;

/** Characters that may stand in a header or a label: not every string of a model survives HTTP. */
const HEADER_SAFE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const MAX_ITEMS = 3;
const MAX_LENGTH = 40;
const POOL_SEED = 1;

/** Patterns that say nothing but «no line break», if that. */
const ANYTHING = new Set([".*", "[\\s\\S]*", "[\\s\\S]+"]);

const strings = new Map<Shape, fc.Arbitrary<string>>();

/** Shapes within which the one that is being made stands: recursive ones end where they would begin anew. */
const around = new Set<Shape>();

/** A structure with all required members and some of the optional ones. */
export function structureOf(shape: Shape, isOutput: boolean): fc.Arbitrary<Values> {
  around.add(shape);
  const members = shape.members.filter(
    (member) => !(isOutput && isSetByHttp(member)) && !recurs(member.target) && !isException(shape, member),
  );
  const arbitraries = members.map((member) => [member.name, memberOf(member, isOutput)] as const);
  around.delete(shape);
  const required = members.filter((member) => member.required || (isOutput && isDocument(member)));
  if (shape.type === "union") return fc.oneof(...arbitraries.map(([name, value]) => fc.record({ [name]: value })));
  return fc.record(Object.fromEntries(arbitraries), {
    requiredKeys: required.map(({ name }) => name),
    noNullPrototype: true,
  });
}

/** Of an answer whose document is left out S3's client says that it was broken off. */
const isDocument = ({ traits, target }: Member): boolean => traits.httpPayload === 1 && target.type === "structure";

/** An exception in an event stream is thrown, not sent. */
function isException(shape: Shape, { target }: Member): boolean {
  return shape.type === "union" && target.traits.error !== undefined;
}

function recurs(shape: Shape): boolean {
  return around.has(shape) || ((shape.type === "list" || shape.type === "map") && recurs(shape.value));
}

/** Status, length, and the content type that belongs to the protocol, are not free values of an answer. */
function isSetByHttp({ traits }: Member): boolean {
  const header = traits.httpHeader?.toLowerCase() ?? "";
  return traits.httpResponseCode === 1 || header === "content-type" || header === "content-length";
}

function memberOf({ name, target, traits }: Member, isOutput: boolean): fc.Arbitrary<unknown> {
  // Text for one SDK, a number for the others.
  if (name.endsWith("PartNumberMarker") && target.type === "string") return fc.nat({ max: 10_000 }).map(String);
  if (traits.httpQueryParams)
    return fc.dictionary(fc.stringMatching(/^[a-z]{8}$/), fc.string(), { minKeys: 1, noNullPrototype: true });
  if (traits.httpPrefixHeaders !== undefined)
    return fc.dictionary(fc.stringMatching(/^[a-z]{8}$/), textOf(target.value, isOutput), {
      minKeys: 1,
      noNullPrototype: true,
    });
  const isText = traits.httpHeader !== undefined || traits.httpLabel === 1 || traits.httpQuery !== undefined;
  // Without an element of its own around it an empty list is none.
  if (traits.xmlFlattened && target.type === "list") return listOf(target, isOutput, 1);
  if (!isText) return arbitraryOf(target, isOutput);
  if (target.type === "list") return fc.array(textOf(target.value, isOutput), { minLength: 1, maxLength: MAX_ITEMS });
  return textOf(target, isOutput);
}

function textOf(target: Shape, isOutput: boolean): fc.Arbitrary<unknown> {
  // Dates of headers have seconds.
  if (target.type === "timestamp") return seconds();
  if (target.type !== "string") return arbitraryOf(target, isOutput);
  return stringOf(target).filter((text) => HEADER_SAFE.test(text) && text !== "." && text !== "..");
}

const seconds = (): fc.Arbitrary<Date> => fc.integer({ min: 0, max: 4e9 }).map((second) => new Date(second * 1000));

function arbitraryOf(shape: Shape, isOutput: boolean): fc.Arbitrary<unknown> {
  switch (shape.type) {
    case "structure":
    case "union":
      // Query protocols cannot tell an empty structure from none.
      return structureOf(shape, isOutput).filter(
        (value) => shape.members.length === 0 || Object.keys(value).length > 0,
      );
    case "list":
      return listOf(shape, isOutput, 0);
    case "map":
      return mapOf(shape, isOutput);
    case "boolean":
      return fc.boolean();
    case "integer":
    case "long":
      return fc.integer({ min: Math.ceil(shape.min ?? -1000), max: Math.min(shape.max ?? 2 ** 31 - 1, 2 ** 31 - 1) });
    case "float":
    case "double":
      return fc.double({ min: shape.min ?? -1000, max: shape.max ?? 1000, noNaN: true }).map((n) => n + 0);
    case "timestamp":
      return shape.format === "http-date" ? seconds() : fc.integer({ min: 0, max: 4e12 }).map((ms) => new Date(ms));
    case "blob":
      return fc.uint8Array({ minLength: 1, maxLength: MAX_LENGTH });
    case "document":
      return fc.jsonValue();
    default:
      return stringOf(shape);
  }
}

function listOf(shape: Shape, isOutput: boolean, atLeast: number): fc.Arbitrary<unknown> {
  const { minLength, maxLength } = lengthsOf(shape, MAX_ITEMS);
  return fc.array(arbitraryOf(shape.value, isOutput), { minLength: Math.max(atLeast, minLength), maxLength });
}

function mapOf(shape: Shape, isOutput: boolean): fc.Arbitrary<Values> {
  const { minLength, maxLength } = lengthsOf(shape, MAX_ITEMS);
  // Query protocols cannot tell an empty map from none.
  const limits = { minKeys: Math.max(1, minLength), maxKeys: Math.max(1, maxLength) };
  // `__proto__` cannot be a key of the clients' plain objects.
  const keys = stringOf(shape.key).filter((key) => key !== "__proto__");
  return fc.dictionary(keys, arbitraryOf(shape.value, isOutput), { ...limits, noNullPrototype: true });
}

function stringOf(shape: Shape): fc.Arbitrary<string> {
  const known = strings.get(shape);
  if (known !== undefined) return known;
  const arbitrary = makeString(shape);
  strings.set(shape, arbitrary);
  return arbitrary;
}

function makeString(shape: Shape): fc.Arbitrary<string> {
  const { enum: values, pattern, patternText } = shape;
  if (values !== undefined) return fc.constantFrom(...values);
  if (pattern === undefined || patternText === undefined || ANYTHING.has(patternText)) {
    // One grapheme can be many UTF-16 units: only where the length leaves room for that.
    const unit =
      pattern === undefined && (shape.max ?? Number.POSITIVE_INFINITY) > MAX_LENGTH * 20
        ? "grapheme"
        : "grapheme-ascii";
    return fc.string({ ...lengthsOf(shape, MAX_LENGTH), unit }).filter(fits(shape));
  }
  const generated = fc.stringMatching(new RegExp(`^(?:${longEnough(withoutAssertions(patternText), shape)})$`), {
    maxLength: 200,
  });
  // A pool, since inside a large structure fast-check shrinks lengths so far that a filter might never be satisfied.
  const pool = fc.sample(generated, { seed: POOL_SEED, numRuns: 100 });
  const valid = pool.filter((text) => fits(shape)(text) && pattern.test(text));
  if (valid.length === 0) throw new Error(`no value found for ${shape.name}: ${patternText}`);
  return fc.constantFrom(...valid);
}

/** What cannot be generated is dropped; the filter by the whole pattern keeps its meaning. */
function withoutAssertions(pattern: string): string {
  return (
    pattern
      .replace(/\(\?<?[!=][^()]*(?:\([^()]*\)[^()]*)*\)/g, "")
      .replace(/(?<=^|\(|\|)\^/g, "")
      .replace(/(?<!\\)\$(?=$|\)|\|)/g, "")
      // fast-check takes the dash behind a class for a range.
      .replaceAll("\\w-", "\\w\\-")
      .replaceAll("()", "")
  );
}

/** What is generated for `[...]+` is a few characters long; some values must be longer. */
function longEnough(pattern: string, { min = 0, max = MAX_LENGTH }: Shape): string {
  return min < 2
    ? pattern
    : pattern.replace(/^(\[(?:[^\]\\]|\\.)*\])[+*]$/, `$1{${min},${Math.min(max, min + MAX_LENGTH)}}`);
}

function fits({ min, max }: Shape): (text: string) => boolean {
  return (text) => text.length >= (min ?? 0) && text.length <= (max ?? Number.POSITIVE_INFINITY);
}

function lengthsOf({ min, max }: Shape, usual: number): { minLength: number; maxLength: number } {
  const minLength = min ?? 0;
  return { minLength, maxLength: Math.max(minLength, Math.min(max ?? usual, usual)) };
}
