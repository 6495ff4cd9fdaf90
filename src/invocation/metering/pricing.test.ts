import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Architecture } from "../../functions/function-version.ts";
import { billOf, decimal, picoDollars, type Use } from "./pricing.ts";
import { TARIFF } from "./tariff.ts";
import { type Measure, newTotals } from "./usage.ts";

const GB_S = 1_024_000n;
const GB = 1024n ** 3n;

function use(totals: Partial<Record<Measure, bigint>>, architecture: Architecture = "x86_64"): Use {
  return { architecture, isProvisioned: false, totals: { ...newTotals(), ...totals } };
}

const provisioned = (of: Use): Use => ({ ...of, isProvisioned: true });

const cost = (uses: readonly Use[], tariff = TARIFF): bigint =>
  billOf(uses, tariff).lines.reduce((sum, line) => sum + line.cost, 0n);

/** Nothing is free. */
const UNFREE = { ...TARIFF, allowances: { requests: 0n, compute: 0n, streaming: 0n } };

/** Dollars as the price list writes them. */
const usd = picoDollars;

describe("the price list's items, at each of their borders", () => {
  const rows: readonly [string, Use[], bigint][] = [
    ["nothing", [use({})], 0n],
    ["the last free request", [use({ requests: 1_000_000n })], 0n],
    ["the first request that is not free", [use({ requests: 1_000_001n })], usd("0.0000002")],
    ["chunks of events are requests", [use({ requests: 1_000_000n, eventChunks: 12n })], 12n * usd("0.0000002")],
    [
      "requests of both architectures share the free ones",
      [use({ requests: 600_000n }), use({ requests: 600_000n }, "arm64")],
      200_000n * usd("0.0000002"),
    ],
    ["the last free GB-s", [use({ memoryMbMs: 400_000n * GB_S })], 0n],
    ["the first GB-s that is not free", [use({ memoryMbMs: 400_001n * GB_S })], usd("0.0000166667")],
    ["the first MB-ms that is not free", [use({ memoryMbMs: 400_000n * GB_S + 1n })], 16n],
    [
      "the free GB-s go to x86 first",
      [use({ memoryMbMs: 300_000n * GB_S }, "arm64"), use({ memoryMbMs: 300_000n * GB_S })],
      200_000n * usd("0.0000133334"),
    ],
    [
      "a part of a free GB-s is the other architecture's",
      [use({ memoryMbMs: 399_999n * GB_S + 1n }), use({ memoryMbMs: 1n * GB_S }, "arm64")],
      13n,
    ],
    ["the end of x86's first tier", [use({ memoryMbMs: 6_000_000_000n * GB_S })], 5_999_600_000n * usd("0.0000166667")],
    [
      "the beginning of x86's second tier",
      [use({ memoryMbMs: 6_000_000_001n * GB_S })],
      5_999_600_000n * usd("0.0000166667") + usd("0.000015"),
    ],
    [
      "the end of x86's second tier",
      [use({ memoryMbMs: 15_000_000_000n * GB_S })],
      5_999_600_000n * usd("0.0000166667") + 9_000_000_000n * usd("0.000015"),
    ],
    [
      "x86's third tier",
      [use({ memoryMbMs: 15_000_000_001n * GB_S })],
      5_999_600_000n * usd("0.0000166667") + 9_000_000_000n * usd("0.000015") + usd("0.0000133334"),
    ],
    [
      "the end of Arm's first tier",
      [use({ memoryMbMs: 7_500_000_000n * GB_S }, "arm64")],
      7_499_600_000n * usd("0.0000133334"),
    ],
    [
      "the beginning of Arm's second tier",
      [use({ memoryMbMs: 7_500_000_001n * GB_S }, "arm64")],
      7_499_600_000n * usd("0.0000133334") + usd("0.0000120001"),
    ],
    [
      "the end of Arm's second tier",
      [use({ memoryMbMs: 18_750_000_000n * GB_S }, "arm64")],
      7_499_600_000n * usd("0.0000133334") + 11_250_000_000n * usd("0.0000120001"),
    ],
    [
      "Arm's third tier",
      [use({ memoryMbMs: 18_750_000_001n * GB_S }, "arm64")],
      7_499_600_000n * usd("0.0000133334") + 11_250_000_000n * usd("0.0000120001") + usd("0.0000106667"),
    ],
    [
      "the tiers count the use of all functions",
      [use({ memoryMbMs: 3_000_000_000n * GB_S }), use({ memoryMbMs: 3_000_000_001n * GB_S })],
      5_999_600_000n * usd("0.0000166667") + usd("0.000015"),
    ],
    [
      "what is provisioned has no free part",
      [use({ allocatedMemoryMbMs: GB_S, provisionedMemoryMbMs: GB_S })],
      usd("0.0000041667") + usd("0.0000097222"),
    ],
    [
      "the same on Arm",
      [use({ allocatedMemoryMbMs: GB_S, provisionedMemoryMbMs: GB_S }, "arm64")],
      usd("0.0000033334") + usd("0.0000077778"),
    ],
    [
      "ephemeral storage",
      [use({ ephemeralMbMs: GB_S }), use({ ephemeralMbMs: GB_S }, "arm64")],
      2n * usd("0.0000000309"),
    ],
    ["the last free streamed byte", [use({ streamedBytes: 100n * GB })], 0n],
    ["a streamed GB that is not free", [use({ streamedBytes: 101n * GB })], usd("0.008")],
    [
      "environments of tenants",
      [use({ tenantMemoryMb: 1024n }), use({ tenantMemoryMb: 2048n }, "arm64")],
      usd("0.000166667") + 2n * usd("0.000133333"),
    ],
  ];
  for (const [name, uses, expected] of rows) test(name, () => assert.equal(cost(uses), expected));
});

test("AWS's worked examples", () => {
  const first = billOf([use({ requests: 3_000_000n, memoryMbMs: 540_000n * GB_S })], TARIFF);
  assert.deepEqual(
    first.lines.map(({ item, quantity, cost }) => [
      item.name,
      quantity / item.measuresPerUnit,
      decimal(cost, 10n ** 12n, 2),
    ]),
    [
      ["Requests", 1_000_000n, "0"],
      ["Requests", 2_000_000n, "0.4"],
      ["Duration", 400_000n, "0"],
      ["Duration", 140_000n, "2.33"],
    ],
  );
  const busy = use({
    requests: 1_200_000n,
    allocatedMemoryMbMs: 100n * 1024n * 7_200_000n,
    provisionedMemoryMbMs: 1_200_000n * 500n * 1024n,
  });
  const second = billOf([busy], UNFREE).lines.map(({ cost }) => decimal(cost, 10n ** 12n, 2));
  assert.deepEqual(second, ["0.24", "3", "5.83"]);
  const storage = cost([use({ ephemeralMbMs: BigInt(5120 - 512) * 1_000_000n * 1000n })]);
  assert.equal(decimal(storage, 10n ** 12n, 3), "0.139");
});

test("each part bears its share of an item, and the shares are the bill to the pico-dollar", () => {
  const uses = [1n, 1n, 1n, 4n].map((requests) => use({ requests }));
  const { costs, lines } = billOf(uses, { ...UNFREE, items: TARIFF.items.slice(0, 1) });
  assert.deepEqual(costs, [200_000n, 200_000n, 200_000n, 800_000n]);
  const odd = billOf(
    [1n, 1n, 1n].map((memoryMbMs) => use({ memoryMbMs })),
    UNFREE,
  );
  assert.deepEqual([odd.costs, odd.lines[0]?.cost], [[16n, 16n, 17n], 49n]);
  assert.equal(lines.length, 1);
  const half = billOf([use({ requests: 1_000_000n }), use({ requests: 1_000_000n }, "arm64")], TARIFF);
  assert.deepEqual(half.costs, [usd("0.1"), usd("0.1")], "what is free is shared, too");
});

test("decimal text is rounded half up and ends in no nought", () => {
  assert.deepEqual(
    [
      decimal(0n, 7n, 6),
      decimal(1n, 3n, 3),
      decimal(2n, 3n, 3),
      decimal(1n, 2n, 1),
      decimal(15n, 100n, 1),
      decimal(10n, 1n, 2),
    ],
    ["0", "0.333", "0.667", "0.5", "0.2", "10"],
  );
  assert.throws(() => picoDollars("0.0000000000001"), RangeError);
});

test("functions with provisioned concurrency get free requests, but no free GB-s on demand either", () => {
  const one = use({ requests: 1n, memoryMbMs: 1000n * GB_S });
  const { costs, lines } = billOf([one, provisioned(one)], TARIFF);
  assert.deepEqual(costs, [0n, 1000n * usd("0.0000166667")]);
  assert.deepEqual(
    lines.map(({ item, quantity }) => [item.name, quantity / item.measuresPerUnit]),
    [
      ["Requests", 2n],
      ["Duration", 1000n],
      ["Duration", 1000n],
    ],
  );
});
