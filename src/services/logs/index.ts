/** CloudWatch Logs: the AWS API of the region's log events, over the store that functions' logs are in, too. */

import { violationsText } from "../../wire/constraints.ts";
import { createService } from "../../wire/engine.ts";
import { failFor, serviceError } from "../../wire/fail.ts";
import { loadModel } from "../../wire/model.ts";
import type { Companion, CompanionContext } from "../companion.ts";
import { FiltersTable } from "./filters-table.ts";
import { LiveTail } from "./live-tail.ts";
import { logGroupHandlers } from "./log-groups.ts";
import { LogGroupsTable } from "./log-groups-table.ts";
import { logStreamHandlers } from "./log-streams.ts";
import { LogStreamsTable } from "./log-streams-table.ts";
import type { Logs, LogsParts, MetricSettings, SubscriptionSettings } from "./logs-api.ts";
import { LogsDatabase } from "./logs-database.ts";
import { LogsTarget } from "./logs-target.ts";
import { metricFilterHandlers } from "./metric-filters.ts";
import { putLogEventsHandlers } from "./put-log-events.ts";
import { readLogEventsHandlers } from "./read-log-events.ts";
import { resourcePolicyHandlers } from "./resource-policies.ts";
import { ResourcePolicies } from "./resource-policies-table.ts";
import { Retention } from "./retention.ts";
import { subscriptionFilterHandlers } from "./subscription-filters.ts";
import { Subscriptions } from "./subscriptions.ts";
import { tagHandlers } from "./tags.ts";

const SAVE_EVERY_MS = 1000;

/** @throws StorageError */
export async function openLogs(context: CompanionContext): Promise<Companion> {
  const { place, clock, log, functionLogs: store } = context;
  await using opened = new AsyncDisposableStack();
  const database = await LogsDatabase.open(context.data.join("logs.sqlite"));
  opened.defer(() => database.close());
  const model = loadModel<Logs>("cloudwatch-logs");
  const parts: LogsParts = {
    place,
    clock,
    fail: failFor(model),
    store,
    groups: new LogGroupsTable(database),
    streams: new LogStreamsTable(database),
    subscriptions: new FiltersTable<SubscriptionSettings>(database, "subscription"),
    metrics: new FiltersTable<MetricSettings>(database, "metric"),
    policies: new ResourcePolicies(database, clock),
  };
  await parts.streams.recover(store);
  const subscriptions = new Subscriptions({ parts, ...context });
  opened.defer(() => subscriptions.close());
  const retention = new Retention(parts, log);
  opened.defer(() => retention.close());
  const liveTail = new LiveTail(parts);
  const save = (): void => {
    try {
      parts.streams.save();
    } catch (error) {
      log.error("log streams could not be put down", { error });
    }
  };
  const saver = setInterval(save, SAVE_EVERY_MS);
  saver.unref();
  const stopListening = store.onWritten((logGroup, streams, end) => {
    parts.streams.note(logGroup, streams, end);
    subscriptions.wake(logGroup);
  });
  opened.defer(async () => {
    await store.flush();
    stopListening();
    clearInterval(saver);
    save();
  });

  const service = createService({
    model,
    handlers: {
      ...logGroupHandlers(parts),
      ...logStreamHandlers(parts),
      ...putLogEventsHandlers(parts),
      ...readLogEventsHandlers(parts),
      ...tagHandlers(parts),
      ...subscriptionFilterHandlers(parts, context),
      ...metricFilterHandlers(parts),
      ...resourcePolicyHandlers(parts),
      ...liveTail.handlers,
    },
    invalidInput: (violations) => serviceError(model, "InvalidParameterException", violationsText(violations)),
    onFault: (error, requestId) => log.error("logs fault", { requestId, error }),
  });
  const closing = opened.move();
  return {
    service,
    target: { service: "logs", target: new LogsTarget(parts) },
    start: () => {
      retention.start();
      subscriptions.start();
    },
    stop: () => {
      liveTail.stop();
      subscriptions.stop();
    },
    close: () => closing.disposeAsync(),
  };
}
