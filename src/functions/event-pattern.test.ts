import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { EVENTBRIDGE, LAMBDA_FILTER, PatternRejection, SNS_FILTER_POLICY } from "./event-pattern.ts";
import { asksOf, matchesEventPattern, parseEvent } from "./event-pattern-match.ts";
import { parseEventPattern, readEventPattern } from "./event-pattern-parser.ts";

/** What AWS's published matcher (Maven: software.amazon.event.ruler:event-ruler:2.1.0) said, recorded. */
type RecordedCase =
  | { readonly pattern: string; readonly rejection: string }
  | { readonly pattern: string; readonly matching: readonly string[]; readonly others: readonly string[] };

const RECORDED: readonly RecordedCase[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "event-pattern-cases.json"), "utf8"),
);

const matches = (pattern: unknown, event: unknown, dialect = EVENTBRIDGE): boolean =>
  matchesEventPattern(parseEventPattern(JSON.stringify(pattern), dialect), event);

test("events match, or do not, as AWS's own matcher says", () => {
  for (const recorded of RECORDED) {
    if ("rejection" in recorded) continue;
    const pattern = parseEventPattern(recorded.pattern, EVENTBRIDGE);
    for (const [events, expected] of [
      [recorded.matching, true],
      [recorded.others, false],
    ] as const) {
      for (const event of events) {
        assert.equal(matchesEventPattern(pattern, parseEvent(event)), expected, `${recorded.pattern} on ${event}`);
      }
    }
  }
});

test("patterns are rejected in the words and with the place of AWS's own parser", () => {
  for (const recorded of RECORDED) {
    if (!("rejection" in recorded)) continue;
    const expected = { name: "PatternRejection", message: recorded.rejection };
    assert.throws(() => parseEventPattern(recorded.pattern, EVENTBRIDGE), expected, recorded.pattern);
  }
});

test("what EventBridge itself was recorded to say of broken JSON and long patterns is said", () => {
  // Recorded: localstack/localstack, tests/aws/services/events/test_events_patterns.snapshot.json.
  const expecting = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
  assert.throws(() => parseEventPattern("this is valid json but not a dict", EVENTBRIDGE), {
    message: `Unrecognized token 'this': ${expecting}\n at [Source: (String)"this is valid json but not a dict"; line: 1, column: 5]`,
  });
  assert.throws(() => parseEventPattern("{'bad': 'quotation'}", EVENTBRIDGE), {
    message: `Unexpected character (''' (code 39)): was expecting double-quote to start field name\n at [Source: (String)"{'bad': 'quotation'}"; line: 1, column: 3]`,
  });
  const long = `{"a":["${"x".repeat(600)}",[]]}`;
  assert.throws(() => parseEventPattern(long, EVENTBRIDGE), {
    message: `Match value must be String, number, true, false, or null\n at [Source: (String)"${long.slice(0, 500)}"[truncated ${long.length - 500} chars]; line: 1, column: ${long.indexOf("[]") + 2}]`,
  });
});

test("anything-but takes wildcards, as EventBridge does", () => {
  const pattern = { key: [{ "anything-but": { wildcard: ["*/lib/*", "tmp*"] } }] };
  assert.equal(matches(pattern, { key: "src/main" }), true);
  assert.equal(matches(pattern, { key: "a/lib/b" }), false);
  assert.equal(matches(pattern, { key: "tmp/x" }), false);
  assert.equal(matches(pattern, { key: 5 }), true);
});

test("a wildcard matches whatever can be put for its stars, and nothing else", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
  fc.assert(
    fc.property(fc.array(letters, { minLength: 1, maxLength: 4 }), letters, (parts, text) => {
      const wildcard = parts.join("*").replace(/\*+/g, "*");
      const expected = new RegExp(`^${wildcard.replaceAll("*", ".*")}$`).test(text);
      assert.equal(matches({ a: [{ wildcard }] }, { a: text }), expected);
    }),
  );
  const hard = { a: [{ wildcard: `${"*a".repeat(40)}*b` }] };
  assert.equal(matches(hard, { a: "a".repeat(200_000) }), false);
});

test("numbers are compared exactly, whatever their size and form", () => {
  const event = parseEvent('{"a":12345678901234567890,"b":0.10000000000000000001,"c":3.0e2}');
  const on = (pattern: string): boolean => matchesEventPattern(parseEventPattern(pattern, EVENTBRIDGE), event);
  assert.equal(on('{"a":[12345678901234567890]}'), true);
  assert.equal(on('{"a":[12345678901234567891]}'), false);
  assert.equal(on('{"b":[{"numeric":[">",0.1]}]}'), true);
  assert.equal(on('{"b":[0.1]}'), false);
  assert.equal(on('{"c":[300]}'), true);
});

test("filters of event source mappings compare numbers by their text, and let everything through when empty", () => {
  const filter = (text: string) => parseEventPattern(text, LAMBDA_FILTER);
  assert.equal(matchesEventPattern(filter('{"a":[300]}'), parseEvent('{"a":300}')), true);
  assert.equal(matchesEventPattern(filter('{"a":[300]}'), parseEvent('{"a":300.0}')), false);
  assert.equal(matchesEventPattern(filter('{"a":[{"numeric":["=",300]}]}'), parseEvent('{"a":300.0}')), true);
  assert.equal(matchesEventPattern(filter("{}"), {}), true);
});

test("what Lambda's filters do not know is no pattern there", () => {
  for (const pattern of [
    { a: [{ wildcard: "*" }] },
    { a: [{ cidr: "10.0.0.0/8" }] },
    { a: [{ "anything-but": { prefix: "x" } }] },
    { a: [{ prefix: { "equals-ignore-case": "x" } }] },
    { a: {} },
    { a: 1 },
  ]) {
    assert.equal(readEventPattern(JSON.stringify(pattern), LAMBDA_FILTER), undefined, JSON.stringify(pattern));
  }
  for (const text of ["", "a", "[]", '{"a":[1]', "null"]) {
    assert.equal(readEventPattern(text, LAMBDA_FILTER), undefined, text);
  }
  assert.ok(readEventPattern('{"__proto__":["a"],"prefix":["b"]}', LAMBDA_FILTER));
});

test("a pattern says whether it asks a value of a member or something inside of it", () => {
  const filter = (pattern: unknown) => parseEventPattern(JSON.stringify(pattern), LAMBDA_FILTER);
  assert.equal(asksOf(filter({ body: { a: [1] } }), "body"), "inside");
  assert.equal(asksOf(filter({ body: ["x"] }), "body"), "value");
  assert.equal(asksOf(filter({ other: ["x"] }), "body"), undefined);
});

test("filter policies of SNS match attributes of every type", () => {
  const attributes = { store: "example", price: 100.5, interests: ["soccer", "rugby"] };
  const policy = { store: ["example"], price: [{ numeric: [">=", 100] }], interests: ["rugby", "football"] };
  assert.equal(matches(policy, attributes, SNS_FILTER_POLICY), true);
  assert.equal(matches({ ...policy, event: [{ exists: false }] }, attributes, SNS_FILTER_POLICY), true);
  assert.equal(matches({ ...policy, store: [{ "anything-but": "example" }] }, attributes, SNS_FILTER_POLICY), false);
});

test("members of the prototype are no members of an event", () => {
  assert.equal(matches({ constructor: [{ exists: true }] }, {}), false);
  assert.equal(matches({ toString: [{ exists: false }] }, {}), true);
  const proto = parseEventPattern('{"__proto__":["x"]}', EVENTBRIDGE);
  assert.equal(matchesEventPattern(proto, parseEvent('{"__proto__":"x"}')), true);
  assert.equal(matchesEventPattern(proto, parseEvent("{}")), false);
});

test("deep events and patterns neither match nor break", () => {
  const deep = `{"a":${"[".repeat(20_000)}1${"]".repeat(20_000)}}`;
  assert.equal(matchesEventPattern(parseEventPattern('{"a":[1]}', EVENTBRIDGE), parseEvent(deep)), false);
  const nested = `${'{"a":'.repeat(5000)}[1]${"}".repeat(5000)}`;
  assert.throws(() => parseEventPattern(nested, EVENTBRIDGE), PatternRejection);
});

test("$or may make 1,000 alternatives and no more", () => {
  const choice = (name: string) => ({
    $or: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((index) => ({ [name + index]: ["x"] })),
  });
  const within = { a: choice("a"), b: choice("b"), c: choice("c") };
  assert.equal(parseEventPattern(JSON.stringify(within), EVENTBRIDGE).alternatives.length, 1000);
  assert.throws(() => parseEventPattern(JSON.stringify({ ...within, d: choice("d") }), EVENTBRIDGE), PatternRejection);
});
