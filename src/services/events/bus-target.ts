/** Buses as targets: what services, destinations and other buses send, as events. */
import type { Place } from "../../functions/function-name.ts";
import { evaluatePolicy } from "../../functions/policy-evaluation.ts";
import { JsonSyntaxError } from "../../functions/positioned-json.ts";
import { type DeliveredEntry, parseEntry } from "../../invocation/bus-entry.ts";
import { type Delivery, type Sender, type Target, TargetRefusal } from "../../invocation/targets.ts";
import type { Clock } from "../../state/clock.ts";
import { newUuid } from "../../state/ids.ts";
import { eventTime } from "./bus-event.ts";
import type { EventsContext } from "./events-context.ts";
import { publish } from "./put-events.ts";

/** bytes: PutEvents' own */
const MOST_BYTES = 1024 * 1024;

export class BusTarget implements Target {
  readonly #context: Pick<EventsContext, "router" | "outbox" | "archives" | "book" | "names">;
  readonly #place: Place;
  readonly #clock: Clock;

  constructor(context: EventsContext) {
    this.#context = context;
    this.#place = context.place;
    this.#clock = context.clock;
  }

  async deliver(arn: string, { body, traceId, sender }: Delivery): Promise<void> {
    const { book, names } = this.#context;
    const parsed = names.parse(arn);
    if (parsed?.kind !== "event-bus" || !book.bus(parsed.path)) {
      throw new TargetRefusal(`Event bus ${arn} does not exist.`, "RESOURCE_NOT_FOUND");
    }
    if (this.#isDenied(arn, parsed.path, sender)) {
      throw new TargetRefusal(`${sender.principal} may not put events onto ${arn}`, "NO_PERMISSIONS");
    }
    if (body.length > MOST_BYTES) throw new TargetRefusal(`${body.length} bytes are more than an event may have`);
    const entry = entryOf(body.toString("utf8"));
    // From another bus it comes whole, and stays the same event.
    const isForwarded = sender.principal === "events.amazonaws.com" && entry.id !== undefined;
    const nowMs = this.#clock.now();
    const timeMs = entry.time === undefined ? nowMs : Date.parse(entry.time);
    const event = {
      id: isForwarded ? (entry.id as string) : newUuid(),
      detailType: entry.detailType,
      source: entry.source,
      account: this.#place.accountId,
      time: eventTime(Number.isNaN(timeMs) ? nowMs : timeMs),
      region: this.#place.region,
      resources: entry.resources,
      detail: entry.detail,
      traceId,
      ...(isForwarded && { isForwarded }),
    };
    await publish(this.#context, [{ bus: parsed.path, event }]);
  }

  /** Within an account nobody needs to be allowed; but who is denied is. */
  #isDenied(arn: string, bus: string, sender: Sender): boolean {
    const policy = this.#context.book.policyOf(bus);
    const decision = evaluatePolicy(policy, {
      action: "events:PutEvents",
      resource: arn,
      principal: { kind: "service", service: sender.principal },
      conditions: { "AWS:SourceArn": sender.arn, "AWS:SourceAccount": sender.accountId },
    });
    return decision === "deny";
  }
}

function entryOf(text: string): DeliveredEntry {
  try {
    const entry = parseEntry(text);
    if (entry) return entry;
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
  }
  throw new TargetRefusal("What was sent to the event bus is no event.");
}
