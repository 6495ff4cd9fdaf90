import assert from "node:assert/strict";
import { test } from "node:test";
import type { FunctionVersion } from "../../functions/function-version.ts";
import { ProvisionedTime } from "./provisioned-time.ts";
import type { PaidBlock } from "./usage-store.ts";

const MINUTE = 60_000;
const version = (number: string, memoryMb = 100) =>
  ({ functionName: "f", version: number, memoryMb, architecture: "x86_64" }) as FunctionVersion;

/** A region whose clock and configuration the test plays; `restart` gives it another life. */
function setUp() {
  const played = {
    nowMs: 1_000_000_000,
    configured: [] as { qualifier: string; version: FunctionVersion; count: number }[],
  };
  /** MB x minutes, by version. */
  const counted: Record<string, number> = {};
  const paid = new Map<string, PaidBlock>();
  const newLife = () =>
    new ProvisionedTime({
      environments: { configured: () => played.configured.values() as Generator<never> },
      metering: {
        recordAllocated: ({ version }, memoryMb, ms, block) => {
          counted[version] = (counted[version] ?? 0) + (memoryMb * ms) / MINUTE;
          paid.set(`${block.qualifier} ${block.version}`, block);
        },
      },
      clock: { now: () => played.nowMs },
      paid: [...paid.values()].filter(({ untilMs }) => untilMs >= played.nowMs),
    });
  let time = newLife();
  const pass = (ms: number) => {
    for (const end = played.nowMs + ms; played.nowMs < end; ) {
      played.nowMs += Math.min(1000, end - played.nowMs);
      time.advance();
    }
  };
  const configure = (...configured: typeof played.configured) => {
    played.configured = configured;
    time.advance();
  };
  const restart = (downMs: number) => {
    played.nowMs += downMs;
    time = newLife();
    time.advance();
  };
  return { counted, pass, configure, restart };
}

test("a block of five minutes counts when it begins, and the next when it has ended", () => {
  const { counted, configure, pass } = setUp();
  pass(MINUTE);
  assert.deepEqual(counted, {});
  configure({ qualifier: "1", version: version("1"), count: 2 });
  assert.deepEqual(counted, { 1: 1000 });
  pass(5 * MINUTE - 1);
  assert.deepEqual(counted, { 1: 1000 });
  pass(1);
  assert.deepEqual(counted, { 1: 2000 });
  pass(60 * MINUTE - 1);
  assert.deepEqual(counted, { 1: 13 * 1000 });
});

test("blocks follow each other without a gap, however late their end is seen", () => {
  const { counted, configure, pass } = setUp();
  configure({ qualifier: "1", version: version("1"), count: 1 });
  for (let n = 0; n < 300; n++) pass(1700);
  assert.deepEqual(counted, { 1: 2 * 500 });
});

test("what is taken back is counted to the end of its block and no longer", () => {
  const { counted, configure, pass } = setUp();
  configure({ qualifier: "1", version: version("1"), count: 1 });
  pass(6 * MINUTE);
  configure();
  pass(60 * MINUTE);
  assert.deepEqual(counted, { 1: 1000 });
});

test("more counts for the rest of the block, less from the next one", () => {
  const { counted, configure, pass } = setUp();
  configure({ qualifier: "1", version: version("1"), count: 1 });
  pass(3 * MINUTE);
  configure({ qualifier: "1", version: version("1"), count: 3 });
  assert.deepEqual(counted, { 1: 500 + 2 * 100 * 2 });
  configure({ qualifier: "1", version: version("1"), count: 1 });
  pass(2 * MINUTE);
  assert.deepEqual(counted, { 1: 900 + 500 });
});

test("each version of an alias counts by its own memory", () => {
  const { counted, configure } = setUp();
  configure(
    { qualifier: "live", version: version("1", 128), count: 1 },
    { qualifier: "live", version: version("2", 256), count: 2 },
  );
  assert.deepEqual(counted, { 1: 128 * 5, 2: 512 * 5 });
});

test("a region that comes back goes on in the block that is paid for, and does not count while it was away", () => {
  const { counted, configure, pass, restart } = setUp();
  configure({ qualifier: "1", version: version("1"), count: 1 });
  pass(MINUTE);
  restart(MINUTE);
  assert.deepEqual(counted, { 1: 500 });
  pass(3 * MINUTE);
  assert.deepEqual(counted, { 1: 1000 });
  restart(24 * 60 * MINUTE);
  assert.deepEqual(counted, { 1: 1500 });
});
