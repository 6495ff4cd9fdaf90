/** For tests: queues on a file of their own, with a clock that the test moves. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NewMessage } from "./message.ts";
import { md5OfText } from "./message-digest.ts";
import type { Queue } from "./queue.ts";
import { QueueEngine, type Receiving } from "./queue-engine.ts";
import { DEFAULTS, FIFO_DEFAULTS } from "./queue-rules.ts";
import { type Receipt, readReceiptHandle } from "./receipt-handle.ts";

export class TestQueues implements AsyncDisposable {
  nowMs = 1_700_000_000_000;
  engine!: QueueEngine;
  readonly #directory = mkdtempSync(join(tmpdir(), "alonzo-sqs-"));
  readonly #mostInFlight: number | undefined;
  #messages = 0;

  private constructor(mostInFlight: number | undefined) {
    this.#mostInFlight = mostInFlight;
  }

  static async open(mostInFlight?: number): Promise<TestQueues> {
    const queues = new TestQueues(mostInFlight);
    await queues.reopen();
    return queues;
  }

  /** As after the process was killed: nothing is written down on the way out. */
  async reopen(): Promise<void> {
    this.engine?.close();
    this.engine = await QueueEngine.open({
      file: join(this.#directory, "sqs.sqlite"),
      clock: { now: () => this.nowMs },
      arnOf: (name) => `arn:aws:sqs:us-east-1:000000000000:${name}`,
      ...(this.#mostInFlight !== undefined && { mostInFlight: this.#mostInFlight }),
    });
  }

  async create(name: string, attributes: Readonly<Record<string, string>> = {}): Promise<Queue> {
    const { queue } = await this.engine.create({
      name,
      attributes: { ...DEFAULTS, ...(name.endsWith(".fifo") && FIFO_DEFAULTS), ...attributes },
      tags: {},
      createdMs: this.nowMs,
      lastModifiedMs: this.nowMs,
      secret: name,
    });
    return queue;
  }

  find(name: string): Queue {
    return this.engine.book.find(name) as Queue;
  }

  message(body: string, more: Partial<NewMessage["about"]> = {}, delayMs?: number): NewMessage {
    const messageId = `m${this.#messages++}`;
    return {
      body,
      about: { messageId, md5OfBody: md5OfText(body), senderId: "test", ...more },
      ...(delayMs !== undefined && { delayMs }),
    };
  }

  /** To a group, deduplicated by its body unless told otherwise. */
  grouped(groupId: string, body: string, deduplicationId = body): NewMessage {
    return this.message(body, { groupId, deduplicationId });
  }

  send(queue: Queue, ...bodies: readonly string[]) {
    return this.engine.send(
      queue,
      bodies.map((body) => this.message(body)),
    );
  }

  receive(queue: Queue, more: Partial<Receiving> = {}) {
    return this.engine.receive(queue, { limit: 10, waitMs: 0, visibilityMs: 30_000, ...more });
  }

  async bodies(queue: Queue, more: Partial<Receiving> = {}): Promise<string[]> {
    return (await this.receive(queue, more)).map(({ body }) => body);
  }

  receipt(queue: Queue, { receiptHandle }: { readonly receiptHandle: string }): Receipt {
    return readReceiptHandle(queue.definition.secret, receiptHandle) as Receipt;
  }

  delete(queue: Queue, ...messages: readonly { readonly receiptHandle: string }[]): Promise<boolean[]> {
    return this.engine.delete(
      queue,
      messages.map((message) => this.receipt(queue, message)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.engine.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
