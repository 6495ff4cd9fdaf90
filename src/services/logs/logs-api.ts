/** The types of CloudWatch Logs' API as this folder sees it, what its operations work with, and what they all ask first. */
import { type Place, partitionOf } from "../../functions/function-name.ts";
import type { LogStore } from "../../observability/log-store.ts";
import type { Clock } from "../../state/clock.ts";
import type { Fail } from "../../wire/fail.ts";
import type { Handlers, Input, OperationName, Output } from "../../wire/handlers.ts";
import { InvalidPattern, parseFilterPattern } from "./filter-pattern.ts";
import type { FiltersTable } from "./filters-table.ts";
import type { GroupRecord, LogGroupsTable } from "./log-groups-table.ts";
import type { LogStreamsTable } from "./log-streams-table.ts";
import type { ResourcePolicies } from "./resource-policies-table.ts";

export type Logs = typeof import("@aws-sdk/client-cloudwatch-logs");
export type LogsFail = Fail<Logs>;
export type LogsHandlers = Handlers<Logs>;
export type LogsInput<Name extends OperationName<Logs>> = Input<Logs, Name>;
export type LogsOutput<Name extends OperationName<Logs>> = Output<Logs, Name>;

/** Kept as they came. */
export type SubscriptionSettings = Omit<LogsInput<"PutSubscriptionFilter">, "logGroupName" | "filterName">;
export type MetricSettings = Omit<LogsInput<"PutMetricFilter">, "logGroupName" | "filterName">;

export interface LogsParts {
  readonly place: Place;
  readonly clock: Clock;
  readonly fail: LogsFail;
  readonly store: LogStore;
  readonly groups: LogGroupsTable;
  readonly streams: LogStreamsTable;
  readonly subscriptions: FiltersTable<SubscriptionSettings>;
  readonly metrics: FiltersTable<MetricSettings>;
  readonly policies: ResourcePolicies;
}

/** Without the `:*` that some operations write behind it. */
export function groupArn({ region, accountId }: Place, logGroup: string): string {
  return `arn:${partitionOf(region)}:logs:${region}:${accountId}:log-group:${logGroup}`;
}

/** The name in a group's ARN, with or without `:*`, or the text itself when it is no ARN. Undefined: somewhere else's. */
export function groupNameFrom(place: Place, identifier: string): string | undefined {
  if (!identifier.startsWith("arn:")) return identifier;
  const prefix = groupArn(place, "");
  return identifier.startsWith(prefix) ? identifier.slice(prefix.length).replace(/:\*$/, "") : undefined;
}

/** @throws ResourceNotFoundException */
export async function findGroup(parts: LogsParts, name: string | undefined): Promise<GroupRecord> {
  const { groups, streams, store, fail } = parts;
  const found = name === undefined ? undefined : groups.find(name);
  if (found || name === undefined) return found ?? groupMissing(fail);
  // It may have come into being a moment ago, by what a function wrote.
  await store.flush();
  streams.save();
  return groups.find(name) ?? groupMissing(fail);
}

/** For operations that take a name or an identifier, but not both. */
export function identifiedGroup(
  parts: LogsParts,
  input: { readonly logGroupName?: string | undefined; readonly logGroupIdentifier?: string | undefined },
): Promise<GroupRecord> {
  const { logGroupName, logGroupIdentifier } = input;
  if ((logGroupName === undefined) === (logGroupIdentifier === undefined)) {
    parts.fail("InvalidParameterException", "Exactly one of logGroupName and logGroupIdentifier must be specified.");
  }
  return findGroup(parts, logGroupName ?? groupNameFrom(parts.place, logGroupIdentifier ?? ""));
}

export function groupMissing(fail: LogsFail): never {
  return fail("ResourceNotFoundException", "The specified log group does not exist.");
}

export function streamMissing(fail: LogsFail): never {
  return fail("ResourceNotFoundException", "The specified log stream does not exist.");
}

/** @throws InvalidParameterException */
export function readPattern(fail: LogsFail, pattern: string | undefined) {
  try {
    return parseFilterPattern(pattern ?? "");
  } catch (error) {
    if (error instanceof InvalidPattern) return fail("InvalidParameterException", error.message);
    throw error;
  }
}
