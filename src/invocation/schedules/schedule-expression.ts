/**
 * Schedule expressions of EventBridge rules and of Scheduler: `rate(5 minutes)`, `cron(0 12 * * ? *)`,
 * `at(2030-01-01T00:00:00)`, and the times at which they are due.
 */
import { type CronSchedule, parseCron } from "./cron.ts";

export type ScheduleExpression =
  | { readonly kind: "rate"; readonly everyMs: number }
  | { readonly kind: "cron"; readonly cron: CronSchedule; readonly zone: string }
  | { readonly kind: "at"; readonly atMs: number };

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const RATE = /^rate\((\d{1,9}) (minute|hour|day)(s?)\)$/;
const CRON = /^cron\((.{1,200})\)$/;
const AT = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/;

/** @param zone IANA name: whose wall `cron` and `at` mean @returns undefined when it is no schedule expression */
export function parseScheduleExpression(text: string, zone = "UTC"): ScheduleExpression | undefined {
  const [, value, unit = "", plural] = RATE.exec(text) ?? [];
  if (value !== undefined) {
    const isFitting = Number(value) > 0 && (value === "1") === (plural === "");
    return isFitting ? { kind: "rate", everyMs: Number(value) * (UNIT_MS[unit] ?? 0) } : undefined;
  }
  const fields = CRON.exec(text)?.[1];
  if (fields !== undefined) {
    const cron = parseCron(fields);
    return cron && { kind: "cron", cron, zone };
  }
  const at = AT.exec(text)?.[1];
  const wallMs = at === undefined ? Number.NaN : Date.parse(`${at}Z`);
  if (Number.isNaN(wallMs)) return undefined;
  // At a time that the clocks skip: as much later as they are put forward.
  return { kind: "at", atMs: instantOf(wallMs, zone, "compatible") ?? wallMs };
}

export interface TickRange {
  /** Unix ms: the tick is later than this. */
  readonly afterMs: number;
  /** Unix ms: rates count from here, and nothing is due before. */
  readonly anchorMs: number;
}

/** Unix ms of the next tick, or undefined when there is none. Rates tick at their anchor, too. */
export function nextTick(schedule: ScheduleExpression, { afterMs, anchorMs }: TickRange): number | undefined {
  if (schedule.kind === "at") return schedule.atMs > afterMs ? schedule.atMs : undefined;
  if (schedule.kind === "cron") return nextCronTick(schedule.cron, schedule.zone, Math.max(afterMs, anchorMs - 1));
  if (anchorMs > afterMs) return anchorMs;
  const ticks = Math.floor((afterMs - anchorMs) / schedule.everyMs) + 1;
  return anchorMs + ticks * schedule.everyMs;
}

/** Times that the clocks skip are no ticks; of times that they show twice the first is the only one (AWS's rules). */
function nextCronTick(cron: CronSchedule, zone: string, afterMs: number): number | undefined {
  let wallMs = wallOf(afterMs, zone);
  for (;;) {
    const next = cron.next(wallMs);
    if (next === undefined) return undefined;
    const instantMs = instantOf(next, zone, "reject");
    if (instantMs !== undefined && instantMs > afterMs) return instantMs;
    wallMs = next;
  }
}

/** Is it the name of a time zone? */
export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return !/^[+-]/.test(zone);
  } catch {
    return false;
  }
}

/** What the wall shows at an instant, as if it were in UTC. */
function wallOf(instantMs: number, zone: string): number {
  if (zone === "UTC") return instantMs;
  const { offsetNanoseconds } = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(zone);
  return instantMs + offsetNanoseconds / 1_000_000;
}

function instantOf(wallMs: number, zone: string, ofSkipped: "reject" | "compatible"): number | undefined {
  if (zone === "UTC") return wallMs;
  const wall = Temporal.Instant.fromEpochMilliseconds(wallMs).toZonedDateTimeISO("UTC").toPlainDateTime();
  const instant = wall.toZonedDateTime(zone, { disambiguation: "compatible" });
  if (ofSkipped === "reject" && !instant.toPlainDateTime().equals(wall)) return undefined;
  return instant.epochMilliseconds;
}
