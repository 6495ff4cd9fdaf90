import assert from "node:assert/strict";
import { test } from "node:test";
import { largeRoom, ReadBlock, release } from "./body-memory.ts";

const BYTES = 100_000;

test("room for a large body is a buffer like any other, until it is given back", () => {
  const room = largeRoom(BYTES);
  assert.equal(room.length, BYTES);
  assert.equal(room[BYTES - 1], 0);
  Buffer.from("end").copy(room, BYTES - 3);
  assert.equal(room.toString("latin1", BYTES - 3), "end");
  release(room);
  assert.equal(room.length, 0);
  release(room);
});

test("what is part of another buffer, or small, is not given back", () => {
  const room = largeRoom(BYTES);
  release(room.subarray(1));
  release(room.subarray(0, BYTES - 1));
  assert.equal(room.length, BYTES);
  const pooled = Buffer.from("pooled");
  release(pooled);
  assert.equal(pooled.toString(), "pooled");
  const small = Buffer.allocUnsafeSlow(100);
  release(small);
  assert.equal(small.length, 100);
  release(Buffer.alloc(0));
});

test("a block is given back when everyone is done with it, its maker too", () => {
  const bytes = Buffer.allocUnsafeSlow(BYTES);
  const block = new ReadBlock(bytes);
  const first = block.use();
  const second = block.use();
  second();
  block.done();
  assert.equal(bytes.length, BYTES);
  first();
  assert.equal(bytes.length, 0);
});
