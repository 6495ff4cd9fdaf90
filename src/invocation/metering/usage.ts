/** What is metered, as whole numbers in the smallest unit, so that sums are exact. */
import type { Architecture } from "../../functions/function-version.ts";

/** Each measure and the column in which its daily totals are kept. */
export const MEASURES = {
  /** Invocations that ran: calls, and each attempt of an event. */
  requests: "requests",
  /** Further requests for events over 256 KB. */
  eventChunks: "event_chunks",
  /** On demand: the sum of "Billed Duration" in the REPORT lines. */
  billedMs: "billed_ms",
  /** MB of memory x billed ms, on demand. */
  memoryMbMs: "memory_mb_ms",
  /** Microseconds of init that are part of what is billed on demand. */
  initUs: "init_us",
  /** In provisioned environments: the sum of "Billed Duration" in the REPORT lines. */
  provisionedBilledMs: "provisioned_billed_ms",
  /** MB of memory x ms in provisioned environments: billed ms of invocations, and the inits ahead of them. */
  provisionedMemoryMbMs: "provisioned_memory_mb_ms",
  /** Microseconds of the inits of provisioned environments. */
  provisionedInitUs: "provisioned_init_us",
  /** MB of memory x ms for which they were configured as provisioned. */
  allocatedMemoryMbMs: "allocated_memory_mb_ms",
  /** MB of /tmp beyond the free ones x billed ms. */
  ephemeralMbMs: "ephemeral_mb_ms",
  /** Bytes of streamed answers beyond the free ones of each. */
  streamedBytes: "streamed_bytes",
  /** MB of memory of environments that were begun for one tenant each. */
  tenantMemoryMb: "tenant_memory_mb",
  /** Microseconds of the inits of which SnapStart took snapshots: billed on demand, in no REPORT line. */
  snapshotInitUs: "snapshot_init_us",
  /** MB of memory of environments that were restored from a snapshot, where that costs. */
  restoredMemoryMb: "restored_memory_mb",
} as const;

export type Measure = keyof typeof MEASURES;
export const MEASURE_NAMES = Object.keys(MEASURES) as readonly Measure[];

/** Counts since the last flush: far below 2^53. */
export type Tally = Record<Measure, number>;
/** Counts of days, months and whole regions. */
export type Totals = Record<Measure, bigint>;

/** Whose use it is. Kept when the function is deleted. */
export interface UsageKey {
  /** UTC, `2026-11-21` */
  readonly day: string;
  readonly functionName: string;
  /** `$LATEST` or digits */
  readonly version: string;
  readonly architecture: Architecture;
}

export function newTally(): Tally {
  return Object.fromEntries(MEASURE_NAMES.map((measure) => [measure, 0])) as Tally;
}

export function newTotals(): Totals {
  return Object.fromEntries(MEASURE_NAMES.map((measure) => [measure, 0n])) as Totals;
}

/** bytes of an event that are one request, and bytes of each further one (contract/03 §5) */
const FIRST_EVENT_BYTES = 256 * 1024;
const FURTHER_EVENT_BYTES = 64 * 1024;

/** Requests that an asynchronous invocation costs beside the first. */
export function eventChunks(bytes: number): number {
  return bytes <= FIRST_EVENT_BYTES ? 0 : Math.ceil((bytes - FIRST_EVENT_BYTES) / FURTHER_EVENT_BYTES);
}

/** What is free of each environment's /tmp and of each streamed answer (contract/09 §2). */
export const FREE_EPHEMERAL_MB = 512;
export const FREE_STREAMED_BYTES = 6 * 1024 * 1024;
