import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Log } from "../../observability/log.ts";
import type { NewEntry } from "../../state/queue.ts";
import { type Delivery, type Target, TargetRefusal } from "../targets.ts";
import { type OnTick, Outbox, tickEntry } from "./outbox.ts";
import { newOutgoing, type OutgoingMessage } from "./outgoing-message.ts";

const QUEUE = "arn:aws:sqs:us-east-1:000000000000:letters";
const TARGET = "arn:aws:lambda:us-east-1:000000000000:function:f";
const RULE = "arn:aws:events:us-east-1:000000000000:rule/r";
const SILENT = { debug() {}, info() {}, warn() {}, error() {} } as unknown as Log;

/** An outbox on a clock that the test moves, and targets that it plays. */
class PlayedOutbox implements AsyncDisposable {
  nowMs = 1_700_000_000_000;
  readonly sent: { readonly arn: string; readonly body: string; readonly delivery: Delivery }[] = [];
  /** What delivering to the target does; nothing: it takes everything. */
  trouble: (() => void) | undefined;
  onTick: OnTick = () => [];
  readonly #directory = mkdtempSync(join(tmpdir(), "outbox-"));
  #outbox: Outbox | undefined;

  async open(): Promise<Outbox> {
    const targets: Target = {
      deliver: async (arn, delivery) => {
        if (arn === TARGET) this.trouble?.();
        this.sent.push({ arn, body: delivery.body.toString(), delivery });
      },
    };
    this.#outbox = await Outbox.open({
      file: join(this.#directory, "outbox.sqlite"),
      clock: { now: () => this.nowMs },
      log: SILENT,
      onTick: (tick) => this.onTick(tick),
      targets,
    });
    this.#outbox.start();
    await this.rest();
    return this.#outbox;
  }

  async close(): Promise<void> {
    await this.#outbox?.close();
  }

  async reopen(): Promise<Outbox> {
    await this.close();
    return this.open();
  }

  /** Everything that is due is done. */
  async rest(): Promise<void> {
    this.#outbox?.wake();
    do await new Promise(setImmediate);
    while (!this.#outbox?.isResting);
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    await this.rest();
  }

  message(more: Partial<OutgoingMessage> = {}): NewEntry {
    return newOutgoing(
      {
        arn: TARGET,
        sender: { principal: "events.amazonaws.com", arn: RULE, accountId: "000000000000" },
        traceId: "Root=1-0-0",
        retry: { maximumAttempts: 185, maximumAgeSeconds: 86_400 },
        sinceMs: this.nowMs,
        ...more,
      },
      Buffer.from('{"n":1}'),
      "key",
    );
  }

  get letters(): Delivery[] {
    return this.sent.filter(({ arn }) => arn === QUEUE).map(({ delivery }) => delivery);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    rmSync(this.#directory, { recursive: true });
  }
}

const values = (delivery: Delivery | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(delivery?.attributes ?? {}).map(([name, { value }]) => [name, value]));

const deadLetter = { arn: QUEUE, attributes: { RULE_ARN: { type: "String", value: RULE } } } as const;

test("a message that fails is tried again, later each time, also by the next life of the region", async () => {
  await using played = new PlayedOutbox();
  const outbox = await played.open();
  let tries = 0;
  played.trouble = () => {
    tries += 1;
    if (tries < 4) throw new Error("not now");
  };
  await outbox.put([played.message()]);
  await played.rest();
  assert.equal(tries, 1);
  await played.pass(999);
  assert.equal(tries, 1);
  await played.pass(1001);
  assert.equal(tries, 2);
  await played.reopen();
  await played.pass(2000);
  assert.equal(tries, 3);
  await played.pass(8000);
  assert.equal(tries, 4);
  assert.deepEqual(
    played.sent.map(({ body }) => body),
    ['{"n":1}'],
  );
});

test("after its tries a message goes to the dead-letter queue, with AWS's attributes and the body that is meant", async () => {
  await using played = new PlayedOutbox();
  const outbox = await played.open();
  played.trouble = () => {
    throw new Error("never");
  };
  const body = Buffer.from('{"event":true}').toString("base64");
  const retry = { maximumAttempts: 1, maximumAgeSeconds: 60 };
  await outbox.put([played.message({ retry, deadLetter: { ...deadLetter, body } })]);
  await played.rest();
  await played.pass(5000);
  assert.equal(played.letters[0]?.body.toString(), '{"event":true}');
  assert.deepEqual(values(played.letters[0]), {
    RULE_ARN: RULE,
    TARGET_ARN: TARGET,
    ERROR_CODE: "INTERNAL_ERROR",
    ERROR_MESSAGE: "never",
    EXHAUSTED_RETRY_CONDITION: "MaximumRetryAttempts",
    RETRY_ATTEMPTS: "1",
  });
});

test("a message that grows too old is given up", async () => {
  await using played = new PlayedOutbox();
  const outbox = await played.open();
  played.trouble = () => {
    throw new Error("never");
  };
  await outbox.put([played.message({ retry: { maximumAttempts: 185, maximumAgeSeconds: 60 }, deadLetter })]);
  for (let seconds = 0; seconds < 120; seconds += 10) await played.pass(10_000);
  assert.equal(values(played.letters[0]).EXHAUSTED_RETRY_CONDITION, "MaximumEventAgeInSeconds");
});

test("what will never be taken is not tried again", async () => {
  await using played = new PlayedOutbox();
  const outbox = await played.open();
  let tries = 0;
  played.trouble = () => {
    tries += 1;
    throw new TargetRefusal("no such function", "RESOURCE_NOT_FOUND");
  };
  await outbox.put([played.message({ deadLetter })]);
  await played.rest();
  assert.equal(tries, 1);
  const { ERROR_CODE, RETRY_ATTEMPTS, EXHAUSTED_RETRY_CONDITION } = values(played.letters[0]);
  assert.deepEqual([ERROR_CODE, RETRY_ATTEMPTS, EXHAUSTED_RETRY_CONDITION], ["RESOURCE_NOT_FOUND", "0", undefined]);
});

test("a tick fires once, and the next is due, whatever lives the region has", async () => {
  await using played = new PlayedOutbox();
  const fired: number[] = [];
  played.onTick = (tick) => {
    fired.push(tick.scheduledMs);
    return [played.message(), tickEntry({ ...tick, scheduledMs: tick.scheduledMs + 60_000 })];
  };
  const outbox = await played.open();
  const startMs = played.nowMs;
  await outbox.put([tickEntry({ name: "t", revision: "1", scheduledMs: startMs + 60_000 })]);
  await played.pass(59_999);
  assert.deepEqual(fired, []);
  await played.pass(1);
  await played.reopen();
  await played.rest();
  assert.deepEqual(fired, [startMs + 60_000]);
  await played.close();
  played.nowMs += 60_000;
  await played.open();
  await played.rest();
  assert.deepEqual(fired, [startMs + 60_000, startMs + 120_000]);
  assert.equal(played.sent.length, 2);
});
