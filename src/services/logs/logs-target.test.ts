import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { TargetRefusal } from "../../invocation/targets.ts";
import { createLog } from "../../observability/log.ts";
import { LogStore } from "../../observability/log-store.ts";
import { LogGroupsTable } from "./log-groups-table.ts";
import { LogStreamsTable } from "./log-streams-table.ts";
import { LogsDatabase } from "./logs-database.ts";
import { LogsTarget } from "./logs-target.ts";
import { ResourcePolicies } from "./resource-policies-table.ts";
import { Retention } from "./retention.ts";

const directory = await mkdtemp(join(tmpdir(), "alonzo-logs-service-"));
after(() => rm(directory, { recursive: true, force: true }));

const DAY_MS = 86_400_000;
const PLACE = { region: "us-east-1", accountId: "000000000000" };
const GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:/events";
const SENDER = {
  principal: "events.amazonaws.com",
  arn: "arn:aws:events:us-east-1:000000000000:rule/r",
  accountId: "000000000000",
};
let files = 0;

async function parts(nowMs = Date.now()) {
  const log = createLog(() => {});
  const database = await LogsDatabase.open(join(directory, `${++files}.sqlite`));
  after(() => database.close());
  const clock = { nowMs, now: () => clock.nowMs };
  const store = new LogStore(join(directory, `logs-${files}`), log);
  const groups = new LogGroupsTable(database);
  const streams = new LogStreamsTable(database);
  store.onWritten((...written) => streams.note(...written));
  const group = { name: "/events", createdMs: 1, class: "STANDARD", isProtected: false, tags: {} };
  assert.ok(await groups.create(group));
  return { log, clock, store, groups, streams, place: PLACE, policies: new ResourcePolicies(database, clock) };
}

async function messages(store: LogStore): Promise<(readonly [number, string])[]> {
  const found: (readonly [number, string])[] = [];
  for await (const events of store.read("/events")) {
    found.push(...events.map(({ timestamp, message }) => [timestamp, message] as const));
  }
  return found;
}

test("a rule writes to a log group when a resource policy lets it", async () => {
  const { clock, store, policies, ...more } = await parts(5000);
  const target = new LogsTarget({ clock, store, policies, ...more });
  const send = (text: string, arn = `${GROUP}:*`) =>
    target.deliver(arn, { body: Buffer.from(text), traceId: "Root=1-0-0", sender: SENDER });
  const refusal = (code: string) => (error: Error) => error instanceof TargetRefusal && error.code === code;
  await assert.rejects(send("{}"), refusal("NO_PERMISSIONS"));
  const statement = {
    Effect: "Allow",
    Principal: { Service: "events.amazonaws.com" },
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: `${GROUP}:*`,
    Condition: { ArnEquals: { "aws:SourceArn": SENDER.arn } },
  };
  await policies.put("rules", JSON.stringify({ Version: "2012-10-17", Statement: [statement] }));
  await send('{"detail":{}}');
  await send('{"timestamp":4000,"message":"made by a transformer"}', GROUP);
  assert.deepEqual(await messages(store), [
    [5000, '{"detail":{}}'],
    [4000, "made by a transformer"],
  ]);
  assert.equal(more.streams.list("/events", { byTime: false, isDescending: false, limit: 9 }).length, 1);
  await assert.rejects(send("{}", `${GROUP}/other`), refusal("RESOURCE_NOT_FOUND"));
  await assert.rejects(send("{}", GROUP.replace("us-east-1", "eu-west-1")), refusal("RESOURCE_NOT_FOUND"));
});

test("streams of functions come into being by what is written, and are found again after a crash", async () => {
  const { store, streams, groups } = await parts();
  store.stream("/aws/lambda/f", "one").append(1000, "a");
  store.stream("/aws/lambda/f", "one").append(3000, "b");
  await store.flush();
  // As a crash leaves it: nothing of what was noted was put down.
  streams.forget("/aws/lambda/f");
  assert.equal(groups.find("/aws/lambda/f"), undefined);
  await streams.recover(store);
  assert.equal(groups.find("/aws/lambda/f")?.createdMs, 1000);
  assert.deepEqual(streams.find("/aws/lambda/f", "one"), {
    name: "one",
    createdMs: 1000,
    firstMs: 1000,
    lastMs: 3000,
    ingestionMs: 3000,
  });
});

test("retention deletes events, and streams of functions of which nothing is left", async () => {
  const { log, clock, store, groups, streams } = await parts(100 * DAY_MS);
  await groups.update("/events", { retentionDays: 3 });
  await streams.create("/events", "put", clock.nowMs);
  await store.accept("/events", "put", [{ timestamp: 98 * DAY_MS, message: "put" }], clock.nowMs);
  store.stream("/events", "environment").append(98 * DAY_MS, "function");
  await store.flush();
  const retention = new Retention({ clock, store, groups, streams }, log);
  await retention.run();
  assert.equal((await messages(store)).length, 2);
  clock.nowMs += 2 * DAY_MS;
  await retention.run();
  assert.deepEqual(await messages(store), []);
  assert.equal(await store.bytesOf("/events"), 0);
  const left = streams.list("/events", { byTime: false, isDescending: false, limit: 9 });
  assert.deepEqual(
    left.map(({ name }) => name),
    ["put"],
  );
});
