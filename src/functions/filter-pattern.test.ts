import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFilterPattern } from "./filter-pattern.ts";

const parsed = (value: unknown) => parseFilterPattern(JSON.stringify(value));

test("patterns of every operator are read", () => {
  const pattern = parsed({
    body: {
      name: ["Alice", null, ""],
      price: [{ numeric: ["=", 100] }, { numeric: [">", 10, "<=", 20] }],
      location: [{ "anything-but": ["x", 1] }, { "anything-but": "y" }],
      when: [{ exists: false }, { prefix: "us-" }, { suffix: ".png" }, { "equals-ignore-case": "a" }],
    },
    $or: [{ a: [1] }, { b: { c: [true] } }],
  });
  assert.deepEqual([...(pattern?.fields.keys() ?? [])], ["body"]);
  assert.equal(pattern?.or?.length, 2);
  const body = pattern?.fields.get("body");
  assert.ok(body && "pattern" in body);
  assert.deepEqual(body.pattern.fields.get("price"), {
    anyOf: [
      { kind: "numeric", bounds: [{ operator: "=", value: 100 }] },
      {
        kind: "numeric",
        bounds: [
          { operator: ">", value: 10 },
          { operator: "<=", value: 20 },
        ],
      },
    ],
  });
  assert.deepEqual(body.pattern.fields.get("location"), {
    anyOf: [
      { kind: "anything-but", values: ["x", 1] },
      { kind: "anything-but", values: ["y"] },
    ],
  });
});

test("the empty pattern is one, and names of operators are fields where no condition stands", () => {
  assert.deepEqual(parsed({}), { fields: new Map() });
  assert.ok(parsed({ prefix: ["a"] }));
  assert.deepEqual([...(parseFilterPattern('{"__proto__":["a"]}')?.fields.keys() ?? [])], ["__proto__"]);
});

test("what cannot be read completely is no pattern", () => {
  for (const text of [
    "",
    "a",
    "1",
    "null",
    "[]",
    '["a"]',
    '{"a":1}',
    '{"a":"b"}',
    '{"a":null}',
    '{"a":[1]',
    '{"a":}',
  ]) {
    assert.equal(parseFilterPattern(text), undefined, text);
  }
  for (const value of [
    { a: [] },
    { a: {} },
    { a: [[1]] },
    { a: [{}] },
    { a: [{ prefix: 1 }] },
    { a: [{ suffix: ["x"] }] },
    { a: [{ prefix: "x", suffix: "y" }] },
    { a: [{ wildcard: "*" }] },
    { a: [{ cidr: "10.0.0.0/8" }] },
    { a: [{ exists: "yes" }] },
    { a: [{ "anything-but": [] }] },
    { a: [{ "anything-but": { prefix: "x" } }] },
    { a: [{ numeric: [] }] },
    { a: [{ numeric: ["="] }] },
    { a: [{ numeric: ["!=", 1] }] },
    { a: [{ numeric: [">", "1"] }] },
    { a: [{ numeric: [">", 1, ">", 2] }] },
    { a: [{ numeric: [">", 2, "<", 1] }] },
    { a: [{ numeric: [">", 1, "<", 3, "=", 2] }] },
    { $or: [] },
    { $or: {} },
    { $or: [{}] },
    { $or: ["a"] },
  ]) {
    assert.equal(parsed(value), undefined, JSON.stringify(value));
  }
});
