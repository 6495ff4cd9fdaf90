import assert from "node:assert/strict";
import { test } from "node:test";
import { extendLineage } from "./lineage.ts";

const ROOT = "Root=1-67000000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1";
const [A, B] = ["arn:a", "arn:b"];

test("each function of a chain is counted by itself", () => {
  const first = extendLineage(ROOT, A);
  assert.match(
    first.traceId,
    /^Root=1-67000000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1;Lineage=[0-9a-f]{8}:1$/,
  );
  const second = extendLineage(first.traceId, B);
  assert.match(second.traceId, /;Lineage=[0-9a-f]{8}:1\|[0-9a-f]{8}:1$/);
  const third = extendLineage(second.traceId, A);
  assert.deepEqual(
    [first, second, third].map(({ invocations }) => invocations),
    [1, 1, 2],
  );
  assert.match(third.traceId, /;Lineage=[0-9a-f]{8}:1\|[0-9a-f]{8}:2$/);
});

test("what stands around the lineage stays, and what is no lineage of a region is dropped", () => {
  const { traceId, invocations } = extendLineage(`${ROOT};Lineage=nonsense|1:2:3|0000abcd:7;Self=1-2`, A);
  assert.equal(invocations, 1);
  assert.match(traceId, /;Sampled=1;Self=1-2;Lineage=0000abcd:7\|[0-9a-f]{8}:1$/);
});

test("a chain of many functions forgets the first, and stays short", () => {
  let traceId = ROOT;
  for (let n = 0; n < 200; n++) traceId = extendLineage(traceId, `arn:${n}`).traceId;
  assert.ok(traceId.length < 400, traceId);
  assert.equal(extendLineage(traceId, "arn:199").invocations, 2);
});
