/** How queues are named: names, ARNs, URLs. */
import { type Place, partitionOf } from "../../functions/function-name.ts";
import type { Queue } from "./queue.ts";
import type { SqsContext } from "./sqs-api.ts";

const STANDARD_NAME = /^[a-zA-Z0-9_-]{1,80}$/;
const FIFO_NAME = /^[a-zA-Z0-9_-]{1,75}\.fifo$/;

export const isStandardName = (name: string): boolean => STANDARD_NAME.test(name);
export const isFifoName = (name: string): boolean => FIFO_NAME.test(name);

export function queueArn({ region, accountId }: Place, name: string): string {
  return `arn:${partitionOf(region)}:sqs:${region}:${accountId}:${name}`;
}

/** The name of the queue of this region and account that the ARN means, whether there is one or not. */
export function queueNameOf(place: Place, arn: string): string | undefined {
  const name = arn.split(":")[5];
  return name !== undefined && arn === queueArn(place, name) ? name : undefined;
}

/** @param endpoint http://host:port as whoever asks has reached the region */
export function queueUrl(endpoint: string, { accountId }: Place, name: string): string {
  return `${endpoint}/${accountId}/${name}`;
}

/** Only the end of its path counts: URLs may name AWS, or the region by any of its addresses. @throws ServiceError */
export function queueOfUrl({ engine, place, fail }: SqsContext, url: string | undefined): Queue {
  if (!url) return fail("MissingParameter", "The request must contain the parameter QueueUrl.");
  const [, accountId, name = ""] = /^(?:https?:\/\/[^/?#]+)?\/?(?:.*\/)?(\d{12})\/([^/?#]+)\/?$/.exec(url) ?? [];
  if (accountId === undefined) return fail("InvalidAddress", `The address ${url} is not valid for this endpoint.`);
  return (accountId === place.accountId ? engine.book.find(name) : undefined) ?? noSuchQueue(fail);
}

export function noSuchQueue(fail: SqsContext["fail"]): never {
  return fail("QueueDoesNotExist", "The specified queue does not exist.");
}
