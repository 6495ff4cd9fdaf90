/**
 * Messages in a standard and a FIFO queue, worked on by functions, while the region is killed (`kill -9`) at random moments.
 * What was accepted must be worked on; what comes of a group must never come before what was sent to it earlier.
 *
 *   node test/e2e/sqs-soak.ts 20     so many rounds, each with a region and kills of its own
 */
import { CreateEventSourceMappingCommand, GetEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { createQueue, QUEUE_ARN, sqsClient } from "../api/sqs/sqs.ts";
import { TestRegion } from "../test-region.ts";
import { deployRecorder, Recorder } from "./async-fixture.ts";
import { missing, reordered, type Send, type SoakPlan, SoakSender, untilDone } from "./soak-sender.ts";

export interface SqsSoakFigures {
  readonly accepted: number;
  /** Accepted and never worked on. */
  readonly lost: number;
  /** Worked on before something that was sent to the group earlier. */
  readonly reordered: number;
  readonly twice: number;
}

export async function sqsSoak(plan: SoakPlan): Promise<SqsSoakFigures> {
  const region = await TestRegion.start();
  try {
    const plain = new Recorder(region, "plain");
    const ordered = new Recorder(region, "ordered");
    await mapped(region, "soak", plain);
    await mapped(region, "soak.fifo", ordered);
    const sender = new SoakSender((...sent) => send(region, ...sent));
    await sender.runThrough(plan, region);
    const plainBodies = () => bodiesOf(plain);
    const orderedBodies = () => bodiesOf(ordered);
    await untilDone(() => missing(sender.plain, plainBodies()) + missing(sender.ordered, orderedBodies()) === 0);
    const all = [...plainBodies(), ...orderedBodies()];
    return {
      accepted: sender.plain.length + sender.ordered.length,
      lost: missing(sender.plain, plainBodies()) + missing(sender.ordered, orderedBodies()),
      reordered: reordered(sender.ordered, orderedBodies()),
      twice: all.length - new Set(all).size,
    };
  } finally {
    await region.stop();
  }
}

async function send(region: TestRegion, ...[queue, MessageBody, group]: Parameters<Send>): Promise<void> {
  const sqs = sqsClient(region);
  const QueueUrl = `${region.url}/000000000000/${queue}`;
  try {
    const order = group !== undefined && { MessageGroupId: group };
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...order }));
  } finally {
    sqs.destroy();
  }
}

async function mapped(region: TestRegion, queue: string, recorder: Recorder): Promise<void> {
  const worker = await deployRecorder(region, recorder, "", { Timeout: 1 });
  const isFifo = queue.endsWith(".fifo");
  const attributes = { VisibilityTimeout: "1", ...(isFifo && { ContentBasedDeduplication: "true" }) };
  await createQueue(sqsClient(region), queue, attributes);
  const { UUID } = await region.lambda.send(
    new CreateEventSourceMappingCommand({ FunctionName: worker, EventSourceArn: QUEUE_ARN + queue }),
  );
  while ((await region.lambda.send(new GetEventSourceMappingCommand({ UUID }))).State !== "Enabled");
}

const bodiesOf = (recorder: Recorder): string[] =>
  recorder.notes.flatMap(({ event }) => event.Records.map(({ body }: { body: string }) => body));

if (import.meta.main) {
  const rounds = Number(process.argv[2] ?? 20);
  for (let round = 1; round <= rounds; round++) {
    const figures = await sqsSoak({ kills: 3, longestMs: 1500 });
    console.log(`round ${round}: ${JSON.stringify(figures)}`);
    if (figures.lost > 0 || figures.reordered > 0) process.exitCode = 1;
  }
}
