/**
 * Messages to a standard topic, which a queue and a function have subscribed to, and to a FIFO topic with a FIFO queue, while
 * the region is killed (`kill -9`) at random moments. What was accepted must come to each subscriber; what comes of a group
 * must never come before what was published to it earlier.
 *
 *   node test/e2e/sns-soak.ts 20     so many rounds, each with a region and kills of its own
 */
import { AddPermissionCommand } from "@aws-sdk/client-lambda";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { DeleteMessageBatchCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { createQueue, QUEUE_ARN, sqsClient } from "../api/sqs/sqs.ts";
import { TestRegion } from "../test-region.ts";
import { ARN, deployRecorder, Recorder } from "./async-fixture.ts";
import { missing, reordered, type Send, type SoakPlan, SoakSender, untilDone } from "./soak-sender.ts";

const TOPIC_ARN = "arn:aws:sns:us-east-1:000000000000:";

export interface SnsSoakFigures {
  readonly accepted: number;
  /** Accepted, and never seen by the queue, the function, the FIFO queue. */
  readonly lost: readonly [queue: number, worker: number, fifo: number];
  /** In the FIFO queue before something that was published to the group earlier. */
  readonly reordered: number;
  /** Deliveries more than one to each. */
  readonly twice: number;
}

export async function snsSoak(plan: SoakPlan): Promise<SnsSoakFigures> {
  const region = await TestRegion.start();
  try {
    const recorder = new Recorder(region, "notified");
    await subscribeAll(region, await deployRecorder(region, recorder));
    const publisher = new SoakSender((...sent) => publish(region, ...sent));
    await publisher.runThrough(plan, region);
    const { plain, ordered } = publisher;
    const inQueue = await drain(region, "soak", plain);
    const inFifo = await drain(region, "soak.fifo", ordered);
    const notified = () => recorder.notes.map(({ event }) => event.Records[0].Sns.Message as string);
    await untilDone(() => missing(plain, notified()) === 0);
    return {
      accepted: plain.length + ordered.length,
      lost: [missing(plain, inQueue), missing(plain, notified()), missing(ordered, inFifo)],
      reordered: reordered(ordered, inFifo),
      twice: [inQueue, notified(), inFifo].reduce((sum, seen) => sum + seen.length - new Set(seen).size, 0),
    };
  } finally {
    await region.stop();
  }
}

async function publish(region: TestRegion, ...[topic, Message, group]: Parameters<Send>): Promise<void> {
  const sns = snsClient(region);
  try {
    const order = group !== undefined && { MessageGroupId: group };
    await sns.send(new PublishCommand({ TopicArn: TOPIC_ARN + topic, Message, ...order }));
  } finally {
    sns.destroy();
  }
}

async function subscribeAll(region: TestRegion, worker: string): Promise<void> {
  const [sns, sqs] = [snsClient(region), sqsClient(region)];
  const permission = { FunctionName: worker, StatementId: "sns", Action: "lambda:InvokeFunction" };
  await region.lambda.send(new AddPermissionCommand({ ...permission, Principal: "sns.amazonaws.com" }));
  for (const name of ["soak", "soak.fifo"]) {
    const fifo = name.endsWith(".fifo") && { ContentBasedDeduplication: "true" };
    const Resource = QUEUE_ARN + name;
    const Statement = [{ Effect: "Allow", Principal: { Service: "sns.amazonaws.com" }, Action: "sqs:*", Resource }];
    await createQueue(sqs, name, { Policy: JSON.stringify({ Statement }), ...fifo });
    const Attributes = { ...fifo, ...(fifo && { FifoTopic: "true" }) };
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name, Attributes }));
    const raw = { RawMessageDelivery: "true" };
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: Resource, Attributes: raw }));
  }
  const Endpoint = ARN + worker;
  await sns.send(new SubscribeCommand({ TopicArn: `${TOPIC_ARN}soak`, Protocol: "lambda", Endpoint }));
  sns.destroy();
  sqs.destroy();
}

/** Bodies in the order in which they come, until all that are expected have come or nothing more comes. */
async function drain(region: TestRegion, queue: string, expected: readonly string[]): Promise<string[]> {
  const sqs = sqsClient(region);
  const QueueUrl = `${region.url}/000000000000/${queue}`;
  const bodies: string[] = [];
  try {
    for (;;) {
      // Long enough for a retry of what a crash has interrupted; short when all is there, and only doubles can come.
      const WaitTimeSeconds = missing(expected, bodies) > 0 ? 20 : 1;
      const receive = { QueueUrl, WaitTimeSeconds, MaxNumberOfMessages: 10 };
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(receive));
      if (Messages.length === 0) return bodies;
      bodies.push(...Messages.map(({ Body = "" }) => Body));
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
  } finally {
    sqs.destroy();
  }
}

function snsClient({ url }: TestRegion): SNSClient {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  return new SNSClient({ endpoint: url, region: "us-east-1", credentials, maxAttempts: 1 });
}

if (import.meta.main) {
  const rounds = Number(process.argv[2] ?? 20);
  for (let round = 1; round <= rounds; round++) {
    const figures = await snsSoak({ kills: 3, longestMs: 1500 });
    console.log(`round ${round}: ${JSON.stringify(figures)}`);
    if (figures.reordered > 0 || figures.lost.some((count) => count > 0)) process.exitCode = 1;
  }
}
