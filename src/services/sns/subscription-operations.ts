/** Subscriptions: made, confirmed, shown, changed, ended. */

import { newTraceId } from "../../invocation/trace-id.ts";
import { newHexId, newUuid } from "../../state/ids.ts";
import type { CallContext } from "../../wire/service.ts";
import type { SnsMessage } from "./message.ts";
import { pageOf } from "./page.ts";
import type { Chain } from "./publisher.ts";
import { invalid } from "./refusal.ts";
import type { SnsContext, SnsHandlers } from "./sns-api.ts";
import { checkSubscriptionAttributes, subscriptionAttributes } from "./subscription-attributes.ts";
import {
  type Attributes,
  isPending,
  type Protocol,
  type Subscription,
  type SubscriptionDefinition,
  type Topic,
} from "./topic.ts";
import { findTopic } from "./topic-operations.ts";
import { requireNotDenied } from "./topic-policy.ts";

const ENDPOINTS: Readonly<Record<Protocol, RegExp>> = {
  http: /^http:\/\/[^\s/]+/,
  https: /^https:\/\/[^\s/]+/,
  lambda: /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(?::[A-Za-z0-9_$-]+)?$/,
  sqs: /^arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+(?:\.fifo)?$/,
};
/** Those that AWS has, and that nothing on one machine delivers to. */
const ELSEWHERE = new Set(["application", "email", "email-json", "firehose", "sms"]);
const REASONS: Readonly<Record<Protocol, string>> = {
  http: "Endpoint must match the specified protocol",
  https: "Endpoint must match the specified protocol",
  lambda: "Lambda endpoint ARN",
  sqs: "SQS endpoint ARN",
};

export function subscriptionHandlers(context: SnsContext) {
  const { book, publisher, clock, fail, place } = context;

  return {
    async Subscribe(input, call) {
      const topic = findTopic(context, input.TopicArn);
      requireNotDenied(fail, topic, place, "Subscribe", call.principal);
      const { protocol, endpoint } = checkEndpoint(topic, input.Protocol, input.Endpoint);
      const attributes = (input.Attributes ?? {}) as Attributes;
      checkSubscriptionAttributes(fail, attributes, attributes, protocol, topic.isFifo);
      const known = book
        .subscriptions(topic)
        .find(({ definition: one }) => one.protocol === protocol && one.endpoint === endpoint);
      if (known && !isPending(known)) {
        const current = subscriptionAttributes(context, known);
        if (Object.entries(attributes).some(([name, value]) => current[name] !== value)) {
          invalid(fail, "Attributes Reason: Subscription already exists with different attributes");
        }
        return { SubscriptionArn: known.definition.arn };
      }
      const isHttp = protocol === "http" || protocol === "https";
      const subscription = known ?? (await create(topic, { protocol, endpoint, attributes, isHttp }, call));
      if (known) await book.changeSubscription(known, (before) => again(before, attributes, call));
      if (!isHttp) return { SubscriptionArn: subscription.definition.arn };
      if (known) await resendConfirmation(known);
      const shown = input.ReturnSubscriptionArn === true ? subscription.definition.arn : "pending confirmation";
      return { SubscriptionArn: shown };
    },

    async ConfirmSubscription(input, { principal }) {
      const topic = findTopic(context, input.TopicArn);
      const subscription = book
        .subscriptions(topic)
        .find(({ definition }) => input.Token === (definition.token ?? definition.usedToken));
      if (subscription === undefined) return fail("InvalidParameterException", "Invalid token");
      const { arn } = subscription.definition;
      if (!isPending(subscription)) return { SubscriptionArn: arn };
      const isAuthenticated = principal.kind !== "anonymous" && input.AuthenticateOnUnsubscribe === "true";
      await book.changeSubscription(subscription, ({ token, ...before }) => ({
        ...before,
        ...(token !== undefined && { usedToken: token }),
        ...(isAuthenticated && { isAuthenticated }),
      }));
      return { SubscriptionArn: arn };
    },

    async Unsubscribe({ SubscriptionArn: arn }, { principal }) {
      if (arn.split(":").length < 6) {
        invalid(fail, `SubscriptionArn Reason: An ARN must have at least 6 elements, not ${arn.split(":").length}`);
      }
      const subscription = book.subscription(arn);
      if (subscription === undefined) return {};
      if (principal.kind === "anonymous" && subscription.definition.isAuthenticated) {
        fail("AuthorizationErrorException", "Unsubscribe requires authentication for this subscription");
      }
      if (isPending(subscription)) invalid(fail, "This subscription is pending confirmation");
      await book.deleteSubscription(subscription);
      return {};
    },

    GetSubscriptionAttributes({ SubscriptionArn: arn }) {
      return { Attributes: subscriptionAttributes(context, find(arn)) };
    },

    async SetSubscriptionAttributes({ SubscriptionArn: arn, AttributeName: name, AttributeValue: value = "" }) {
      const subscription = find(arn);
      const { definition, topic } = subscription;
      const all = { ...definition.attributes, [name]: value };
      checkSubscriptionAttributes(fail, { [name]: value }, all, definition.protocol, topic.isFifo);
      await book.changeSubscription(subscription, (before) => {
        const { [name]: _, ...others } = before.attributes;
        return { ...before, attributes: value === "" ? others : { ...others, [name]: value } };
      });
      return {};
    },

    ListSubscriptions({ NextToken: token }) {
      return page(book.subscriptions(), token);
    },

    ListSubscriptionsByTopic({ TopicArn: arn, NextToken: token }, { principal }) {
      const topic = findTopic(context, arn);
      requireNotDenied(fail, topic, place, "ListSubscriptionsByTopic", principal);
      return page(book.subscriptions(topic), token);
    },
  } satisfies SnsHandlers;

  function find(arn: string): Subscription {
    const parts = arn.split(":").length;
    if (parts < 6) invalid(fail, `SubscriptionArn Reason: An ARN must have at least 6 elements, not ${parts}`);
    return book.subscription(arn) ?? fail("NotFoundException", "Subscription does not exist");
  }

  function page(subscriptions: readonly Subscription[], token: string | undefined) {
    const keyOf = ({ id }: Subscription): string => String(id).padStart(16, "0");
    const { items, ...more } = pageOf(fail, subscriptions, keyOf, token);
    const shown = items.map((subscription) => ({
      SubscriptionArn: isPending(subscription) ? "PendingConfirmation" : subscription.definition.arn,
      Owner: place.accountId,
      Protocol: subscription.definition.protocol,
      Endpoint: subscription.definition.endpoint,
      TopicArn: subscription.topic.arn,
    }));
    return { Subscriptions: shown, ...more };
  }

  /** @throws ServiceError */
  function checkEndpoint(topic: Topic, given: string, endpoint = ""): { protocol: Protocol; endpoint: string } {
    if (ELSEWHERE.has(given)) invalid(fail, `Amazon SNS does not deliver to ${given} in this region`);
    if (!Object.hasOwn(ENDPOINTS, given)) invalid(fail, `Amazon SNS does not support this protocol string: ${given}`);
    const protocol = given as Protocol;
    if (!ENDPOINTS[protocol].test(endpoint)) invalid(fail, REASONS[protocol]);
    if (protocol.startsWith("http") && !URL.canParse(endpoint)) invalid(fail, REASONS[protocol]);
    if (topic.isFifo && protocol !== "sqs")
      invalid(fail, "Protocol Reason: FIFO SNS Topics can only be subscribed to by SQS queues");
    if (!topic.isFifo && endpoint.endsWith(".fifo") && protocol === "sqs") {
      invalid(fail, "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics");
    }
    return { protocol, endpoint };
  }

  async function create(
    topic: Topic,
    wanted: { protocol: Protocol; endpoint: string; attributes: Attributes; isHttp: boolean },
    call: CallContext,
  ): Promise<Subscription> {
    const { protocol, endpoint, attributes, isHttp } = wanted;
    const chains: Chain[] = [];
    const subscription = await book.createSubscription(
      topic,
      {
        arn: `${topic.arn}:${newUuid()}`,
        protocol,
        endpoint,
        attributes,
        ...(isHttp && { token: newHexId(64) }),
        ...(isHttp && call.principal.kind !== "administrator" && { isOutside: true as const }),
        regionUrl: call.endpoint,
        createdMs: clock.now(),
      },
      (made) => {
        if (isHttp) chains.push(publisher.add(made, confirmationOf(made)));
      },
    );
    publisher.deliver(chains);
    return subscription;
  }

  /** Asked for once more before it is confirmed. The administrator answers for endpoints on this machine. */
  function again({ isOutside, ...before }: SubscriptionDefinition, attributes: Attributes, { principal }: CallContext) {
    const stays = isOutside && principal.kind !== "administrator";
    return { ...before, attributes, ...(stays && { isOutside }) };
  }

  async function resendConfirmation(subscription: Subscription): Promise<void> {
    await book.changeSubscription(subscription, (before) => {
      publisher.add(subscription, confirmationOf(subscription));
      return before;
    });
    publisher.deliver([{ subscriptionId: subscription.id, name: "" }]);
  }

  function confirmationOf({ topic, definition }: Subscription): SnsMessage {
    const now = clock.now();
    const text = `You have chosen to subscribe to the topic ${topic.arn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`;
    return {
      messageId: newUuid(),
      kind: "SubscriptionConfirmation",
      topicArn: topic.arn,
      bodies: { default: text },
      attributes: {},
      timestamp: new Date(now).toISOString(),
      traceId: newTraceId(now),
      ...(definition.token !== undefined && { token: definition.token }),
    };
  }
}
