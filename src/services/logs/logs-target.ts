/** Log groups as targets, of EventBridge rules above all: each message becomes an event, if a resource policy lets the sender. */
import { isOfOtherPartition } from "../../functions/function-name.ts";
import { type Delivery, type Target, TargetRefusal } from "../../invocation/targets.ts";
import { newUuid } from "../../state/ids.ts";
import { groupArn, groupNameFrom, type LogsParts } from "./logs-api.ts";

/** bytes */
const LARGEST_EVENT = 1024 * 1024;

type Parts = Pick<LogsParts, "place" | "clock" | "store" | "groups" | "streams" | "policies">;

export class LogsTarget implements Target {
  readonly #parts: Parts;
  /** By group: one for all that this life of the region is sent. */
  readonly #streamNames = new Map<string, string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async deliver(arn: string, { body, sender }: Delivery): Promise<void> {
    const { place, clock, store, groups, streams, policies } = this.#parts;
    const logGroup = isOfOtherPartition(arn, place) ? undefined : groupNameFrom(place, arn);
    if (logGroup === undefined || !groups.find(logGroup)) {
      throw new TargetRefusal(`${arn} is no log group of this region`, "RESOURCE_NOT_FOUND");
    }
    const logStream = this.#streamNames.get(logGroup) ?? newUuid();
    const resource = `${groupArn(place, logGroup)}:log-stream:${logStream}`;
    const mayWrite = ["logs:CreateLogStream", "logs:PutLogEvents"].every((action) =>
      policies.allow(action, resource, sender),
    );
    if (!sender.usesRole && !mayWrite) {
      throw new TargetRefusal(`${sender.principal} may not write to ${arn}`, "NO_PERMISSIONS");
    }
    if (body.length > LARGEST_EVENT) throw new TargetRefusal(`${body.length} bytes are more than a log event may have`);
    const nowMs = clock.now();
    if (!streams.find(logGroup, logStream)) await streams.create(logGroup, logStream, nowMs);
    this.#streamNames.set(logGroup, logStream);
    await store.accept(logGroup, logStream, [eventOf(body.toString(), nowMs)], nowMs);
  }
}

/** What an input transformer made into `{"timestamp": ms, "message": "..."}` says itself when it was. */
function eventOf(text: string, nowMs: number): { readonly timestamp: number; readonly message: string } {
  try {
    const { timestamp, message, ...more } = JSON.parse(text) as Record<string, unknown>;
    const isEvent = typeof timestamp === "number" && typeof message === "string" && Object.keys(more).length === 0;
    if (isEvent && timestamp >= 0 && message !== "") return { timestamp, message };
  } catch {
    // Any text will do.
  }
  return { timestamp: nowMs, message: text === "" ? "\n" : text };
}
