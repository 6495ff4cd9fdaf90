/** StartLiveTail: what comes in, once a second, to whoever watches; of more than can be watched a part. */
import { setTimeout as delay } from "node:timers/promises";
import type { StartLiveTailResponseStream } from "@aws-sdk/client-cloudwatch-logs";
import type { LogEvent } from "../../observability/log-store.ts";
import { newUuid } from "../../state/ids.ts";
import type { FilterPattern } from "./filter-pattern.ts";
import {
  findGroup,
  groupNameFrom,
  type LogsHandlers,
  type LogsInput,
  type LogsParts,
  readPattern,
} from "./logs-api.ts";

const UPDATE_EVERY_MS = 1000;
const LONGEST_SESSION_MS = 3 * 3_600_000;
/** Events, and bytes, in one update. */
const MOST_EVENTS = 500;
const MOST_BYTES = 1024 * 1024;
const MOST_SESSIONS = 15;

interface Watched {
  readonly logGroup: string;
  /** Of the last event that was looked at. */
  position: number;
}

interface Seen extends LogEvent {
  readonly logGroup: string;
}

export class LiveTail {
  readonly #parts: LogsParts;
  readonly #stopping = new AbortController();
  #sessions = 0;

  constructor(parts: LogsParts) {
    this.#parts = parts;
  }

  get handlers() {
    return {
      StartLiveTail: async (input, { requestId }) => ({ responseStream: await this.#start(input, requestId) }),
    } satisfies LogsHandlers;
  }

  /** End all sessions. */
  stop(): void {
    this.#stopping.abort();
  }

  async #start(input: LogsInput<"StartLiveTail">, requestId: string) {
    const { place, fail, store } = this.#parts;
    const { logGroupIdentifiers, logStreamNames, logStreamNamePrefixes, logEventFilterPattern } = input;
    if (logGroupIdentifiers.some((identifier) => !identifier.startsWith("arn:"))) {
      fail("InvalidParameterException", "Log groups must be specified by their ARNs.");
    }
    if (logStreamNames && logStreamNamePrefixes) {
      fail("InvalidParameterException", "logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.");
    }
    if (logGroupIdentifiers.length > 1 && (logStreamNames ?? logStreamNamePrefixes)) {
      fail("InvalidParameterException", "Log streams can be specified for a single log group only.");
    }
    const pattern = readPattern(fail, logEventFilterPattern);
    const watched: Watched[] = [];
    for (const identifier of logGroupIdentifiers) {
      const { name } = await findGroup(this.#parts, groupNameFrom(place, identifier));
      watched.push({ logGroup: name, position: await store.end(name) });
    }
    if (this.#sessions >= MOST_SESSIONS) fail("LimitExceededException", "Resource limit exceeded.");
    return this.#session(input, { requestId, watched, pattern });
  }

  async *#session(
    input: LogsInput<"StartLiveTail">,
    { requestId, watched, pattern }: { requestId: string; watched: readonly Watched[]; pattern: FilterPattern },
  ): AsyncGenerator<StartLiveTailResponseStream> {
    const { clock, fail } = this.#parts;
    const { signal } = this.#stopping;
    const endsMs = clock.now() + LONGEST_SESSION_MS;
    this.#sessions++;
    try {
      yield { sessionStart: { ...shownQuestion(input), requestId, sessionId: newUuid() } };
      while (!signal.aborted) {
        await delay(UPDATE_EVERY_MS, undefined, { signal }).catch(() => {});
        if (clock.now() > endsMs) fail("SessionTimeoutException", "The session has reached its longest duration.");
        const { events, sampled } = await this.#news(input, watched, pattern);
        yield {
          sessionUpdate: { sessionMetadata: { sampled }, sessionResults: events.map((event) => this.#shown(event)) },
        };
      }
    } finally {
      this.#sessions--;
    }
  }

  async #news(input: LogsInput<"StartLiveTail">, watched: readonly Watched[], { matches }: FilterPattern) {
    const events: Seen[] = [];
    let bytes = 0;
    let sampled = false;
    for (const group of watched) {
      for await (const piece of this.#parts.store.read(group.logGroup, { after: group.position })) {
        group.position = piece.at(-1)?.position ?? group.position;
        for (const event of piece) {
          if (!isWatched(input, event.logStream) || !matches(event.message)) continue;
          const more = bytes + Buffer.byteLength(event.message);
          if (events.length === MOST_EVENTS || (events.length > 0 && more > MOST_BYTES)) {
            sampled = true;
            break;
          }
          bytes = more;
          events.push({ ...event, logGroup: group.logGroup });
        }
      }
    }
    return { events, sampled };
  }

  #shown({ logGroup, logStream, message, timestamp, ingestionTime }: Seen) {
    const { place } = this.#parts;
    // As AWS writes it here: account and name.
    const logGroupIdentifier = `${place.accountId}:${logGroup}`;
    return { logStreamName: logStream, logGroupIdentifier, message, timestamp, ingestionTime };
  }
}

function shownQuestion(input: LogsInput<"StartLiveTail">) {
  const { logGroupIdentifiers, logStreamNames, logStreamNamePrefixes, logEventFilterPattern } = input;
  return {
    logGroupIdentifiers: [...logGroupIdentifiers],
    logStreamNames: [...(logStreamNames ?? [])],
    logStreamNamePrefixes: [...(logStreamNamePrefixes ?? [])],
    logEventFilterPattern: logEventFilterPattern ?? "",
  };
}

function isWatched({ logStreamNames, logStreamNamePrefixes }: LogsInput<"StartLiveTail">, logStream: string): boolean {
  if (logStreamNames) return logStreamNames.includes(logStream);
  return logStreamNamePrefixes?.some((prefix) => logStream.startsWith(prefix)) ?? true;
}
