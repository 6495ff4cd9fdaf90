/** Amazon EventBridge: buses, rules and their targets, schedules, archives and replays, API destinations; buses as targets. */
import { Outbox } from "../../invocation/outbox/outbox.ts";
import type { OutgoingMessage } from "../../invocation/outbox/outgoing-message.ts";
import type { Delivery } from "../../invocation/targets.ts";
import { Documents } from "../../state/documents.ts";
import { Serial } from "../../state/serial.ts";
import { createService } from "../../wire/engine.ts";
import { failFor } from "../../wire/fail.ts";
import { loadModel } from "../../wire/model.ts";
import type { OpenCompanion } from "../companion.ts";
import { ApiCaller } from "./api-caller.ts";
import { archiveHandlers } from "./archive-operations.ts";
import { ArchiveStore } from "./archive-store.ts";
import { busHandlers } from "./bus-operations.ts";
import { BusTarget } from "./bus-target.ts";
import { connectionHandlers } from "./connection-operations.ts";
import { EventBook, type RuleTarget } from "./event-book.ts";
import type { Events } from "./events-api.ts";
import type { EventsContext } from "./events-context.ts";
import { Names } from "./names.ts";
import { putEventsHandlers } from "./put-events.ts";
import { Replays } from "./replays.ts";
import { EventRouter } from "./router.ts";
import { ruleHandlers } from "./rule-operations.ts";
import { ruleTicks } from "./rule-schedules.ts";
import { tagHandlers } from "./tag-operations.ts";
import { targetHandlers } from "./target-operations.ts";

export const openEvents: OpenCompanion = async ({ place, data, clock, log, targets }) => {
  await using opened = new AsyncDisposableStack();
  const model = loadModel<Events>("eventbridge");
  const names = new Names(place);
  const documents = await Documents.open(data.join("events-bus.sqlite"));
  opened.defer(() => documents.close());
  const book = new EventBook(documents);
  await book.prepare(clock.now());
  const archives = await ArchiveStore.open(data.join("events-archive.sqlite"), book, clock);
  opened.defer(() => archives.close());
  const router = new EventRouter({ book, names, accountId: place.accountId, clock });
  const caller = new ApiCaller(book, names, clock);
  const send = ({ arn, more }: OutgoingMessage, delivery: Delivery): Promise<void> =>
    names.parse(arn)?.kind === "api-destination"
      ? caller.call(arn, delivery, (more as { http?: RuleTarget["HttpParameters"] } | undefined)?.http)
      : targets.deliver(arn, delivery);
  const changes = new Serial();
  const onTick = ruleTicks({ book, names, router, clock, place });
  const outbox = await Outbox.open({
    file: data.join("events-outbox.sqlite"),
    targets,
    clock,
    log,
    send,
    // Behind a change that is being stored: its tick is on the disk before it is.
    onTick: (tick) => changes.run("bus", async () => onTick(tick)),
  });
  opened.defer(() => outbox.close());
  const replays = new Replays({ book, archives, router, outbox, clock, log });
  opened.defer(() => replays.close());
  const context: EventsContext = {
    ...{ place, clock, names, book, router, outbox, archives, replays, changes },
    fail: failFor(model),
  };
  const closing = opened.move();
  return {
    service: createService({
      model,
      handlers: {
        ...putEventsHandlers(context),
        ...busHandlers(context),
        ...ruleHandlers(context),
        ...targetHandlers(context),
        ...archiveHandlers(context),
        ...connectionHandlers(context),
        ...tagHandlers(context),
      },
      onFault: (error, requestId) => log.error("events fault", { requestId, error }),
    }),
    target: { service: "events", target: new BusTarget(context) },
    policyOf: (resource) => {
      const parsed = names.parse(resource);
      return parsed?.kind === "event-bus" ? book.policyOf(parsed.path) : undefined;
    },
    start: () => {
      outbox.start();
      replays.resume();
    },
    stop: () => {
      replays.stop();
      outbox.stop();
    },
    close: () => closing.disposeAsync(),
  };
};
