/** AWS's prices, as data: nothing here decides. contract/09 §2, USD. */
import type { Architecture } from "../../functions/function-version.ts";
import type { Measure } from "./usage.ts";

export interface Tier {
  /** Units a month up to which it holds, those of the tiers before included; undefined for all that is more. */
  readonly upTo?: bigint;
  /** Decimal, at most 12 digits after the point: pico-dollars. */
  readonly usdPerUnit: string;
}

/** What is free each month, once for all items that share in it, in their order. */
export type Allowance = "requests" | "compute" | "streaming";

export interface TariffItem {
  readonly name: string;
  /** Undefined: both. */
  readonly architecture?: Architecture;
  /** Added up. */
  readonly measures: readonly Measure[];
  readonly unit: string;
  /** How much of the measures is one unit. */
  readonly measuresPerUnit: bigint;
  readonly allowance?: Allowance;
  readonly tiers: readonly Tier[];
}

export interface Tariff {
  readonly region: string;
  /** The price list's day of publication. */
  readonly published: string;
  /** Units of the items that share in it. */
  readonly allowances: Readonly<Record<Allowance, bigint>>;
  readonly items: readonly TariffItem[];
}

const MB_PER_GB = 1024n;
const MB_MS_PER_GB_S = MB_PER_GB * 1000n;
const BYTES_PER_GB = 1024n ** 3n;

const gbSeconds = { unit: "GB-s", measuresPerUnit: MB_MS_PER_GB_S } as const;
const gbOfMemory = { unit: "GB", measuresPerUnit: MB_PER_GB } as const;

export const TARIFF: Tariff = {
  region: "us-east-1",
  published: "2026-09-19",
  allowances: { requests: 1_000_000n, compute: 400_000n, streaming: 100n },
  items: [
    {
      name: "Requests",
      measures: ["requests", "eventChunks"],
      unit: "request",
      measuresPerUnit: 1n,
      allowance: "requests",
      tiers: [{ usdPerUnit: "0.0000002" }],
    },
    {
      name: "Duration",
      architecture: "x86_64",
      measures: ["memoryMbMs"],
      ...gbSeconds,
      allowance: "compute",
      tiers: [
        { upTo: 6_000_000_000n, usdPerUnit: "0.0000166667" },
        { upTo: 15_000_000_000n, usdPerUnit: "0.0000150000" },
        { usdPerUnit: "0.0000133334" },
      ],
    },
    {
      name: "Duration",
      architecture: "arm64",
      measures: ["memoryMbMs"],
      ...gbSeconds,
      allowance: "compute",
      tiers: [
        { upTo: 7_500_000_000n, usdPerUnit: "0.0000133334" },
        { upTo: 18_750_000_000n, usdPerUnit: "0.0000120001" },
        { usdPerUnit: "0.0000106667" },
      ],
    },
    {
      name: "Provisioned concurrency",
      architecture: "x86_64",
      measures: ["allocatedMemoryMbMs"],
      ...gbSeconds,
      tiers: [{ usdPerUnit: "0.0000041667" }],
    },
    {
      name: "Provisioned concurrency",
      architecture: "arm64",
      measures: ["allocatedMemoryMbMs"],
      ...gbSeconds,
      tiers: [{ usdPerUnit: "0.0000033334" }],
    },
    {
      name: "Duration on provisioned concurrency",
      architecture: "x86_64",
      measures: ["provisionedMemoryMbMs"],
      ...gbSeconds,
      tiers: [{ usdPerUnit: "0.0000097222" }],
    },
    {
      name: "Duration on provisioned concurrency",
      architecture: "arm64",
      measures: ["provisionedMemoryMbMs"],
      ...gbSeconds,
      tiers: [{ usdPerUnit: "0.0000077778" }],
    },
    {
      name: "Ephemeral storage",
      measures: ["ephemeralMbMs"],
      ...gbSeconds,
      tiers: [{ usdPerUnit: "0.0000000309" }],
    },
    {
      name: "Response streaming",
      measures: ["streamedBytes"],
      unit: "GB",
      measuresPerUnit: BYTES_PER_GB,
      allowance: "streaming",
      tiers: [{ usdPerUnit: "0.008" }],
    },
    {
      name: "Tenant isolation",
      architecture: "x86_64",
      measures: ["tenantMemoryMb"],
      ...gbOfMemory,
      tiers: [{ usdPerUnit: "0.000166667" }],
    },
    {
      name: "Tenant isolation",
      architecture: "arm64",
      measures: ["tenantMemoryMb"],
      ...gbOfMemory,
      tiers: [{ usdPerUnit: "0.000133333" }],
    },
    {
      name: "SnapStart restore",
      measures: ["restoredMemoryMb"],
      ...gbOfMemory,
      tiers: [{ usdPerUnit: "0.0001397998" }],
    },
  ],
};

/** What a bill by this tariff takes for granted, for those who read it. */
export const ASSUMPTIONS: readonly string[] = [
  `the prices of ${TARIFF.region} as published on ${TARIFF.published}, whatever this region is called`,
  "one account with nothing else in it: the free tier (1,000,000 requests, 400,000 GB-s, 100 GB streamed) once a month",
  "the free GB-s go to on-demand duration, x86_64 first, and are a part of the first tier; functions with provisioned concurrency get none that month",
  "tiers by the month's use of the whole account; a function, version or day bears its share of each item of its month",
  "nothing for keeping SnapStart's snapshots, which AWS charges by the time they exist; no savings plans, discounts, taxes, data transfer or log storage",
];
