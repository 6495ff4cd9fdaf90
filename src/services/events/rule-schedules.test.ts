import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Tick } from "../../invocation/outbox/outbox.ts";
import { Documents } from "../../state/documents.ts";
import { EventBook, type Rule } from "./event-book.ts";
import { Names } from "./names.ts";
import { EventRouter } from "./router.ts";
import { ruleTicks } from "./rule-schedules.ts";

const PLACE = { region: "us-east-1", accountId: "000000000000" };
const SCHEDULED_MS = Date.parse("2026-05-04T03:00:00Z");

const RULE: Rule = {
  bus: "default",
  name: "hourly",
  state: "ENABLED",
  scheduleExpression: "cron(0 * * * ? *)",
  targets: [{ Id: "1", Arn: "arn:aws:sqs:us-east-1:000000000000:ticks" }],
  revision: "r",
  anchorMs: SCHEDULED_MS - 1,
};

/** What a tick puts into the outbox: how many messages, and when the next tick is due. */
async function fired(lateMs: number): Promise<{ readonly messages: number; readonly next: string[] }> {
  const directory = await mkdtemp(join(tmpdir(), "alonzo-rule-"));
  const documents = await Documents.open(join(directory, "bus.sqlite"));
  try {
    const book = new EventBook(documents);
    await book.putRule(RULE);
    const names = new Names(PLACE);
    const clock = { now: () => SCHEDULED_MS + lateMs };
    const router = new EventRouter({ book, names, accountId: PLACE.accountId, clock });
    const tick: Tick = { name: "default/hourly", revision: "r", scheduledMs: SCHEDULED_MS };
    const entries = await ruleTicks({ book, names, router, clock, place: PLACE })(tick);
    const next = entries.filter(({ lane }) => lane === "ticks");
    return {
      messages: entries.length - next.length,
      next: next.map(({ dueMs }) => new Date(dueMs).toISOString()),
    };
  } finally {
    await documents.close();
    await rm(directory, { recursive: true, force: true });
  }
}

test("a rule's tick fires within its minute, and makes the next one due", async () => {
  assert.deepEqual(await fired(0), { messages: 1, next: ["2026-05-04T04:00:00.000Z"] });
  assert.deepEqual(await fired(59_999), { messages: 1, next: ["2026-05-04T04:00:00.000Z"] });
});

test("a tick that was missed by more than its minute is not caught up on: the next that is to come fires", async () => {
  assert.deepEqual(await fired(60_000), { messages: 0, next: ["2026-05-04T04:00:00.000Z"] });
  assert.deepEqual(await fired(5 * 3_600_000 + 1), { messages: 0, next: ["2026-05-04T09:00:00.000Z"] });
});
