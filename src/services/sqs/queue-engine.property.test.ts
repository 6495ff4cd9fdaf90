/** The queues against a model that is too simple to be wrong: lists in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ReceivedMessage } from "./message.ts";
import type { Queue } from "./queue.ts";
import { TestQueues } from "./test-queues.ts";

const VISIBILITY_MS = 30_000;
const RETENTION_MS = 600_000;
const MOST_RECEIPTS = 3;

interface ModelMessage {
  readonly body: string;
  readonly group: string;
  readonly sentMs: number;
  visibleMs: number;
  isInFlight: boolean;
  receives: number;
}

/** What SQS promises of one queue, and of its dead letters. */
class Model {
  messages: ModelMessage[] = [];
  dead: string[] = [];
  readonly #isFifo: boolean;
  readonly #remembered = new Map<string, number>();

  constructor(isFifo: boolean) {
    this.#isFifo = isFifo;
  }

  send(body: string, group: string, delayMs: number, nowMs: number): void {
    if (this.#isFifo) {
      if ((this.#remembered.get(body) ?? 0) > nowMs) return;
      this.#remembered.set(body, nowMs + 300_000);
    }
    this.messages.push({ body, group, sentMs: nowMs, visibleMs: nowMs + delayMs, isInFlight: false, receives: 0 });
  }

  settle(nowMs: number): void {
    this.messages = this.messages.filter(({ sentMs }) => sentMs + RETENTION_MS > nowMs);
    for (const message of this.messages) if (message.visibleMs <= nowMs) message.isInFlight = false;
  }

  receive(limit: number, nowMs: number): string[] {
    this.settle(nowMs);
    const taken: ModelMessage[] = [];
    let group: string | undefined;
    for (;;) {
      // As many of the same group as there are, then of the next (developer guide, "FIFO delivery logic").
      const next = this.#next(taken, nowMs, group) ?? this.#next(taken, nowMs);
      if (!next || taken.length >= limit) break;
      group = this.#isFifo ? next.group : undefined;
      if (next.receives >= MOST_RECEIPTS) {
        this.messages.splice(this.messages.indexOf(next), 1);
        this.dead.push(next.body);
        continue;
      }
      next.receives += 1;
      next.isInFlight = true;
      next.visibleMs = nowMs + VISIBILITY_MS;
      taken.push(next);
    }
    return taken.map(({ body }) => body);
  }

  /** Whether the receipt counts, as the queue tells it. */
  delete({ body, receiveCount }: ReceivedMessage, nowMs: number): boolean {
    this.settle(nowMs);
    const index = this.messages.findIndex((message) => message.body === body);
    const message = this.messages[index];
    if (!message) return true;
    if (this.#isFifo && (!message.isInFlight || message.receives !== receiveCount)) return false;
    if (message.receives === receiveCount) this.messages.splice(index, 1);
    return true;
  }

  counts(nowMs: number): readonly number[] {
    this.settle(nowMs);
    const hidden = this.messages.filter(({ visibleMs }) => visibleMs > nowMs);
    const inFlight = hidden.filter(({ isInFlight }) => isInFlight).length;
    return [this.messages.length - hidden.length, inFlight, hidden.length - inFlight];
  }

  #next(taken: readonly ModelMessage[], nowMs: number, group?: string): ModelMessage | undefined {
    return this.messages.find((message, index) => {
      if (message.visibleMs > nowMs || (group !== undefined && message.group !== group)) return false;
      if (!this.#isFifo) return true;
      const others = this.messages.filter((other) => other.group === message.group && other !== message);
      const isHeldUp = others.some((other) => other.isInFlight && !taken.includes(other));
      const isFirst = this.messages
        .slice(0, index)
        .every((other) => other.group !== message.group || taken.includes(other));
      return !isHeldUp && isFirst;
    });
  }
}

const step = fc.oneof(
  fc.record({
    kind: fc.constant("send" as const),
    number: fc.integer({ min: 0, max: 9 }),
    group: fc.constantFrom("a", "b", "c"),
    delaySeconds: fc.constantFrom(0, 0, 5),
  }),
  fc.record({ kind: fc.constant("receive" as const), limit: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ kind: fc.constant("delete" as const), receipt: fc.nat(30) }),
  fc.record({ kind: fc.constant("wait" as const), seconds: fc.constantFrom(1, 5, 30, 31, 299, 300) }),
  fc.record({ kind: fc.constant("crash" as const) }),
);

for (const name of ["q", "q.fifo"]) {
  const isFifo = name === "q.fifo";
  test(`a ${isFifo ? "FIFO" : "standard"} queue does what its model does, over crashes too`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        await using queues = await TestQueues.open();
        const dead = isFifo ? "dead.fifo" : "dead";
        await queues.create(dead, { MessageRetentionPeriod: "1209600" });
        const redrive = {
          deadLetterTargetArn: `arn:aws:sqs:us-east-1:000000000000:${dead}`,
          maxReceiveCount: MOST_RECEIPTS,
        };
        await queues.create(name, {
          MessageRetentionPeriod: String(RETENTION_MS / 1000),
          RedrivePolicy: JSON.stringify(redrive),
        });
        const model = new Model(isFifo);
        const receipts: ReceivedMessage[] = [];
        const queue = (): Queue => queues.find(name);
        let sent = 0;
        for (const { kind, ...input } of steps) {
          const {
            number = 0,
            group = "",
            delaySeconds = 0,
            limit = 0,
            receipt = 0,
            seconds = 0,
          } = input as {
            readonly [key: string]: number;
          } & { readonly group?: string };
          if (kind === "send") {
            // Bodies of a standard queue are all different, those of a FIFO queue repeat.
            const body = isFifo ? `${group}${number}` : `${sent++}`;
            const delayMs = isFifo ? 0 : delaySeconds * 1000;
            const about = isFifo ? { groupId: group, deduplicationId: body } : {};
            await queues.engine.send(queue(), [queues.message(body, about, delayMs)]);
            model.send(body, group, delayMs, queues.nowMs);
          } else if (kind === "receive") {
            const messages = await queues.receive(queue(), { limit, visibilityMs: VISIBILITY_MS });
            const expected = model.receive(limit, queues.nowMs);
            assert.deepEqual(messages.map(({ body }) => body).toSorted(), expected.toSorted());
            receipts.push(...messages);
          } else if (kind === "delete") {
            const message = receipts[receipt % receipts.length];
            if (!message) continue;
            const [isDone] = await queues.delete(queue(), message);
            // A FIFO queue that has another message of the same body would be another story.
            if (!isFifo) assert.equal(isDone, model.delete(message, queues.nowMs));
            else if (isDone) model.delete(message, queues.nowMs);
          } else if (kind === "wait") queues.nowMs += seconds * 1000;
          else await queues.reopen();
          const { ready, inFlight, delayed } = await queues.engine.count(queue());
          assert.deepEqual([ready, inFlight, delayed], model.counts(queues.nowMs));
        }
        const letters = await queues.receive(queues.find(dead), { limit: 10 });
        for (const { body } of letters) assert.ok(model.dead.includes(body));
      }),
      { numRuns: 40 },
    );
  });
}
