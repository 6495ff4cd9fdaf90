/** What Scheduler demands of a schedule beyond its model. */
import type { Place } from "../../functions/function-name.ts";
import { isTimeZone, parseScheduleExpression } from "../../invocation/schedules/schedule-expression.ts";
import type { ScheduleTarget } from "./schedule-book.ts";
import type { SchedulerInput } from "./scheduler-api.ts";
import { isServed, universalMessages, universalOperation } from "./universal-target.ts";

const ARN = /^arn:[\w-]+:([\w-]+):([\w-]*):([\w-]*):(.+)$/;
const START_GRACE_MS = 5 * 60_000;

type Settings = SchedulerInput<"CreateSchedule">;

/** Why the settings are none, or undefined. */
export function scheduleRefusal(input: Settings, place: Place, nowMs: number): string | undefined {
  const { ScheduleExpression: expression, ScheduleExpressionTimezone: zone = "UTC" } = input;
  if (!isTimeZone(zone)) return `Invalid Schedule Expression Timezone ${zone}.`;
  if (!parseScheduleExpression(expression, zone)) return `Invalid Schedule Expression ${expression}.`;
  return timeRefusal(input, nowMs) ?? targetRefusal(input.Target, place);
}

function timeRefusal(
  { FlexibleTimeWindow: window, StartDate: start, EndDate: end }: Settings,
  nowMs: number,
): string | undefined {
  if (window.Mode === "FLEXIBLE" && window.MaximumWindowInMinutes === undefined) {
    return "MaximumWindowInMinutes must be provided when FlexibleTimeWindow Mode is FLEXIBLE.";
  }
  if (window.Mode === "OFF" && window.MaximumWindowInMinutes !== undefined) {
    return "MaximumWindowInMinutes must not be provided when FlexibleTimeWindow Mode is OFF.";
  }
  if (start && start.getTime() < nowMs - START_GRACE_MS) {
    return "The StartDate you specify cannot be earlier than 5 minutes ago.";
  }
  if (end && end.getTime() <= nowMs) return "The EndDate you specify must be in the future.";
  return start && end && start >= end ? "The StartDate you specify must be before the EndDate." : undefined;
}

function targetRefusal(target: ScheduleTarget, place: Place): string | undefined {
  const { Arn: arn, RoleArn: role, Input: input, EventBridgeParameters: entry } = target;
  const operation = universalOperation(arn);
  if (operation !== undefined) return universalRefusal(operation, input, place);
  const [, service, , , resource = ""] = ARN.exec(arn) ?? [];
  if (service === undefined) return "Provided Arn is not in correct format.";
  if (ARN.exec(role)?.[1] !== "iam") return "Provided RoleArn is not in correct format.";
  if (service === "sqs" && resource.endsWith(".fifo") && target.SqsParameters?.MessageGroupId === undefined) {
    return "SqsParameters must be provided for a FIFO queue.";
  }
  if (service === "events" && !entry) return "EventBridgeParameters must be provided for an event bus.";
  if (entry?.Source.startsWith("aws.")) return "EventBridgeParameters.Source must not begin with aws.";
  if (target.DeadLetterConfig?.Arn !== undefined && ARN.exec(target.DeadLetterConfig.Arn)?.[1] !== "sqs") {
    return "DeadLetterConfig.Arn must be the ARN of an SQS queue.";
  }
  if (input !== undefined && (service === "lambda" || service === "events") && !isJson(input)) {
    return "Input must be valid JSON.";
  }
  return undefined;
}

function universalRefusal(operation: string, input: string | undefined, place: Place): string | undefined {
  if (!isServed(operation)) return `The universal target ${operation} is not served by this region.`;
  try {
    universalMessages(operation, input ?? "{}", place);
    return undefined;
  } catch (error) {
    return `The input is no request of ${operation}: ${(error as Error).message}.`;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
