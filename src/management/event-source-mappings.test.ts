import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventSourceMapping, MappingState } from "../functions/event-source-mapping.ts";
import { EventSourceMappings } from "../functions/event-source-mappings.ts";
import { openDatabase } from "../state/database.ts";
import { failFor } from "../wire/fail.ts";
import { loadModel } from "../wire/model.ts";
import { ServiceError } from "../wire/service-error.ts";
import { eventSourceMappingHandlers } from "./event-source-mappings.ts";
import type { CallContext, Lambda, ManagementContext } from "./lambda-api.ts";

const CALL = { region: "us-east-1", accountId: "000000000000" } as CallContext;
const UUID = "4b1d6cb2-1f2e-4f3c-9b0a-1c2d3e4f5a6b";
const MAPPING: EventSourceMapping = {
  id: UUID,
  kind: "sqs",
  sourceArn: "arn:aws:sqs:us-east-1:000000000000:queue",
  functionName: "f",
  isEnabled: true,
  settings: { batchSize: 10, filters: ['{"body":["a"]}'] },
  state: "Enabled",
  stateTransitionReason: "USER_INITIATED",
  lastModifiedMs: 1,
  tags: {},
};

/** The handlers over one mapping, whose next state never comes. */
async function handlersOver(mapping: EventSourceMapping) {
  const mappings = await EventSourceMappings.open(openDatabase(":memory:"));
  await mappings.create(mapping);
  return eventSourceMappingHandlers({
    mappings,
    mappingLifecycle: { start: () => {} },
    fail: failFor<Lambda>(loadModel<Lambda>("lambda")),
    clock: { now: () => 2 },
  } as unknown as ManagementContext);
}

async function inUse(call: Promise<unknown>, message: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof ServiceError);
    assert.deepEqual([error.code, error.status, error.message], ["ResourceInUseException", 400, message]);
    return true;
  });
}

test("a mapping under way to another state can neither be changed nor deleted", async () => {
  for (const state of ["Creating", "Enabling", "Disabling", "Updating", "Deleting"] satisfies MappingState[]) {
    const handlers = await handlersOver({ ...MAPPING, state });
    await inUse(
      handlers.UpdateEventSourceMapping({ UUID, BatchSize: 5 }, CALL),
      "Cannot update the event source mapping because it is in use.",
    );
    await inUse(
      handlers.DeleteEventSourceMapping({ UUID }, CALL),
      "Cannot delete the event source mapping because it is in use.",
    );
    assert.equal((await handlers.GetEventSourceMapping({ UUID }, CALL)).BatchSize, 10);
  }
});

test("encrypted filters are shown to who asks for the mapping, and not in lists", async () => {
  const open = await handlersOver(MAPPING);
  const [listed] = (await open.ListEventSourceMappings({}, CALL)).EventSourceMappings;
  assert.equal(listed?.FilterCriteria?.Filters?.length, 1);
  const kmsKeyArn = "arn:aws:kms:us-east-1:000000000000:key/k";
  const closed = await handlersOver({ ...MAPPING, settings: { ...MAPPING.settings, kmsKeyArn } });
  const [hidden] = (await closed.ListEventSourceMappings({}, CALL)).EventSourceMappings;
  assert.deepEqual([hidden?.FilterCriteria, hidden?.KMSKeyArn], [undefined, kmsKeyArn]);
  assert.equal((await closed.GetEventSourceMapping({ UUID }, CALL)).FilterCriteria?.Filters?.length, 1);
});
