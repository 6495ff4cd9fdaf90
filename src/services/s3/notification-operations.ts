/** A bucket's notification configuration: destinations are asked before they are kept, queues and topics by a test event. */
import { parseFunctionName } from "../../functions/function-name.ts";
import type { LambdaTarget } from "../../invocation/lambda-target.ts";
import { TargetRefusal, type Targets } from "../../invocation/targets.ts";
import { newTraceId } from "../../invocation/trace-id.ts";
import type { Clock } from "../../state/clock.ts";
import {
  type NotificationRule,
  type Notifications,
  readNotifications,
  shownNotifications,
} from "./notification-rules.ts";
import { bucketArn, MAIL_SUBJECT } from "./object-event.ts";
import type { ObjectStore } from "./object-store.ts";
import type { CallContext, S3Handlers } from "./s3-api.ts";
import { refuse } from "./s3-errors.ts";

export interface NotificationOptions {
  readonly store: ObjectStore;
  readonly targets: Targets;
  readonly lambda: Pick<LambdaTarget, "allows">;
  readonly clock: Clock;
}

export function notificationHandlers({ store, targets, lambda, clock }: NotificationOptions) {
  const { buckets } = store;

  /** @returns why it cannot be a destination */
  async function trouble(bucket: string, rule: NotificationRule, context: CallContext): Promise<string | undefined> {
    const sender = { principal: "s3.amazonaws.com", arn: bucketArn(bucket), accountId: context.accountId };
    if (rule.kind === "function" && !targets.isElsewhere(rule.arn)) {
      const { name, qualifier, region, accountId } = parseFunctionName(rule.arn) ?? {};
      const isOurs = region === context.region && accountId === context.accountId;
      const isAllowed = name !== undefined && isOurs && (await lambda.allows(name, qualifier, sender));
      return isAllowed ? undefined : "Not authorized to invoke function";
    }
    try {
      const body = Buffer.from(JSON.stringify(testEvent(bucket, context)));
      await targets.deliver(rule.arn, {
        body,
        subject: MAIL_SUBJECT,
        traceId: context.traceId ?? newTraceId(clock.now()),
        sender,
      });
      return undefined;
    } catch (error) {
      if (!(error instanceof TargetRefusal)) throw error;
      const isMissing = error.code === "RESOURCE_NOT_FOUND";
      return isMissing
        ? `The destination ${rule.kind} does not exist`
        : `Permissions on the destination ${rule.kind} do not allow S3 to publish notifications from this bucket`;
    }
  }

  function testEvent(bucket: string, { requestId }: CallContext) {
    return {
      Service: "Amazon S3",
      Event: "s3:TestEvent",
      Time: new Date(clock.now()).toISOString(),
      Bucket: bucket,
      RequestId: requestId,
      HostId: Buffer.from(requestId).toString("base64"),
    };
  }

  return {
    GetBucketNotificationConfiguration(input) {
      const notifications = buckets.get(input.Bucket).settings.notification as Notifications | undefined;
      return notifications === undefined ? {} : shownNotifications(notifications);
    },

    async PutBucketNotificationConfiguration(input, context) {
      buckets.get(input.Bucket);
      const notifications = readNotifications(input.NotificationConfiguration);
      if (!input.SkipDestinationValidation) {
        const troubles = await Promise.all(
          notifications.rules.map(async (rule) => ({ rule, text: await trouble(input.Bucket, rule, context) })),
        );
        const failed = troubles.filter(({ text }) => text !== undefined);
        if (failed.length > 0) {
          const told = failed.flatMap(({ rule, text }, index) => [
            [`ArgumentName${index + 1}`, `${rule.arn}, null`],
            [`ArgumentValue${index + 1}`, text ?? ""],
          ]);
          refuse("InvalidArgument", {
            message: "Unable to validate the following destination configurations",
            members: Object.fromEntries(told),
          });
        }
      }
      const isNone = notifications.rules.length === 0 && !notifications.eventBridge;
      await buckets.set(input.Bucket, "notification", isNone ? undefined : notifications);
      return {};
    },
  } satisfies S3Handlers;
}
