import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonFault, positionOf } from "./json-validity.ts";

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("JSON validity", () => {
  it("holds for whatever JSON.stringify writes", () => {
    fc.assert(fc.property(fc.json(), (text) => jsonFault(Buffer.from(text)) === undefined));
  });

  it("agrees with JSON.parse on JSON that was damaged", () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom(...'{}[],:"\\0123456789.eE+-tfn \n\tu', ""))
      .map(([text, at, char]) => {
        const where = at % (text.length + 1);
        return text.slice(0, where) + char + text.slice(where + 1);
      });
    fc.assert(
      fc.property(damaged, (text) => (jsonFault(Buffer.from(text)) === undefined) === parses(text)),
      { numRuns: 3000 },
    );
  });

  it("agrees with JSON.parse on rubbish made of JSON's own characters", () => {
    const rubbish = fc.string({
      unit: fc.constantFrom(...'{}[],:"1-.e \\tnul0'.split(""), "true", '"a":'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(rubbish, (text) => (jsonFault(Buffer.from(text)) === undefined) === parses(text)),
      { numRuns: 5000 },
    );
  });

  it("fails for what is not UTF-8, for deep nesting and for nothing at all", () => {
    assert.match(jsonFault(Buffer.from([34, 0xff, 34]))?.message ?? "", /UTF-8/);
    assert.match(jsonFault(Buffer.from("[".repeat(100_000)))?.message ?? "", /nesting depth \(1001\)/);
    assert.equal(jsonFault(Buffer.from("[".repeat(1000) + "]".repeat(1000))), undefined);
    assert.equal(jsonFault(Buffer.from("  "))?.message, "Unexpected end-of-input");
  });

  it("tells line and column", () => {
    assert.deepEqual(positionOf(Buffer.from("{\n  x"), 4), { line: 2, column: 3 });
  });
});
