/** Amazon EventBridge Scheduler: schedules and groups, and an outbox in which the next tick of each schedule waits. */
import { Outbox } from "../../invocation/outbox/outbox.ts";
import { Documents } from "../../state/documents.ts";
import { Serial } from "../../state/serial.ts";
import { createService } from "../../wire/engine.ts";
import { failFor } from "../../wire/fail.ts";
import { loadModel } from "../../wire/model.ts";
import type { OpenCompanion } from "../companion.ts";
import { groupHandlers } from "./group-operations.ts";
import { withAttempt } from "./invocation.ts";
import { ScheduleBook } from "./schedule-book.ts";
import { scheduleHandlers } from "./schedule-operations.ts";
import { scheduleTicks } from "./schedule-ticks.ts";
import type { Scheduler } from "./scheduler-api.ts";
import type { SchedulerContext } from "./scheduler-context.ts";

export const openScheduler: OpenCompanion = async ({ place, data, clock, log, targets }) => {
  await using opened = new AsyncDisposableStack();
  const model = loadModel<Scheduler>("scheduler");
  const documents = await Documents.open(data.join("scheduler.sqlite"));
  opened.defer(() => documents.close());
  const book = new ScheduleBook(documents, place);
  await book.prepare(clock.now());
  const changes = new Serial();
  const onTick = scheduleTicks({ book, clock, place, log });
  const outbox = await Outbox.open({
    file: data.join("scheduler-outbox.sqlite"),
    targets,
    clock,
    log,
    // Behind a change that is being stored: its tick is on the disk before it is.
    onTick: (tick) => changes.run("schedules", async () => onTick(tick)),
    send: (message, delivery) =>
      targets.deliver(message.arn, { ...delivery, body: withAttempt(delivery.body, message.failures + 1) }),
  });
  opened.defer(() => outbox.close());
  const context: SchedulerContext = { place, clock, book, outbox, fail: failFor(model), changes };
  const closing = opened.move();
  return {
    service: createService({
      model,
      handlers: { ...scheduleHandlers(context), ...groupHandlers(context) },
      onFault: (error, requestId) => log.error("scheduler fault", { requestId, error }),
    }),
    start: () => outbox.start(),
    stop: () => outbox.stop(),
    close: () => closing.disposeAsync(),
  };
};
