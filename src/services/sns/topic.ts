/** Topics and subscriptions as they are kept, and how they are named. */
import { type Place, partitionOf } from "../../functions/function-name.ts";
import type { FilterPolicy } from "./filter-policy.ts";

export type Attributes = Readonly<Record<string, string>>;

export interface TopicDefinition {
  readonly name: string;
  /** Those that were set; not those that are counted or defaults. */
  readonly attributes: Attributes;
  readonly tags: Attributes;
  readonly subscriptionsDeleted: number;
}

export interface Topic {
  readonly id: number;
  readonly arn: string;
  readonly isFifo: boolean;
  definition: TopicDefinition;
}

export type Protocol = "http" | "https" | "lambda" | "sqs";

export interface SubscriptionDefinition {
  readonly arn: string;
  readonly protocol: Protocol;
  readonly endpoint: string;
  readonly attributes: Attributes;
  /** Absent once it is confirmed. */
  readonly token?: string;
  /** With which it was: whoever confirms again is answered as before. */
  readonly usedToken?: string;
  /** Whoever unsubscribes must have signed. */
  readonly isAuthenticated?: true;
  /** An execution role made it: its endpoint must not be on this machine. */
  readonly isOutside?: true;
  /** http://host:port as the subscriber reached the region: the base of the URLs in messages to it. */
  readonly regionUrl: string;
  /** unix ms */
  readonly createdMs: number;
}

export interface Subscription {
  readonly id: number;
  readonly topic: Topic;
  definition: SubscriptionDefinition;
  /** Read from the attributes, once; undefined when everything is let through. */
  filter: FilterPolicy | undefined;
}

export function topicArn({ region, accountId }: Place, name: string): string {
  return `arn:${partitionOf(region)}:sns:${region}:${accountId}:${name}`;
}

export const isPending = ({ definition }: Subscription): boolean => definition.token !== undefined;
