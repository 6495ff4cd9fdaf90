/**
 * Senders and receivers of messages, run in a process of its own: each worker sends a batch, receives one and deletes what
 * it received, again and again. Reads one SqsOrder as an IPC message, answers with one SqsTurn.
 */
import type { Target } from "../src/cli/client.ts";
import { sqsClient } from "./sqs-client.ts";

export interface SqsOrder {
  readonly target: Target;
  readonly queue: string;
  /** Messages of a request; 1: by the operations for one. */
  readonly batch: number;
  readonly workers: number;
  readonly durationMs: number;
}

export interface SqsTurn {
  /** That were sent, received and deleted. */
  readonly messages: number;
  readonly elapsedMs: number;
}

const BODY = "x".repeat(1000);

async function load({ target, queue, batch, workers, durationMs }: SqsOrder): Promise<SqsTurn> {
  const client = sqsClient(target);
  const { QueueUrl } = await client.call("CreateQueue", { QueueName: queue });
  const numbers = Array.from({ length: batch }, (_, index) => `${index}`);
  const started = performance.now();
  let messages = 0;
  const worker = async () => {
    while (performance.now() < started + durationMs) {
      if (batch === 1) await client.call("SendMessage", { QueueUrl, MessageBody: BODY });
      else {
        const Entries = numbers.map((Id) => ({ Id, MessageBody: BODY }));
        await client.call("SendMessageBatch", { QueueUrl, Entries });
      }
      const input = { QueueUrl, MaxNumberOfMessages: batch };
      const { Messages: received = [] } = await client.call("ReceiveMessage", input);
      const handles = (received as { ReceiptHandle: string }[]).map(({ ReceiptHandle }) => ReceiptHandle);
      if (batch === 1) {
        for (const ReceiptHandle of handles) await client.call("DeleteMessage", { QueueUrl, ReceiptHandle });
      } else if (handles.length > 0) {
        const Entries = handles.map((ReceiptHandle, index) => ({ Id: `${index}`, ReceiptHandle }));
        await client.call("DeleteMessageBatch", { QueueUrl, Entries });
      }
      messages += handles.length;
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  const elapsedMs = performance.now() - started;
  client.close();
  return { messages, elapsedMs };
}

process.once("message", (order: SqsOrder) => {
  load(order).then(
    (turn) => process.send?.(turn, () => process.exit(0)),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
});
