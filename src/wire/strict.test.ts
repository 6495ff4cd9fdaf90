import assert from "node:assert/strict";
import { test } from "node:test";
import { type PackedShape, Shape } from "./shape.ts";
import { readText, readValue } from "./strict.ts";

const SHAPES: Record<string, PackedShape> = {
  Thing: {
    type: "structure",
    members: {
      Text: "Text",
      Count: "Count",
      Size: "Size",
      Weight: "Weight",
      Flag: "Flag",
      Bytes: "Bytes",
      When: "When",
      Texts: "Texts",
      Tags: "Tags",
      Nested: "Thing",
    },
  },
  Text: { type: "string" },
  Count: { type: "integer" },
  Size: { type: "long" },
  Weight: { type: "double" },
  Flag: { type: "boolean" },
  Bytes: { type: "blob" },
  When: { type: "timestamp" },
  Texts: { type: "list", value: "Text" },
  Tags: { type: "map", key: "Text", value: "Text" },
};

function shape(name: string): Shape {
  return new Shape(name, SHAPES[name] as PackedShape, shape);
}

function read(json: string): unknown {
  return readValue(shape("Thing"), JSON.parse(json));
}

function refused(message: string) {
  return { code: "SerializationException", status: 400, message };
}

test("values of the model's types are read, bytes and dates converted", () => {
  assert.deepEqual(read('{"Text":"a","Count":1,"Flag":true,"Texts":["x"],"When":1.5,"Nested":{"Weight":0.5}}'), {
    Text: "a",
    Count: 1,
    Flag: true,
    Texts: ["x"],
    When: new Date(1500),
    Nested: { Weight: 0.5 },
  });
  assert.deepEqual(read('{"Bytes":"AQID"}'), { Bytes: Buffer.from([1, 2, 3]) });
});

test("unknown members are ignored and null members are absent", () => {
  assert.deepEqual(read('{"Other":{"a":[1]},"Text":null}'), {});
});

test("null stays in lists and maps, for the constraints to refuse", () => {
  assert.deepEqual(read('{"Texts":["a",null]}'), { Texts: ["a", null] });
});

const WRONG: [json: string, message: string][] = [
  ['{"Text":5}', "NUMBER_VALUE can not be converted to a String"],
  ['{"Text":true}', "TRUE_VALUE can not be converted to a String"],
  ['{"Text":[]}', "Unrecognized collection type class java.lang.String"],
  ['{"Text":{}}', "Start of structure or map found where not expected"],
  ['{"Count":"5"}', "STRING_VALUE can not be converted to an Integer"],
  ['{"Count":1.5}', "NUMBER_VALUE can not be converted to an Integer"],
  ['{"Count":2147483648}', "NUMBER_VALUE can not be converted to an Integer"],
  ['{"Count":1e999}', "NUMBER_VALUE can not be converted to an Integer"],
  ['{"Size":9007199254740993}', "NUMBER_VALUE can not be converted to a Long"],
  ['{"Weight":"NaN"}', "STRING_VALUE can not be converted to a Double"],
  ['{"Weight":-1e999}', "NUMBER_VALUE can not be converted to a Double"],
  ['{"Flag":"true"}', "STRING_VALUE can not be converted to a Boolean"],
  ['{"Bytes":5}', "NUMBER_VALUE can not be converted to a Blob"],
  ['{"Bytes":"AAA"}', "Base64 encoded length is expected a multiple of 4 bytes but found: 3"],
  ['{"Bytes":"AA!A"}', "Invalid Base64 character"],
  ['{"Bytes":"AA-_"}', "Invalid Base64 character"],
  ['{"Bytes":"A=A="}', "Invalid Base64 character"],
  ['{"When":"2020-01-01"}', "STRING_VALUE can not be converted to a Timestamp"],
  ['{"When":1e300}', "Invalid timestamp"],
  ['{"Texts":"a"}', "Unexpected field type"],
  ['{"Texts":{}}', "Start of structure or map found where not expected"],
  ['{"Texts":[1]}', "NUMBER_VALUE can not be converted to a String"],
  ['{"Tags":[]}', "Start of list found where not expected"],
  ['{"Tags":{"a":1}}', "NUMBER_VALUE can not be converted to a String"],
  ['{"Nested":5}', "Unexpected field type"],
  ['{"Nested":[]}', "Start of list found where not expected"],
  ["[]", "Start of list found where not expected"],
  ['"text"', "Unexpected field type"],
];
for (const [json, message] of WRONG) {
  test(`${json} is refused`, () => {
    assert.throws(() => read(json), refused(message));
  });
}

test("keys named after Object's own parts are harmless", () => {
  const value = read('{"__proto__":{"Text":"x"},"constructor":{"prototype":{"polluted":1}},"toString":1,"Text":"a"}');
  assert.deepEqual(value, { Text: "a" });
  const { Tags: tags } = read('{"Tags":{"__proto__":"x","constructor":"y"}}') as { Tags: Record<string, string> };
  assert.deepEqual(Object.entries(tags), [
    ["__proto__", "x"],
    ["constructor", "y"],
  ]);
  assert.equal(Object.getPrototypeOf(tags), null);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test("a member is never taken from the prototype of the parsed value", () => {
  const thing = new Shape("Odd", { type: "structure", members: { constructor: "Text" } }, shape);
  assert.deepEqual(Object.keys(readValue(thing, JSON.parse("{}")) as object), []);
});

test("nesting is limited, in what the model knows and in what it does not", () => {
  const deep = (depth: number) => `${'{"Nested":'.repeat(depth)}{}${"}".repeat(depth)}`;
  assert.ok(read(deep(100)));
  assert.throws(() => read(deep(200)), refused("The request is nested too deeply"));
  assert.throws(() => read(deep(5000)), refused("The request is nested too deeply"));
  assert.deepEqual(read(`{"Other":${"[".repeat(5000)}${"]".repeat(5000)}}`), {});
});

test("text of headers and queries is read by type", () => {
  assert.equal(readText(shape("Count"), "50"), 50);
  assert.equal(readText(shape("Flag"), "true"), true);
  assert.equal(readText(shape("Weight"), "-1.5e2"), -150);
  for (const text of ["abc", "", " 5", "5.0", "1e3", "0x10", "NaN", "Infinity", "9".repeat(30), "2147483648"]) {
    assert.throws(() => readText(shape("Count"), text), { code: "SerializationException" }, text);
  }
  for (const text of ["NaN", "Infinity", "1e999", "", "0x1"]) {
    assert.throws(() => readText(shape("Weight"), text), { code: "SerializationException" }, text);
  }
  assert.throws(() => readText(shape("Flag"), "yes"), { code: "SerializationException" });
  assert.throws(() => readText(shape("Thing"), "{}"), { code: "SerializationException" });
});
