/** What was used between two days and what AWS would have charged for it, as `alonzo cost` and its route show it. */
import { billOf, decimal } from "./pricing.ts";
import { ASSUMPTIONS, TARIFF, type Tariff } from "./tariff.ts";
import { MEASURE_NAMES, newTotals, type Totals } from "./usage.ts";
import type { GroupBy, UsageReader, UsageSum } from "./usage-reader.ts";

export interface UsageQuery {
  /** First and last day, UTC, `2026-11-21`. */
  readonly from: string;
  readonly to: string;
  readonly by: GroupBy;
}

/** Amounts that are not whole numbers are decimal text, so that no program rounds them unasked. */
export interface UsageFigures {
  readonly requests: number;
  /** Further requests for asynchronous events over 256 KB. */
  readonly eventChunks: number;
  readonly billedMs: number;
  readonly gbSeconds: string;
  /** Part of billedMs. */
  readonly initMs: string;
  readonly provisionedBilledMs: number;
  /** Of invocations and of the inits ahead of them. */
  readonly provisionedGbSeconds: string;
  readonly provisionedInitMs: string;
  readonly allocatedGbSeconds: string;
  readonly ephemeralGbSeconds: string;
  readonly streamedBytes: number;
  readonly tenantGb: string;
  /** Part of gbSeconds, and not of billedMs. */
  readonly snapshotInitMs: string;
  readonly restoredGb: string;
  /** What AWS would have charged. */
  readonly usd: string;
}

/** With the names that GroupBy asks for: function, function and version, or day. */
export type UsageGroup = UsageFigures & { readonly [name: string]: string | number };

export interface UsageBillLine {
  readonly month: string;
  readonly item: string;
  readonly architecture?: string;
  readonly quantity: string;
  readonly unit: string;
  /** "0" for what the free tier covers. */
  readonly usdPerUnit: string;
  readonly usd: string;
}

export interface UsageReport extends UsageQuery {
  readonly groups: readonly UsageGroup[];
  readonly total: UsageFigures;
  /** Of the whole months that the days are in. */
  readonly bill: readonly UsageBillLine[];
  readonly assumed: readonly string[];
}

/** How the parts of a group are called. */
export const GROUP_NAMES: Readonly<Record<GroupBy, readonly string[]>> = {
  function: ["function"],
  version: ["function", "version"],
  day: ["day"],
};

const PICO_DOLLARS = 10n ** 12n;
const MB_MS_PER_GB_S = 1_024_000n;

export function usageReport(reader: UsageReader, query: UsageQuery, tariff: Tariff = TARIFF): UsageReport {
  const { from, to, by } = query;
  const groups = new Map<string, Sum>();
  const total = newSum([]);
  const bill: UsageBillLine[] = [];
  for (const [month, uses] of byMonth(reader.sums(from, to, by))) {
    const { lines, costs } = billOf(uses, tariff);
    for (const { item, quantity, unitPrice, cost } of lines) {
      bill.push({
        month,
        item: item.name,
        ...(item.architecture !== undefined && { architecture: item.architecture }),
        quantity: decimal(quantity, item.measuresPerUnit, 6),
        unit: item.unit,
        usdPerUnit: usd(unitPrice),
        usd: usd(cost),
      });
    }
    for (const [index, use] of uses.entries()) {
      if (!use.isInside) continue;
      const key = JSON.stringify(use.group);
      const group = groups.get(key) ?? newSum(use.group);
      groups.set(key, group);
      for (const sum of [group, total]) add(sum, use.totals, costs[index] ?? 0n);
    }
  }
  const names = GROUP_NAMES[by];
  return {
    from,
    to,
    by,
    groups: [...groups.values()].sort(byName).map((sum) => ({
      ...Object.fromEntries(names.map((name, index) => [name, sum.group[index] ?? ""])),
      ...figuresOf(sum),
    })),
    total: figuresOf(total),
    bill,
    assumed: ASSUMPTIONS,
  };
}

interface Sum {
  readonly group: readonly string[];
  readonly totals: Totals;
  cost: bigint;
}

const newSum = (group: readonly string[]): Sum => ({ group, totals: newTotals(), cost: 0n });

function add(sum: Sum, totals: Totals, cost: bigint): void {
  for (const measure of MEASURE_NAMES) sum.totals[measure] += totals[measure];
  sum.cost += cost;
}

function byMonth(sums: readonly UsageSum[]): Map<string, UsageSum[]> {
  return Map.groupBy(sums, ({ month }) => month);
}

/** Versions as numbers: 9 before 10; `$LATEST` first. */
function byName(one: Sum, other: Sum): number {
  for (const [index, name] of one.group.entries()) {
    const order = name.localeCompare(other.group[index] ?? "", "en", { numeric: index > 0 });
    if (order !== 0) return order;
  }
  return 0;
}

function figuresOf({ totals, cost }: Sum): UsageFigures {
  const gbSeconds = (mbMs: bigint) => decimal(mbMs, MB_MS_PER_GB_S, 6);
  return {
    requests: Number(totals.requests),
    eventChunks: Number(totals.eventChunks),
    billedMs: Number(totals.billedMs),
    gbSeconds: gbSeconds(totals.memoryMbMs),
    initMs: decimal(totals.initUs, 1000n, 3),
    provisionedBilledMs: Number(totals.provisionedBilledMs),
    provisionedGbSeconds: gbSeconds(totals.provisionedMemoryMbMs),
    provisionedInitMs: decimal(totals.provisionedInitUs, 1000n, 3),
    allocatedGbSeconds: gbSeconds(totals.allocatedMemoryMbMs),
    ephemeralGbSeconds: gbSeconds(totals.ephemeralMbMs),
    streamedBytes: Number(totals.streamedBytes),
    tenantGb: decimal(totals.tenantMemoryMb, 1024n, 6),
    snapshotInitMs: decimal(totals.snapshotInitUs, 1000n, 3),
    restoredGb: decimal(totals.restoredMemoryMb, 1024n, 6),
    usd: usd(cost),
  };
}

const usd = (picoDollars: bigint): string => decimal(picoDollars, PICO_DOLLARS, 12);
