/** PutEvents: each entry is checked by itself; those that are good are on the disk, bound for their targets, when it answers. */

import { newTraceHeader } from "../../invocation/outbox/trace.ts";
import { newUuid } from "../../state/ids.ts";
import type { CallContext } from "../../wire/service.ts";
import { type BusEvent, eventTime } from "./bus-event.ts";
import type { EventsHandlers, EventsInput } from "./events-api.ts";
import type { EventsContext } from "./events-context.ts";
import { isJsonObject } from "./json-object.ts";

type Entry = EventsInput<"PutEvents">["Entries"][number];

/** bytes, of all entries of a call: AWS's quota of today. */
const MOST_BYTES = 1024 * 1024;

interface Refusal {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

export function putEventsHandlers(context: EventsContext): Pick<EventsHandlers, "PutEvents"> {
  const { fail, clock, place, names } = context;
  return {
    PutEvents: async ({ Entries: entries }, { principal }: CallContext) => {
      const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
      if (bytes > MOST_BYTES)
        fail("ValidationException", "Total size of the entries in the request is over the limit.");
      const events: { bus: string; event: BusEvent }[] = [];
      const answers = entries.map((entry) => {
        const refusal = refusalOf(entry);
        if (refusal) return refusal;
        const nowMs = clock.now();
        const event: BusEvent = {
          id: newUuid(),
          detailType: entry.DetailType as string,
          source: entry.Source as string,
          account: principal.accountId,
          time: eventTime(entry.Time?.getTime() ?? nowMs),
          region: place.region,
          resources: entry.Resources ?? [],
          detail: entry.Detail as string,
          traceId: entry.TraceHeader ?? newTraceHeader(nowMs),
        };
        events.push({ bus: names.busName(entry.EventBusName), event });
        return { EventId: event.id };
      });
      await publish(context, events);
      return { FailedEntryCount: entries.length - events.length, Entries: answers };
    },
  };
}

/** Into archives and on their way to targets. A bus that does not exist takes events and loses them, as at AWS. */
export async function publish(
  { router, outbox, archives }: Pick<EventsContext, "router" | "outbox" | "archives">,
  events: readonly { readonly bus: string; readonly event: BusEvent }[],
): Promise<void> {
  const entries = events.flatMap(({ bus, event }) => router.route(bus, event));
  await Promise.all([archives.keep(events), outbox.put(entries)]);
}

/** As AWS counts: user guide, "Calculating event entry size". */
function entryBytes({ Time, Source = "", DetailType = "", Detail = "", Resources = [] }: Entry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), Time ? 14 : 0);
}

function refusalOf({ Source, DetailType, Detail }: Entry): Refusal | undefined {
  for (const [name, value] of Object.entries({ Source, DetailType, Detail })) {
    if (value) continue;
    const message = `Parameter ${name} is not valid. Reason: ${name} is a required argument.`;
    return { ErrorCode: "InvalidArgument", ErrorMessage: message };
  }
  if (Source?.startsWith("aws.")) {
    return { ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source." };
  }
  return isJsonObject(Detail ?? "")
    ? undefined
    : { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
}
