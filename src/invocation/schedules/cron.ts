/**
 * Cron expressions as EventBridge and its Scheduler write them: six fields, days of the week from 1 (Sunday), one of the
 * two day fields `?`. They are translated for croner, which finds the times; here they are times on the wall, without a zone.
 */
import { Cron } from "croner";

export interface CronSchedule {
  /** The next time on the wall after one, both as ms since 1970 as if the wall were in UTC; undefined when there is none. */
  next(afterMs: number): number | undefined;
}

interface Field {
  readonly first: number;
  readonly last: number;
  readonly names?: readonly string[];
  /** What else one value of a list may be. */
  readonly special?: RegExp;
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const MINUTE: Field = { first: 0, last: 59 };
const HOUR: Field = { first: 0, last: 23 };
const DAY_OF_MONTH: Field = { first: 1, last: 31, special: /^(?:L|LW|(?:[1-9]|[12]\d|3[01])W)$/ };
const MONTH: Field = { first: 1, last: 12, names: MONTHS };
const DAY_OF_WEEK: Field = { first: 1, last: 7, names: DAYS, special: /^(?:L|\w{1,3}L|\w{1,3}#[1-5])$/ };
const YEAR: Field = { first: 1970, last: 2199 };

/** @param text the six fields @returns undefined when they are no cron expression */
export function parseCron(text: string): CronSchedule | undefined {
  const fields = text.split(" ");
  const [minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = "", year = ""] = fields;
  // Exactly one of them is not asked.
  if (fields.length !== 6 || (dayOfMonth === "?") === (dayOfWeek === "?")) return undefined;
  const translated = [
    translate(minute, MINUTE),
    translate(hour, HOUR),
    dayOfMonth === "?" ? "*" : translate(dayOfMonth, DAY_OF_MONTH),
    translate(month, MONTH),
    dayOfWeek === "?" ? "*" : translate(dayOfWeek, DAY_OF_WEEK),
    translate(year, YEAR),
  ];
  if (translated.includes(undefined)) return undefined;
  const cron = new Cron(`0 ${translated.join(" ")}`, { timezone: "UTC", mode: "7-part" });
  return {
    next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime(),
  };
}

function translate(text: string, field: Field): string | undefined {
  const parts = text.split(",").map((part) => translatePart(part.toUpperCase(), field));
  return parts.includes(undefined) ? undefined : parts.join(",");
}

function translatePart(part: string, field: Field): string | undefined {
  if (field.special?.test(part)) return translateSpecial(part, field);
  const [range = "", step, ...more] = part.split("/");
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d{0,3}$/.test(step))) return undefined;
  const [from = "", to, ...others] = range.split("-");
  if (others.length > 0) return undefined;
  const every = step === undefined ? "" : `/${step}`;
  if (from === "*") return to === undefined ? `*${every}` : undefined;
  const first = numberIn(from, field);
  if (first === undefined) return undefined;
  // `5/15`: every fifteenth from 5 on.
  if (to === undefined)
    return step === undefined ? shown(first, field) : `${shownRange(first, field.last, field)}${every}`;
  const last = numberIn(to, field);
  if (last === undefined) return undefined;
  if (first <= last) return `${shownRange(first, last, field)}${every}`;
  if (field === YEAR) return undefined;
  return aroundTheEnd(first, last, Number(step ?? 1), field).join(",");
}

/** `FRI-MON`, `22-2`: over the end and on from the beginning. */
function aroundTheEnd(first: number, last: number, step: number, field: Field): string[] {
  const size = field.last - field.first + 1;
  const values: string[] = [];
  for (let value = first; value <= last + size; value += step) {
    values.push(shown(value > field.last ? value - size : value, field));
  }
  return values;
}

function translateSpecial(part: string, field: Field): string | undefined {
  if (field === DAY_OF_MONTH) return part;
  // The last day of a week.
  if (part === "L") return shown(field.last, field);
  const [, day = "", rest = ""] = /^(\w+?)(L|#\d)$/.exec(part) ?? [];
  const value = numberIn(day, field);
  return value === undefined ? undefined : shown(value, field) + rest;
}

function numberIn(text: string, { first, last, names }: Field): number | undefined {
  const named = names?.indexOf(text) ?? -1;
  if (named !== -1) return named + first;
  if (!/^\d{1,4}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= first && value <= last ? value : undefined;
}

/** Croner counts the days of the week from 0. */
const shown = (value: number, field: Field): string => String(field === DAY_OF_WEEK ? value - 1 : value);

const shownRange = (first: number, last: number, field: Field): string =>
  first === last ? shown(first, field) : `${shown(first, field)}-${shown(last, field)}`;
