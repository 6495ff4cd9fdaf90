/** What a schedule sends at a tick: its input with AWS's placeholders filled in, or the event that AWS sends without one. */
import type { Place } from "../../functions/function-name.ts";
import { newOutgoing, type OutgoingMessage } from "../../invocation/outbox/outgoing-message.ts";
import { newTraceHeader } from "../../invocation/outbox/trace.ts";
import { newHexId, newUuid } from "../../state/ids.ts";
import type { NewEntry } from "../../state/queue.ts";
import type { Schedule } from "./schedule-book.ts";
import { type UniversalMessage, universalMessages, universalOperation } from "./universal-target.ts";

const MAXIMUM_ATTEMPTS = 185;
const MAXIMUM_AGE_SECONDS = 24 * 3600;
const ATTEMPT = "<aws.scheduler.attempt-number>";

export interface Firing {
  readonly schedule: Schedule;
  readonly scheduleArn: string;
  /** Unix ms */
  readonly scheduledMs: number;
  readonly nowMs: number;
  readonly place: Place;
}

/** Entries of the outbox. @throws Error when the input does not fit its universal target */
export function invocationsOf(firing: Firing): readonly NewEntry[] {
  const { schedule, scheduleArn, scheduledMs, nowMs, place } = firing;
  const { target } = schedule;
  const executionId = newHexId(8);
  const time = `${new Date(scheduledMs).toISOString().slice(0, 19)}Z`;
  const input = filled(target.Input ?? defaultEvent(firing, time), {
    "<aws.scheduler.schedule-arn>": scheduleArn,
    "<aws.scheduler.scheduled-time>": time,
    "<aws.scheduler.execution-id>": executionId,
  });
  const { MaximumRetryAttempts: attempts, MaximumEventAgeInSeconds: age } = target.RetryPolicy ?? {};
  const deadLetterArn = target.DeadLetterConfig?.Arn;
  const string = (value: string) => ({ type: "String" as const, value });
  const common: Omit<OutgoingMessage, "failures" | "arn" | "extras"> = {
    sender: { principal: "scheduler.amazonaws.com", arn: scheduleArn, accountId: place.accountId, usesRole: true },
    traceId: newTraceHeader(nowMs),
    retry: {
      maximumAttempts: attempts ?? MAXIMUM_ATTEMPTS,
      maximumAgeSeconds: age ?? MAXIMUM_AGE_SECONDS,
    },
    ...(deadLetterArn !== undefined && {
      deadLetter: {
        arn: deadLetterArn,
        attributes: {
          SCHEDULE_ARN: string(scheduleArn),
          SCHEDULED_TIME: string(time),
          EXECUTION_ID: string(executionId),
          IS_PAYLOAD_TRUNCATED: string("false"),
        },
      },
    }),
    sinceMs: nowMs,
  };
  return messagesOf(schedule, scheduleArn, input, place).map(({ arn, body, extras }) =>
    newOutgoing({ ...common, arn, ...(extras && { extras }) }, Buffer.from(body), executionId),
  );
}

/** The number of the attempt is known only when it is made. */
export function withAttempt(body: Buffer, attempt: number): Buffer {
  return body.includes(ATTEMPT) ? Buffer.from(body.toString("utf8").replaceAll(ATTEMPT, String(attempt))) : body;
}

function messagesOf(schedule: Schedule, scheduleArn: string, input: string, place: Place): readonly UniversalMessage[] {
  const { target } = schedule;
  const operation = universalOperation(target.Arn);
  if (operation !== undefined) return universalMessages(operation, input, place);
  const { EventBridgeParameters: entry, SqsParameters: sqs } = target;
  if (entry) {
    const head = { source: entry.Source, "detail-type": entry.DetailType, resources: [scheduleArn] };
    return [{ arn: target.Arn, body: `${JSON.stringify(head).slice(0, -1)},"detail":${input}}` }];
  }
  const group = sqs?.MessageGroupId;
  return [{ arn: target.Arn, body: input, ...(group !== undefined && { extras: { messageGroupId: group } }) }];
}

/** contract/08 §3: the detail is the text `{}`. For a bus, whose detail is an object, that object. */
function defaultEvent({ schedule, scheduleArn, place }: Firing, time: string): string {
  if (schedule.target.EventBridgeParameters) return "{}";
  return JSON.stringify({
    version: "0",
    id: newUuid(),
    "detail-type": "Scheduled Event",
    source: "aws.scheduler",
    account: place.accountId,
    time,
    region: place.region,
    resources: [scheduleArn],
    detail: "{}",
  });
}

function filled(input: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((text, [placeholder, value]) => text.replaceAll(placeholder, value), input);
}
