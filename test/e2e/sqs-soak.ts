/**
 * Messages in a standard and a FIFO queue, worked on by functions, while the region is killed (`kill -9`) at random moments.
 * What was accepted must be worked on; what comes of a group must never come before what was sent to it earlier.
 *
 *   node test/e2e/sqs-soak.ts 20     so many rounds, each with a region and kills of its own
 */
import { setTimeout as delay } from "node:timers/promises";
import { CreateEventSourceMappingCommand, GetEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { createQueue, QUEUE_ARN, sqsClient } from "../api/sqs/sqs.ts";
import { TestRegion } from "../test-region.ts";
import { deployRecorder, Recorder } from "./async-fixture.ts";

export const GROUPS = ["a", "b", "c"];

export interface SoakPlan {
  readonly kills: number;
  /** Until the next kill, at most. */
  readonly longestMs: number;
}

export interface SqsSoakFigures {
  readonly accepted: number;
  /** Accepted and never worked on. */
  readonly lost: number;
  /** Worked on before something that was sent to the group earlier. */
  readonly reordered: number;
  readonly twice: number;
}

export async function sqsSoak({ kills, longestMs }: SoakPlan): Promise<SqsSoakFigures> {
  const region = await TestRegion.start();
  try {
    const plain = new Recorder(region, "plain");
    const ordered = new Recorder(region, "ordered");
    await mapped(region, "soak", plain);
    await mapped(region, "soak.fifo", ordered);
    const sender = new Sender(region);
    const sending = sender.run();
    for (let kill = 0; kill < kills; kill++) {
      await delay(Math.random() * longestMs);
      await region.kill();
      await region.startAgain();
    }
    sender.stop();
    await sending;
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

class Sender {
  /** Bodies that were accepted, in the order in which they were. */
  readonly plain: string[] = [];
  readonly ordered: string[] = [];
  readonly #region: TestRegion;
  #isStopped = false;

  constructor(region: TestRegion) {
    this.#region = region;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async run(): Promise<void> {
    await Promise.all([this.#runPlain(), ...GROUPS.map((group) => this.#runGroup(group))]);
  }

  async #runPlain(): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      // Whether one that was not answered has come does not matter.
      if (await this.#send("soak", { MessageBody: `p${number}` })) this.plain.push(`p${number}`);
    }
  }

  async #runGroup(group: string): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      const MessageBody = `${group}${number}`;
      // Sent again until it is answered: the queue knows that it has come already.
      while (!(await this.#send("soak.fifo", { MessageBody, MessageGroupId: group })));
      this.ordered.push(MessageBody);
    }
  }

  async #send(queue: string, more: { MessageBody: string; MessageGroupId?: string }): Promise<boolean> {
    const sqs: SQSClient = sqsClient(this.#region);
    try {
      await sqs.send(new SendMessageCommand({ QueueUrl: `${this.#region.url}/000000000000/${queue}`, ...more }));
      return true;
    } catch {
      await delay(20);
      return false;
    } finally {
      sqs.destroy();
    }
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

export function missing(accepted: readonly string[], seen: readonly string[]): number {
  const known = new Set(seen);
  return accepted.filter((body) => !known.has(body)).length;
}

/** Bodies that came for the first time though one before them, of the same group, had not come yet. */
export function reordered(accepted: readonly string[], seen: readonly string[]): number {
  let count = 0;
  for (const group of GROUPS) {
    const sent = accepted.filter((body) => body.startsWith(group));
    const firsts = [...new Set(seen.filter((body) => body.startsWith(group)))];
    // What was not answered any more when the sending ended stands behind.
    count += sent.filter((body, index) => firsts[index] !== body).length;
  }
  return count;
}

export async function untilDone(isDone: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  while (!isDone() && performance.now() < giveUpAt) await delay(50);
}

if (import.meta.main) {
  const rounds = Number(process.argv[2] ?? 20);
  for (let round = 1; round <= rounds; round++) {
    const figures = await sqsSoak({ kills: 3, longestMs: 1500 });
    console.log(`round ${round}: ${JSON.stringify(figures)}`);
    if (figures.lost > 0 || figures.reordered > 0) process.exitCode = 1;
  }
}
