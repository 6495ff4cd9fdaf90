/** The attributes of subscriptions: which there are, what they may be, and what follows from where they belong. */
import { checkFilterPolicy, checkFilterPolicyScope } from "./filter-policy.ts";
import { invalid, type SnsFail } from "./refusal.ts";
import { checkDeliveryPolicy, httpPolicy } from "./retry-policy.ts";
import type { SnsContext } from "./sns-api.ts";
import { type Attributes, isPending, type Protocol, type Subscription } from "./topic.ts";

const QUEUE_ARN = /^arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,80}$/;
const RAW_PROTOCOLS: ReadonlySet<Protocol> = new Set(["http", "https", "sqs"]);

/** @param all with those that were set before: some make sense only together @throws ServiceError */
export function checkSubscriptionAttributes(
  fail: SnsFail,
  given: Attributes,
  all: Attributes,
  protocol: Protocol,
  isFifo: boolean,
): void {
  for (const [name, value] of Object.entries(given)) checkOne(fail, name, value, all, protocol, isFifo);
}

function checkOne(
  fail: SnsFail,
  name: string,
  value: string,
  all: Attributes,
  protocol: Protocol,
  isFifo: boolean,
): void {
  switch (name) {
    case "DeliveryPolicy":
      return checkDeliveryPolicy(fail, value, "subscription");
    case "FilterPolicy":
      return checkFilterPolicy(fail, value, all.FilterPolicyScope);
    case "FilterPolicyScope":
      checkFilterPolicyScope(fail, value);
      return checkFilterPolicy(fail, all.FilterPolicy ?? "", value);
    case "RawMessageDelivery":
      if (value !== "true" && value !== "false") {
        invalid(fail, `Attributes Reason: RawMessageDelivery: Invalid value [${value}]. Must be true or false.`);
      }
      if (value === "true" && !RAW_PROTOCOLS.has(protocol)) {
        invalid(fail, `Delivery protocol [${protocol}] does not support raw message delivery.`);
      }
      return;
    case "RedrivePolicy":
      return checkRedrivePolicy(fail, value, isFifo);
    default:
      return invalid(fail, "AttributeName");
  }
}

function checkRedrivePolicy(fail: SnsFail, text: string, isFifo: boolean): void {
  if (text === "") return;
  let arn: unknown;
  try {
    arn = JSON.parse(text)?.deadLetterTargetArn;
  } catch {
    invalid(fail, "RedrivePolicy: failed to parse JSON.");
  }
  if (typeof arn !== "string" || !QUEUE_ARN.test(arn)) {
    invalid(fail, "RedrivePolicy: deadLetterTargetArn is an invalid arn");
  }
  if (isFifo !== String(arn).endsWith(".fifo") && isFifo) {
    invalid(fail, "RedrivePolicy: must use a FIFO queue as DLQ for a FIFO topic");
  }
}

export function subscriptionAttributes({ place }: SnsContext, subscription: Subscription): Attributes {
  const { definition, topic } = subscription;
  const isHttp = definition.protocol.startsWith("http");
  const { retries, contentType } = httpPolicy(topic.definition.attributes, definition.attributes);
  const effective = { healthyRetryPolicy: retries, requestPolicy: { headerContentType: contentType } };
  return {
    RawMessageDelivery: "false",
    ...definition.attributes,
    ...(definition.attributes.FilterPolicy && {
      FilterPolicyScope: definition.attributes.FilterPolicyScope ?? "MessageAttributes",
    }),
    ...(isHttp && { EffectiveDeliveryPolicy: JSON.stringify(effective) }),
    SubscriptionArn: definition.arn,
    TopicArn: topic.arn,
    Protocol: definition.protocol,
    Endpoint: definition.endpoint,
    Owner: place.accountId,
    SubscriptionPrincipal: `arn:aws:iam::${place.accountId}:root`,
    PendingConfirmation: String(isPending(subscription)),
    ConfirmationWasAuthenticated: String(definition.isAuthenticated ?? !isHttp),
  };
}
