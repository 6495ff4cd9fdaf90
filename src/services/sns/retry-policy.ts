/** When a delivery that failed is tried again: phases without a delay, with the least, growing, and with the longest. */
import { invalid, type SnsFail } from "./refusal.ts";
import type { Attributes } from "./topic.ts";

export interface RetryPolicy {
  /** seconds */
  readonly minDelayTarget: number;
  readonly maxDelayTarget: number;
  /** Of all phases together. */
  readonly numRetries: number;
  readonly numNoDelayRetries: number;
  readonly numMinDelayRetries: number;
  readonly numMaxDelayRetries: number;
  readonly backoffFunction: string;
}

/** To Lambda and SQS: 23 days (SNS's guide, "Message delivery retries"). */
export const MANAGED_RETRIES: RetryPolicy = {
  minDelayTarget: 1,
  maxDelayTarget: 20,
  numRetries: 100_015,
  numNoDelayRetries: 3,
  numMinDelayRetries: 2,
  numMaxDelayRetries: 100_000,
  backoffFunction: "exponential",
};

/** To HTTP endpoints, unless the topic or the subscription says otherwise. */
const HTTP_RETRIES: RetryPolicy = {
  minDelayTarget: 20,
  maxDelayTarget: 20,
  numRetries: 3,
  numNoDelayRetries: 0,
  numMinDelayRetries: 0,
  numMaxDelayRetries: 0,
  backoffFunction: "linear",
};

const FUNCTIONS: readonly string[] = ["arithmetic", "exponential", "geometric", "linear"];

interface TopicPolicy {
  readonly http?: {
    readonly defaultHealthyRetryPolicy?: Partial<RetryPolicy>;
    readonly disableSubscriptionOverrides?: boolean;
    readonly defaultRequestPolicy?: { readonly headerContentType?: string };
  };
}

interface SubscriptionPolicy {
  readonly healthyRetryPolicy?: Partial<RetryPolicy> | null;
  readonly requestPolicy?: { readonly headerContentType?: string } | null;
}

const DEFAULT_CONTENT_TYPE = "text/plain; charset=UTF-8";

export interface HttpPolicy {
  readonly retries: RetryPolicy;
  readonly contentType: string;
}

export function httpPolicy(topic: Attributes, subscription: Attributes): HttpPolicy {
  const { http = {} } = parsed<TopicPolicy>(topic.DeliveryPolicy) ?? {};
  const own = http.disableSubscriptionOverrides ? undefined : parsed<SubscriptionPolicy>(subscription.DeliveryPolicy);
  return {
    retries: { ...HTTP_RETRIES, ...http.defaultHealthyRetryPolicy, ...own?.healthyRetryPolicy },
    contentType:
      own?.requestPolicy?.headerContentType ?? http.defaultRequestPolicy?.headerContentType ?? DEFAULT_CONTENT_TYPE,
  };
}

/** As GetTopicAttributes shows it. */
export function effectiveTopicPolicy(attributes: Attributes): string {
  const { http = {} } = parsed<TopicPolicy>(attributes.DeliveryPolicy) ?? {};
  return JSON.stringify({
    http: {
      defaultHealthyRetryPolicy: { ...HTTP_RETRIES, ...http.defaultHealthyRetryPolicy },
      disableSubscriptionOverrides: http.disableSubscriptionOverrides ?? false,
      defaultRequestPolicy: { headerContentType: DEFAULT_CONTENT_TYPE, ...http.defaultRequestPolicy },
    },
  });
}

/** @param tries how often it was tried, from 1 @returns ms, or undefined when it is given up */
export function delayAfterMs(policy: RetryPolicy, tries: number): number | undefined {
  const { numRetries, numNoDelayRetries, numMinDelayRetries, numMaxDelayRetries } = policy;
  const { minDelayTarget, maxDelayTarget, backoffFunction } = policy;
  if (tries > numRetries) return undefined;
  if (tries <= numNoDelayRetries) return 0;
  const growing = numRetries - numNoDelayRetries - numMinDelayRetries - numMaxDelayRetries;
  const n = tries - numNoDelayRetries - numMinDelayRetries;
  if (n <= 0) return minDelayTarget * 1000;
  if (n > growing) return maxDelayTarget * 1000;
  const part = growing <= 1 ? 0 : (n - 1) / (growing - 1);
  return Math.round((minDelayTarget + (maxDelayTarget - minDelayTarget) * grown(backoffFunction, part)) * 1000);
}

/** How far the delay has grown, both from 0 to 1. */
function grown(name: string, part: number): number {
  if (name === "arithmetic") return part * part;
  if (name === "exponential") return (Math.exp(part) - 1) / (Math.E - 1);
  if (name === "geometric") return 2 ** part - 1;
  return part;
}

/** @throws ServiceError @param text of the topic's attribute, or of the subscription's */
export function checkDeliveryPolicy(fail: SnsFail, text: string, of: "topic" | "subscription"): void {
  if (text === "") return;
  const policy = parsed<TopicPolicy & SubscriptionPolicy>(text);
  if (policy === undefined) return invalid(fail, "DeliveryPolicy: failed to parse JSON.");
  const given = of === "topic" ? policy.http?.defaultHealthyRetryPolicy : policy.healthyRetryPolicy;
  const retries = { ...HTTP_RETRIES, ...given };
  const { minDelayTarget, maxDelayTarget, numRetries, backoffFunction } = retries;
  const refuse = (what: string): never => invalid(fail, `DeliveryPolicy: ${what}`);
  for (const [name, value] of Object.entries(retries)) {
    if (name !== "backoffFunction" && !(Number.isInteger(value) && (value as number) >= 0)) {
      refuse(`${name} must be a whole number`);
    }
  }
  if (minDelayTarget < 1 || minDelayTarget > 3600) refuse("minDelayTarget must be between 1 and 3600");
  if (maxDelayTarget < minDelayTarget || maxDelayTarget > 3600) {
    refuse("maxDelayTarget must be between minDelayTarget and 3600");
  }
  if (numRetries > 100) refuse("numRetries must be less than or equal to 100");
  const phases = retries.numNoDelayRetries + retries.numMinDelayRetries + retries.numMaxDelayRetries;
  if (phases > numRetries) refuse("numRetries must be greater than or equal to the retries of all phases");
  if (!FUNCTIONS.includes(backoffFunction)) refuse(`backoffFunction must be one of ${FUNCTIONS.join(", ")}`);
}

function parsed<T>(text: string | undefined): T | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}
