import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareEvents, EventPage, eventId, placeFrom } from "./event-page.ts";

const event = (timestamp: number, position: number, message = "m") => ({
  timestamp,
  position,
  message,
  ingestionTime: timestamp,
  logStream: "s",
});

test("ids sort as events do, and say where these are", () => {
  const place = fc.record({ timestamp: fc.nat(), position: fc.maxSafeNat() }, { noNullPrototype: true });
  fc.assert(
    fc.property(place, place, (a, b) => {
      assert.deepEqual(placeFrom(eventId(a)), a);
      assert.equal(Math.sign(compareEvents(a, b)), eventId(a) < eventId(b) ? -1 : eventId(a) > eventId(b) ? 1 : 0);
    }),
  );
  assert.equal(placeFrom("7"), undefined);
});

test("pages hold everything once, whatever the order in which it is offered", () => {
  const times = fc.array(fc.nat({ max: 50 }), { maxLength: 60 });
  fc.assert(
    fc.property(
      times,
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom("first" as const, "last" as const),
      (all, limit, take) => {
        const events = all.map((timestamp, position) => event(timestamp, position));
        const pages: (readonly number[])[] = [];
        let edge: { timestamp: number; position: number } | undefined;
        for (let isCut = true; isCut; ) {
          const page = new EventPage({
            take,
            limit,
            ...(edge && (take === "first" ? { after: edge } : { before: edge })),
          });
          for (const offered of events) page.offer(offered);
          const finished = page.finish();
          isCut = finished.isCut;
          edge = take === "first" ? finished.events.at(-1) : finished.events[0];
          pages.push(finished.events.map(({ position }) => position));
          assert.ok(finished.events.length <= limit);
        }
        const read = take === "first" ? pages.flat() : pages.toReversed().flat();
        assert.deepEqual(
          read,
          events.toSorted(compareEvents).map(({ position }) => position),
        );
      },
    ),
  );
});

test("a page holds a megabyte, and always one event", () => {
  const page = new EventPage({ take: "first" });
  for (let n = 0; n < 40; n++) page.offer(event(n, n, "x".repeat(100_000)));
  assert.deepEqual([page.finish().events.length, page.finish().isCut], [10, true]);
  const single = new EventPage({ take: "last" });
  single.offer(event(1, 1, "x".repeat(2_000_000)));
  assert.equal(single.finish().events.length, 1);
});

test("what lies in another time than a full page need not be offered", () => {
  const page = new EventPage({ take: "first", limit: 2 });
  assert.equal(page.isEnough({ firstMs: 0, lastMs: 9 }), false);
  page.offer(event(5, 1));
  page.offer(event(6, 2));
  assert.equal(page.isEnough({ firstMs: 6, lastMs: 9 }), false);
  assert.equal(page.isEnough({ firstMs: 7, lastMs: 9 }), true);
  assert.equal(page.finish().isCut, true);
});
