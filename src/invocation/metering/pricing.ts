/** What a month's use costs by a tariff: exact, in whole pico-dollars. Pure. */
import type { Architecture } from "../../functions/function-version.ts";
import type { Allowance, Tariff, TariffItem } from "./tariff.ts";
import type { Totals } from "./usage.ts";

/** Of one architecture, for some part of the use: a function, a day. */
export interface Use {
  readonly architecture: Architecture;
  /** Of functions that have provisioned concurrency. */
  readonly isProvisioned: boolean;
  readonly totals: Totals;
}

/** One line of a month's bill: an item at one price. */
export interface BillLine {
  readonly item: TariffItem;
  /** Of the item's measures, not units. */
  readonly quantity: bigint;
  /** pico-dollars of a unit; 0 for what is free */
  readonly unitPrice: bigint;
  /** pico-dollars */
  readonly cost: bigint;
}

export interface Bill {
  readonly lines: readonly BillLine[];
  /** pico-dollars of each part of the use, in its order. Their sum is that of the lines. */
  readonly costs: readonly bigint[];
}

const PICO_DIGITS = 12;

/** @param usd decimal with at most 12 digits after the point */
export function picoDollars(usd: string): bigint {
  const [whole = "0", fraction = ""] = usd.split(".");
  if (fraction.length > PICO_DIGITS) throw new RangeError(`${usd} is finer than a pico-dollar`);
  return BigInt(whole + fraction.padEnd(PICO_DIGITS, "0"));
}

/** The bill of all that was used in one month. */
export function billOf(uses: readonly Use[], tariff: Tariff): Bill {
  const left = new Map<Allowance, bigint>();
  const lines: BillLine[] = [];
  const costs = uses.map(() => 0n);
  for (const item of tariff.items) {
    const quantities = uses.map((use) => quantityOf(use, item));
    const total = sum(quantities);
    if (total === 0n) continue;
    const isFree = uses.map((use) => isFreeFor(use, item));
    const eligible = sum(quantities.filter((_, index) => isFree[index]));
    const free = freePart(eligible, item, tariff, left);
    const ofItem = linesOf(item, total, free);
    lines.push(...ofItem);
    // Each pays for what of it is not free; all weights multiplied by what is eligible, so that they are whole numbers.
    const weights = quantities.map((quantity, index) => quantity * (isFree[index] ? eligible - free : eligible || 1n));
    for (const [index, cost] of shares(sum(ofItem.map((line) => line.cost)), weights).entries()) {
      costs[index] = (costs[index] ?? 0n) + cost;
    }
  }
  return { lines, costs };
}

function quantityOf({ architecture, totals }: Use, item: TariffItem): bigint {
  if (item.architecture !== undefined && item.architecture !== architecture) return 0n;
  return sum(item.measures.map((measure) => totals[measure]));
}

/** Functions with provisioned concurrency get no free GB-s, whatever they run in. */
function isFreeFor({ isProvisioned }: Use, { allowance }: TariffItem): boolean {
  return allowance !== "compute" || !isProvisioned;
}

/** Takes it from what is left of the month's allowance, kept in measures: items that share in one have the same unit. */
function freePart(eligible: bigint, item: TariffItem, tariff: Tariff, left: Map<Allowance, bigint>): bigint {
  const { allowance, measuresPerUnit } = item;
  if (allowance === undefined) return 0n;
  const available = left.get(allowance) ?? tariff.allowances[allowance] * measuresPerUnit;
  const free = least(eligible, available);
  left.set(allowance, available - free);
  return free;
}

/** The free part lies at the beginning of the first tier. */
function linesOf(item: TariffItem, total: bigint, free: bigint): BillLine[] {
  const lines: BillLine[] = free > 0n ? [{ item, quantity: free, unitPrice: 0n, cost: 0n }] : [];
  let from = free;
  for (const { upTo, usdPerUnit } of item.tiers) {
    const to = upTo === undefined ? total : least(total, upTo * item.measuresPerUnit);
    if (to <= from) continue;
    const unitPrice = picoDollars(usdPerUnit);
    lines.push({ item, quantity: to - from, unitPrice, cost: rounded((to - from) * unitPrice, item.measuresPerUnit) });
    from = to;
  }
  return lines;
}

/** An amount shared out by weights, so that nothing of it is lost or made. */
function shares(amount: bigint, weights: readonly bigint[]): bigint[] {
  const total = sum(weights);
  if (total === 0n) return weights.map(() => 0n);
  let before = 0n;
  let reached = 0n;
  return weights.map((weight) => {
    reached += weight;
    const until = (amount * reached) / total;
    const mine = until - before;
    before = until;
    return mine;
  });
}

/** The quotient, halves up. */
export function rounded(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + divisor) / (2n * divisor);
}

const least = (one: bigint, other: bigint): bigint => (one < other ? one : other);
const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

/** Whole and fraction of a quotient as decimal text, rounded to so many digits, without noughts at its end. */
export function decimal(dividend: bigint, divisor: bigint, digits: number): string {
  const scaled = rounded(dividend * 10n ** BigInt(digits), divisor)
    .toString()
    .padStart(digits + 1, "0");
  const fraction = scaled.slice(scaled.length - digits).replace(/0+$/, "");
  return scaled.slice(0, scaled.length - digits) + (fraction === "" ? "" : `.${fraction}`);
}
