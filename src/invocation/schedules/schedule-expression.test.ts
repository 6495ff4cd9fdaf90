import assert from "node:assert/strict";
import { test } from "node:test";
import { isTimeZone, nextTick, parseScheduleExpression } from "./schedule-expression.ts";

function ticks(text: string, from: string, count = 3, zone = "UTC"): string[] {
  const schedule = parseScheduleExpression(text, zone);
  assert.ok(schedule, text);
  const found: string[] = [];
  let afterMs = Date.parse(from);
  for (let left = count; left > 0; left--) {
    const next = nextTick(schedule, { afterMs, anchorMs: Date.parse("2026-01-01T00:00:00Z") });
    if (next === undefined) break;
    found.push(new Date(next).toISOString().replace(":00.000Z", "Z"));
    afterMs = next;
  }
  return found;
}

test("AWS's documented examples are due when its documentation says", () => {
  const from = "2026-01-01T00:00:00Z";
  // User guide, "Cron expressions" of EventBridge and of Scheduler.
  assert.deepEqual(ticks("cron(0 10 * * ? *)", from, 2), ["2026-01-01T10:00Z", "2026-01-02T10:00Z"]);
  assert.deepEqual(ticks("cron(15 12 * * ? *)", from, 1), ["2026-01-01T12:15Z"]);
  assert.deepEqual(ticks("cron(0 18 ? * MON-FRI *)", from, 3), [
    "2026-01-01T18:00Z",
    "2026-01-02T18:00Z",
    "2026-01-05T18:00Z",
  ]);
  assert.deepEqual(ticks("cron(0 8 1 * ? *)", from, 2), ["2026-01-01T08:00Z", "2026-02-01T08:00Z"]);
  assert.deepEqual(ticks("cron(0/15 * * * ? *)", from, 2), ["2026-01-01T00:15Z", "2026-01-01T00:30Z"]);
  assert.deepEqual(ticks("cron(0/10 * ? * MON-FRI *)", "2026-01-02T23:50:00Z", 1), ["2026-01-05T00:00Z"]);
  assert.deepEqual(ticks("cron(0/5 8-17 ? * MON-FRI *)", "2026-01-02T17:50:00Z", 2), [
    "2026-01-02T17:55Z",
    "2026-01-05T08:00Z",
  ]);
  assert.deepEqual(ticks("cron(15 10 ? * 6L 2026-2027)", from, 2), ["2026-01-30T10:15Z", "2026-02-27T10:15Z"]);
  assert.deepEqual(ticks("cron(0/30 20-2 ? * MON-FRI *)", "2026-01-02T22:30:00Z", 3), [
    "2026-01-02T23:00Z",
    "2026-01-02T23:30Z",
    "2026-01-05T00:00Z",
  ]);
  assert.deepEqual(ticks("cron(0 9 ? * 2#1 *)", from, 2), ["2026-01-05T09:00Z", "2026-02-02T09:00Z"]);
  assert.deepEqual(ticks("cron(0 10 3W * ? *)", from, 2), ["2026-01-02T10:00Z", "2026-02-03T10:00Z"]);
  assert.deepEqual(ticks("cron(0 0 L * ? *)", from, 2), ["2026-01-31T00:00Z", "2026-02-28T00:00Z"]);
  assert.deepEqual(ticks("cron(0 0 LW * ? *)", from, 1), ["2026-01-30T00:00Z"]);
  assert.deepEqual(ticks("cron(0 12 ? * 1 *)", from, 1), ["2026-01-04T12:00Z"], "1 is Sunday");
  assert.deepEqual(ticks("cron(0 12 ? * L *)", from, 1), ["2026-01-03T12:00Z"], "the last day of the week is Saturday");
  assert.deepEqual(ticks("cron(0 12 ? * FRI-SUN *)", from, 3), [
    "2026-01-02T12:00Z",
    "2026-01-03T12:00Z",
    "2026-01-04T12:00Z",
  ]);
});

test("a schedule that is over has no further tick", () => {
  assert.deepEqual(ticks("cron(0 0 1 1 ? 2026-2027)", "2026-06-01T00:00:00Z"), ["2027-01-01T00:00Z"]);
  assert.deepEqual(ticks("cron(0 0 30 2 ? *)", "2026-01-01T00:00:00Z"), []);
  assert.deepEqual(ticks("at(2026-01-02T03:04:00)", "2026-01-01T00:00:00Z"), ["2026-01-02T03:04Z"]);
});

test("rates count from their beginning, days being 24 hours", () => {
  assert.deepEqual(ticks("rate(5 minutes)", "2026-01-01T00:07:00Z", 2), ["2026-01-01T00:10Z", "2026-01-01T00:15Z"]);
  assert.deepEqual(ticks("rate(1 day)", "2025-12-01T00:00:00Z", 2), ["2026-01-01T00:00Z", "2026-01-02T00:00Z"]);
});

test("where clocks are put forward a time that is skipped is no tick", () => {
  // New York, 2026-03-08: from 02:00 EST to 03:00 EDT.
  assert.deepEqual(ticks("cron(30 2 * * ? *)", "2026-03-07T00:00:00Z", 2, "America/New_York"), [
    "2026-03-07T07:30Z",
    "2026-03-09T06:30Z",
  ]);
  assert.deepEqual(ticks("cron(30 1-3 8 3 ? *)", "2026-03-08T00:00:00Z", 2, "America/New_York"), [
    "2026-03-08T06:30Z",
    "2026-03-08T07:30Z",
  ]);
});

test("where clocks are put back a time that comes twice is one tick", () => {
  // New York, 2026-11-01: from 02:00 EDT to 01:00 EST.
  assert.deepEqual(ticks("cron(30 1 * * ? *)", "2026-10-31T12:00:00Z", 2, "America/New_York"), [
    "2026-11-01T05:30Z",
    "2026-11-02T06:30Z",
  ]);
  assert.deepEqual(ticks("cron(0/30 * * * ? *)", "2026-11-01T05:00:00Z", 2, "America/New_York"), [
    "2026-11-01T05:30Z",
    "2026-11-01T07:00Z",
  ]);
  assert.deepEqual(ticks("rate(30 minutes)", "2026-11-01T05:30:00Z", 2), ["2026-11-01T06:00Z", "2026-11-01T06:30Z"]);
});

test("at means the wall of its zone", () => {
  assert.deepEqual(ticks("at(2026-07-01T12:00:00)", "2026-01-01T00:00:00Z", 1, "Europe/Berlin"), ["2026-07-01T10:00Z"]);
});

test("what is no schedule expression is none", () => {
  for (const text of [
    ...["", "rate()", "rate(0 minutes)", "rate(1 minutes)", "rate(5 minute)", "rate(10 seconds)", "rate(-1 minutes)"],
    ...["rate( 10 minutes )", " rate(10 minutes)", "rate(10 years)", "cron()", "cron(INVALID)", "cron(0 1 * * * *)"],
    ...["cron(0 1 ? * ? *)", "cron(71 8 1 * ? *)", "cron(0 dummy ? * MON-FRI *)", "cron(7 20 * * NOT *)"],
    ...["cron(0 0 32 * ? *)", "cron(0 0 1 13 ? *)", "cron(0 0 ? * 8 *)", "cron(0 0 ? * 0 *)", "cron(0 0 1 1 ? 1969)"],
    ...["cron(0 0 ? * 2#6 *)", "cron(* * * ? *)", "cron(0/0 * * * ? *)", "cron(1-2-3 * * * ? *)", "cron(0  0 1 * ? *)"],
    ...["at(2021-12-31T23:59:59Z)", "at(2021-12-31)", "at(2021-13-31T23:59:59)", "cron(0 0 1W-3 * ? *)"],
  ]) {
    assert.equal(parseScheduleExpression(text), undefined, text);
  }
});

test("time zones are those of the IANA", () => {
  assert.ok(isTimeZone("Europe/Berlin"));
  assert.ok(isTimeZone("UTC"));
  assert.ok(!isTimeZone("Mars/Olympus"));
  assert.ok(!isTimeZone("+01:00"));
});
