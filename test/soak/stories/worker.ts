/**
 * examples/sqs-worker: a worker on a queue names the messages that fail, which become dead letters; and the same worker on a
 * FIFO queue, whose groups must stay in order.
 */
import { readFile } from "node:fs/promises";
import { CreateEventSourceMappingCommand, GetEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import { GetQueueUrlCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { zipOf } from "../../api/lambda/zip.ts";
import { Recorder } from "../../e2e/async-fixture.ts";
import { QUEUE_ARN, type Stage } from "../stage.ts";
import type { Story } from "../story.ts";

const WORKER = new URL("../../../examples/sqs-worker/index.mjs", import.meta.url);

/** Crashes count as attempts, too: a message that nothing is wrong with must not run out of them. */
const ATTEMPTS = 6;

/** The example, around which stands what writes down which messages it has worked on: in a file, which outlives the region. */
const RECORDING = `
import { appendFileSync } from "node:fs";
import { handler as work } from "./worker.mjs";
export const handler = async (event) => {
  const answer = await work(event);
  const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  const done = event.Records.filter(({ messageId }) => !failed.has(messageId)).map(({ body }) => JSON.parse(body).order);
  appendFileSync(process.env.NOTES, JSON.stringify({ event: done }) + "\\n");
  return answer;
};`;

interface Order {
  readonly order: string;
}

export async function worker(stage: Stage): Promise<Story> {
  const plain = new Recorder(stage.region, "plain");
  const ordered = new Recorder(stage.region, "ordered");
  const dead = await stage.queue("orders-dead");
  const redrive = { deadLetterTargetArn: `${QUEUE_ARN}orders-dead`, maxReceiveCount: ATTEMPTS };
  await mapped(stage, "orders", plain, { RedrivePolicy: JSON.stringify(redrive) });
  await mapped(stage, "orders.fifo", ordered);
  const isPlain = (message: string) => message.startsWith("p");
  const letters = () => dead.told(({ order }: Order) => order);
  const done = async (recorder: Recorder) => recorder.notes.flatMap(({ event }) => event as string[]);
  return {
    groups: ["a", "b", "c"],
    paceMs: 0,
    async send(message, group) {
      const { sqs } = stage.clients;
      const name = group === undefined ? "orders" : "orders.fifo";
      const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: name }));
      const MessageBody = JSON.stringify({ order: message, amount: isBad(message) ? -1 : 12.5 });
      const order = group !== undefined && { MessageGroupId: group };
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...order }));
    },
    ends: {
      "worked on": { expects: (message) => isPlain(message) && !isBad(message), arrived: () => done(plain) },
      "dead letters": { expects: isBad, arrived: letters },
      "in groups": { expects: (message) => !isPlain(message), arrived: () => done(ordered), isOrdered: true },
    },
    wrongs: async () => ({ "good ones among dead letters": (await letters()).filter((one) => !isBad(one)).length }),
  };
}

/** Every tenth of those without a group. */
const isBad = (message: string): boolean => message.startsWith("p") && message.endsWith("0");

async function mapped(stage: Stage, queue: string, { file }: Recorder, attributes = {}): Promise<void> {
  await stage.queue(queue, { VisibilityTimeout: "1", ...attributes });
  const zip = zipOf({ "index.mjs": RECORDING, "worker.mjs": await readFile(WORKER, "utf8") });
  const more = { Timeout: 1, Environment: { Variables: { NOTES: file } } };
  const FunctionName = await stage.region.deploy({ runtime: "nodejs26.x", zip, more });
  const { lambda } = stage.region;
  const { UUID } = await lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName,
      EventSourceArn: QUEUE_ARN + queue,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    }),
  );
  while ((await lambda.send(new GetEventSourceMappingCommand({ UUID }))).State !== "Enabled");
}
