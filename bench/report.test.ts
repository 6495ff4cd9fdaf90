import assert from "node:assert/strict";
import { test } from "node:test";
import { isMet, type Row, renderBars } from "./report.ts";

const row = (measured: number, bar?: Row["bar"]): Row => ({ what: "speed", measured, unit: "x", ...(bar && { bar }) });

test("a bar is met at its border only where the border belongs to it", () => {
  assert.equal(isMet(row(2, { atLeast: 2 })), true);
  assert.equal(isMet(row(2, { atMost: 2 })), true);
  assert.equal(isMet(row(2, { above: 2 })), false);
  assert.equal(isMet(row(2, { below: 2 })), false);
});

test("a figure without a bar is neither met nor missed, one that could not be taken meets none", () => {
  assert.equal(isMet(row(2)), undefined);
  for (const bar of [{ atLeast: 2 }, { atMost: 2 }, { above: 2 }, { below: 2 }]) {
    assert.equal(isMet(row(Number.NaN, bar)), false);
  }
});

test("the report tells of every bar what was measured, what is asked and whether it is met", () => {
  const rows = [row(1, { below: 2 }), row(3, { below: 2 }), row(4)];
  const text = renderBars([{ title: "", table: [], rows, missing: ["not measured: a rival: no network"] }]);
  assert.match(text, /speed +1\.00x +under 2\.00x +met\n/);
  assert.match(text, /speed +3\.00x +under 2\.00x +NOT MET\n/);
  assert.match(text, /speed +4\.00x +-\n1 of 2 bars met\nnot measured: a rival: no network$/);
});
