/** The attributes of topics: which there are, what they may be, and what is counted. */

import { invalid, type SnsFail } from "./refusal.ts";
import { checkDeliveryPolicy, effectiveTopicPolicy } from "./retry-policy.ts";
import type { SnsContext } from "./sns-api.ts";
import { type Attributes, isPending, type Topic } from "./topic.ts";
import { isPolicyDocument, policyOf } from "./topic-policy.ts";

const BOOLEAN = new Set(["true", "false"]);
/** Feedback of deliveries goes to CloudWatch Logs in AWS: kept, and without effect here. */
const FEEDBACK =
  /^(?:HTTP|SQS|Lambda|Firehose|Application)(?:SuccessFeedbackRoleArn|FailureFeedbackRoleArn|SuccessFeedbackSampleRate)$/;
const OF_FIFO = new Set(["ContentBasedDeduplication", "FifoThroughputScope", "FifoTopic"]);

type Check = (fail: SnsFail, value: string) => void;

const CHECKS: Readonly<Record<string, Check>> = {
  ContentBasedDeduplication: boolean("ContentBasedDeduplication"),
  DeliveryPolicy: (fail, value) => checkDeliveryPolicy(fail, value, "topic"),
  DisplayName: (fail, value) => {
    if (value.length > 100) invalid(fail, "DisplayName");
  },
  FifoThroughputScope: (fail, value) => {
    if (value !== "Topic" && value !== "MessageGroup") invalid(fail, "FifoThroughputScope");
  },
  FifoTopic: boolean("FifoTopic"),
  KmsMasterKeyId: () => {},
  Policy: (fail, value) => {
    if (!isPolicyDocument(value)) invalid(fail, "Policy failed to parse");
  },
  SignatureVersion: (fail, value) => {
    if (value !== "1" && value !== "2") invalid(fail, "SignatureVersion");
  },
  TracingConfig: (fail, value) => {
    if (value !== "Active" && value !== "PassThrough") invalid(fail, "TracingConfig");
  },
};

function boolean(name: string): Check {
  return (fail, value) => {
    if (!BOOLEAN.has(value)) invalid(fail, name);
  };
}

/** @throws ServiceError */
export function checkTopicAttribute(fail: SnsFail, name: string, value: string, isFifo: boolean): void {
  const check = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
  if (check === undefined && !FEEDBACK.test(name)) invalid(fail, "AttributeName");
  // FIFO topics are told by their name; that they are none may be said of the others.
  if (!isFifo && OF_FIFO.has(name) && name !== "FifoTopic")
    invalid(fail, `Attributes Reason: Unknown attribute ${name}`);
  check?.(fail, value);
}

export function topicAttributes({ book, place }: SnsContext, topic: Topic): Attributes {
  const subscriptions = book.subscriptions(topic);
  const pending = subscriptions.filter(isPending).length;
  const { attributes, subscriptionsDeleted } = topic.definition;
  return {
    DisplayName: "",
    ...attributes,
    ...(topic.isFifo && {
      ContentBasedDeduplication: attributes.ContentBasedDeduplication ?? "false",
      FifoThroughputScope: attributes.FifoThroughputScope ?? "Topic",
    }),
    TopicArn: topic.arn,
    Owner: place.accountId,
    Policy: attributes.Policy ?? JSON.stringify(policyOf(topic, place)),
    EffectiveDeliveryPolicy: effectiveTopicPolicy(attributes),
    SubscriptionsConfirmed: String(subscriptions.length - pending),
    SubscriptionsPending: String(pending),
    SubscriptionsDeleted: String(subscriptionsDeleted),
  };
}
