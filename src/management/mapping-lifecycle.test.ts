import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventSourceMapping } from "../functions/event-source-mapping.ts";
import { EventSourceMappings } from "../functions/event-source-mappings.ts";
import { openDatabase } from "../state/database.ts";
import { MappingLifecycle, type Pollers, type Polling } from "./mapping-lifecycle.ts";

const MAPPING: EventSourceMapping = {
  id: "1",
  kind: "sqs",
  sourceArn: "arn:aws:sqs:us-east-1:000000000000:queue",
  functionName: "f",
  isEnabled: true,
  settings: { batchSize: 10 },
  state: "Creating",
  stateTransitionReason: "USER_INITIATED",
  lastModifiedMs: 1,
  tags: {},
};

/** A lifecycle whose pollers write down what they are told. */
async function setUp(polling: () => Promise<Polling> = async () => ({ ok: true })) {
  const mappings = await EventSourceMappings.open(openDatabase(":memory:"));
  const calls: string[] = [];
  const faults: string[] = [];
  const pollers: Pollers = {
    refusal: async () => undefined,
    begin: ({ id }) => {
      calls.push(`begin ${id}`);
      return polling();
    },
    end: async (id) => void calls.push(`end ${id}`),
  };
  const start = () =>
    new MappingLifecycle({
      mappings,
      pollers,
      onFault: (error) => faults.push(String(error)),
      pause: () => new Promise((resolve) => setImmediate(resolve)),
    });
  return { mappings, calls, faults, start };
}

test("a mapping is Enabled when something polls for it", async () => {
  const { mappings, calls, start } = await setUp();
  await mappings.create(MAPPING);
  const lifecycle = start();
  lifecycle.start(MAPPING);
  await lifecycle.settled();
  assert.deepEqual(await mappings.get("1"), { ...MAPPING, state: "Enabled" });
  assert.deepEqual(calls, ["begin 1"]);
});

test("a mapping that is as it was is not written again when the region starts", async (context) => {
  const { mappings, calls, start } = await setUp();
  const enabled: EventSourceMapping = { ...MAPPING, state: "Enabled" };
  await mappings.create(enabled);
  const kept: boolean[] = [];
  const change = mappings.change.bind(mappings);
  context.mock.method(mappings, "change", async (...input: Parameters<typeof change>) => {
    const changed = await change(...input);
    kept.push(changed !== undefined && changed.after === changed.before);
    return changed;
  });
  const lifecycle = start();
  await lifecycle.resume();
  await lifecycle.settled();
  assert.deepEqual([calls, kept], [["begin 1"], [true]]);
});

test("a mapping is Disabled when nothing can poll for it, and taken up when something can", async () => {
  let answer: Polling = { ok: false, reason: "No." };
  const { mappings, start } = await setUp(async () => answer);
  await mappings.create(MAPPING);
  const lifecycle = start();
  lifecycle.start(MAPPING);
  await lifecycle.settled();
  assert.deepEqual(await mappings.get("1"), { ...MAPPING, state: "Disabled", stateTransitionReason: "No." });
  answer = { ok: true };
  const next = start();
  await next.resume();
  await next.settled();
  assert.deepEqual(await mappings.get("1"), { ...MAPPING, state: "Enabled" });
});

test("what is unfinished when a region ends is taken up by the next", async () => {
  const { mappings, calls, start } = await setUp();
  await mappings.create(MAPPING);
  await mappings.create({ ...MAPPING, id: "2", functionName: "g", state: "Deleting" });
  await mappings.create({ ...MAPPING, id: "3", functionName: "h", state: "Disabling", isEnabled: false });
  await mappings.create({ ...MAPPING, id: "4", functionName: "i", state: "Disabled", isEnabled: false });
  const lifecycle = start();
  await lifecycle.resume();
  await lifecycle.settled();
  assert.deepEqual(
    (await mappings.all()).map(({ id, state }) => [id, state]),
    [
      ["1", "Enabled"],
      ["3", "Disabled"],
      ["4", "Disabled"],
    ],
  );
  assert.deepEqual(calls.toSorted(), ["begin 1", "end 2", "end 3"]);
});

test("pollers that break are asked again, and what changed meanwhile is not overwritten", async () => {
  let broken = 2;
  const { mappings, faults, start } = await setUp(async () => {
    if (broken-- > 0) throw new Error("no connection");
    await mappings.change("1", (before) => ({ ...before, state: "Updating", lastModifiedMs: 2 }));
    return { ok: true };
  });
  await mappings.create(MAPPING);
  const lifecycle = start();
  lifecycle.start(MAPPING);
  await lifecycle.settled();
  assert.deepEqual(faults, ["Error: no connection", "Error: no connection"]);
  assert.equal((await mappings.get("1"))?.state, "Updating");
});
