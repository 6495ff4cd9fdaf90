/** The SQS client of the AWS SDK on a test region, and queues for tests. */
import assert from "node:assert/strict";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  type QueueAttributeName,
  ReceiveMessageCommand,
  SQSClient,
  type SQSServiceException,
} from "@aws-sdk/client-sqs";
import type { TestRegion } from "../../test-region.ts";

export const QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:";

export function sqsClient(region: Pick<TestRegion, "url">): SQSClient {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  return new SQSClient({ endpoint: region.url, region: "us-east-1", credentials, maxAttempts: 1 });
}

/** @returns its URL */
export async function createQueue(
  sqs: SQSClient,
  QueueName: string,
  Attributes: Partial<Record<QueueAttributeName, string>> = {},
): Promise<string> {
  const isFifo = QueueName.endsWith(".fifo");
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName, Attributes: { ...(isFifo && { FifoQueue: "true" }), ...Attributes } }),
  );
  return QueueUrl ?? "";
}

export async function receive(sqs: SQSClient, QueueUrl: string, more: object = {}): Promise<Message[]> {
  const input = { QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ["All" as const], ...more };
  const { Messages } = await sqs.send(new ReceiveMessageCommand(input));
  return Messages ?? [];
}

/** Messages that are ready, in flight, delayed. */
export async function counts(sqs: SQSClient, QueueUrl: string): Promise<number[]> {
  const names = ["", "NotVisible", "Delayed"].map((name) => `ApproximateNumberOfMessages${name}` as QueueAttributeName);
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: names }));
  return names.map((name) => Number(Attributes?.[name]));
}

export async function refused(call: Promise<unknown>, code: string, message?: RegExp | string): Promise<void> {
  await assert.rejects(call, (error: SQSServiceException & { Code?: string; Error?: { Code?: string } }) => {
    const codes = [error.name, error.Code, error.Error?.Code];
    assert.ok(codes.includes(code), `${JSON.stringify(codes)} instead of ${code}: ${error.message}`);
    if (typeof message === "string") assert.equal(error.message, message);
    else if (message) assert.match(error.message, message);
    return true;
  });
}
