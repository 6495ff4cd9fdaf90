import assert from "node:assert/strict";
import { test } from "node:test";
import { CellDemand } from "./cell-demand.ts";

const MINUTE_MS = 60_000;

test("a kind that is in use is worth one cell, and none when nobody asked for it in half an hour", () => {
  const demand = new CellDemand(0);
  assert.equal(demand.wanted(0), 1);
  assert.equal(demand.wanted(29 * MINUTE_MS), 1);
  assert.equal(demand.wanted(31 * MINUTE_MS), 0);
  demand.started("f", 31 * MINUTE_MS);
  assert.equal(demand.wanted(32 * MINUTE_MS), 1);
});

test("each function that was just deployed is worth one until it has started, or two minutes are over", () => {
  const demand = new CellDemand(0);
  for (let index = 0; index < 10; index++) demand.expect(`f${index}`, index);
  demand.expect("f9", 10);
  assert.equal(demand.wanted(10), 10);
  demand.started("f0", 11);
  demand.started("f0", 12);
  assert.equal(demand.wanted(12), 9);
  assert.equal(demand.wanted(2 * MINUTE_MS + 4), 5);
  assert.equal(demand.wanted(3 * MINUTE_MS), 1);
});

test("a rush keeps a part of itself ready for a minute", () => {
  const demand = new CellDemand(0);
  for (let start = 0; start < 100; start++) demand.started(`f${start}`, start);
  assert.equal(demand.wanted(100), 25);
  assert.equal(demand.wanted(MINUTE_MS + 50), 13);
  assert.equal(demand.wanted(2 * MINUTE_MS), 1);
});

test("however many there are, it remembers only so many", () => {
  const demand = new CellDemand(0);
  for (let index = 0; index < 5000; index++) {
    demand.expect(`f${index}`, 1);
    demand.started(`g${index}`, 1);
  }
  assert.equal(demand.wanted(2), 1000);
});
