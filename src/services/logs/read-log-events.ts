/** GetLogEvents and FilterLogEvents: pages of what streams hold, by time. */
import { compareEvents, EventPage, type EventPlace, eventId, type PageOptions, placeFrom } from "./event-page.ts";
import { expiryOf, type GroupRecord } from "./log-groups-table.ts";
import {
  identifiedGroup,
  type LogsHandlers,
  type LogsInput,
  type LogsParts,
  readPattern,
  streamMissing,
} from "./logs-api.ts";
import { readToken, writeToken } from "./page-token.ts";

interface Question {
  readonly group: GroupRecord;
  readonly logStreams?: ReadonlySet<string> | undefined;
  /** Unix ms, inclusive */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly matches?: (message: string) => boolean;
}

const BEGINNING: EventPlace = { timestamp: 0, position: 0 };

export function readLogEventsHandlers(parts: LogsParts) {
  const { clock, fail, store, streams } = parts;

  async function pageOf({ group, logStreams, matches, ...times }: Question, options: PageOptions) {
    const { take, after, before } = options;
    const page = new EventPage(options);
    const fromMs = Math.max(times.fromMs ?? 0, after?.timestamp ?? 0, expiryOf(group, clock.now()) ?? 0);
    const toMs = Math.min(times.toMs ?? Number.POSITIVE_INFINITY, before?.timestamp ?? Number.POSITIVE_INFINITY);
    const order = take === "first" ? "oldest" : "newest";
    const isEnough = page.isEnough.bind(page);
    for await (const events of store.read(group.name, { fromMs, toMs, logStreams, order, isEnough })) {
      for (const event of events) if (!matches || matches(event.message)) page.offer(event);
    }
    return page.finish();
  }

  /** The streams that are asked for; undefined: all. */
  async function chosenStreams(group: GroupRecord, input: LogsInput<"FilterLogEvents">) {
    const { logStreamNames: names, logStreamNamePrefix: prefix } = input;
    if (names !== undefined && prefix !== undefined) {
      const message = "logStreamNamePrefix and logStreamNames are mutually exclusive parameters.";
      fail("InvalidParameterException", message);
    }
    if (names === undefined && prefix === undefined) return undefined;
    await store.flush();
    if (names !== undefined) {
      if (names.some((name) => !streams.find(group.name, name))) streamMissing(fail);
      return new Set(names);
    }
    const all = { prefix, byTime: false, isDescending: false, limit: Number.MAX_SAFE_INTEGER };
    return new Set(streams.list(group.name, all).map(({ name }) => name));
  }

  return {
    async GetLogEvents(input) {
      const group = await identifiedGroup(parts, input);
      const { logStreamName, startTime: fromMs, endTime, nextToken, limit, startFromHead } = input;
      await store.flush();
      if (!streams.find(group.name, logStreamName)) streamMissing(fail);
      const [, way, id = ""] = /^([fb])\/(\d+)\/s$/.exec(nextToken ?? "") ?? [];
      const place = placeFrom(id);
      if (nextToken !== undefined && !place) fail("InvalidParameterException", "The specified nextToken is invalid.");
      const toMs = endTime === undefined ? undefined : endTime - 1;
      const isForward = place ? way === "f" : startFromHead === true;
      const { events } = await pageOf(
        { group, logStreams: new Set([logStreamName]), fromMs, toMs },
        { take: isForward ? "first" : "last", limit, ...(place && (isForward ? { after: place } : { before: place })) },
      );
      const [first, last] = [events[0], events.at(-1)];
      // On an empty page the way on stays where it is, and the way back leads to what lies right behind.
      const forward = last ?? (place && !isForward ? justBefore(place) : place) ?? BEGINNING;
      const backward = first ?? (place && isForward ? justBehind(place) : place) ?? BEGINNING;
      return {
        events: events.map(({ timestamp, message, ingestionTime }) => ({ timestamp, message, ingestionTime })),
        nextForwardToken: `f/${eventId(forward)}/s`,
        nextBackwardToken: `b/${eventId(backward)}/s`,
      };
    },

    async FilterLogEvents(input) {
      const group = await identifiedGroup(parts, input);
      const { matches } = readPattern(fail, input.filterPattern);
      const { startTime: fromMs, endTime: toMs, limit } = input;
      if (fromMs !== undefined && toMs !== undefined && fromMs > toMs) {
        fail("InvalidParameterException", "End time should not be less than start time.");
      }
      const logStreams = await chosenStreams(group, input);
      const question = ["FilterLogEvents", group.name, group.createdMs, input.filterPattern, fromMs, toMs];
      const id = readToken<string>(fail, question, input.nextToken);
      const after = id === undefined ? undefined : placeFrom(id);
      const { events, isCut } = await pageOf(
        { group, logStreams, fromMs, toMs, matches },
        { take: "first", limit, after },
      );
      const last = events.at(-1);
      return {
        events: events.map((event) => ({
          logStreamName: event.logStream,
          timestamp: event.timestamp,
          message: event.message,
          ingestionTime: event.ingestionTime,
          eventId: eventId(event),
        })),
        // AWS has answered nothing else for years.
        searchedLogStreams: [],
        ...(isCut && last && { nextToken: writeToken(question, eventId(last)) }),
      };
    },
  } satisfies LogsHandlers;
}

function justBehind({ timestamp, position }: EventPlace): EventPlace {
  return { timestamp, position: position + 1 };
}

function justBefore(place: EventPlace): EventPlace {
  const before = { timestamp: place.timestamp, position: place.position - 1 };
  const earlier = { timestamp: Math.max(0, place.timestamp - 1), position: Number.MAX_SAFE_INTEGER };
  return before.position < 0 && compareEvents(earlier, place) < 0
    ? earlier
    : { ...before, position: Math.max(0, before.position) };
}
