/** Event source mappings: their life, their names, what may exist once, lists. Their members: event-source-mapping-members. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  CreateAliasCommand,
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  type ListEventSourceMappingsCommandInput,
  ListTagsCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction } from "../api/lambda/given.ts";
import {
  createMapping,
  DATABASE,
  goneMapping,
  LEAST,
  QUEUE,
  STREAM,
  settledMapping,
  updateMapping,
} from "./mappings.ts";
import { Suite } from "./suite.ts";

const NOWHERE = {
  status: 404,
  name: "ResourceNotFoundException",
  message: "The resource you requested does not exist.",
};

describe("event source mappings", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const get = (UUID: string | undefined) => suite.lambda.send(new GetEventSourceMappingCommand({ UUID }));
  const list = (input: ListEventSourceMappingsCommandInput) =>
    suite.lambda.send(new ListEventSourceMappingsCommand(input));
  const remove = async (UUID: string | undefined) => {
    await settledMapping(suite, UUID);
    return suite.lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
  };
  const conflict = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 409, name: "ResourceConflictException", message });
  const invalid = (call: Promise<unknown>, message: string | RegExp) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });

  test("are Creating, then Enabled, or Disabled as asked", async () => {
    const name = await activeFunction(suite.region);
    const { $metadata, ...created } = await createMapping(suite, name, "sqs");
    assert.equal($metadata.httpStatusCode, 202);
    const { UUID: id, LastModified: modified, ...rest } = created;
    assert.match(id ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.ok(Math.abs(Date.now() - Number(modified)) < 60_000);
    assert.deepEqual(rest, {
      BatchSize: 10,
      EventSourceArn: QUEUE,
      EventSourceMappingArn: `arn:aws:lambda:us-east-1:000000000000:event-source-mapping:${id}`,
      FunctionArn: ARN + name,
      FunctionResponseTypes: [],
      MaximumBatchingWindowInSeconds: 0,
      State: "Creating",
      StateTransitionReason: "USER_INITIATED",
    });
    assert.deepEqual(await settledMapping(suite, id), {
      ...created,
      State: "Enabled",
    });
    const stream = await createMapping(suite, name, "kinesis", { Enabled: false });
    assert.deepEqual([stream.State, stream.StateTransitionReason], ["Creating", "User action"]);
    const { State: state, StateTransitionReason: reason } = await settledMapping(suite, stream.UUID);
    assert.deepEqual([state, reason], ["Disabled", "User action"]);
  });

  test("go through Enabling, Disabling and Updating, and are there after a crash", async () => {
    const name = await activeFunction(suite.region);
    const { UUID: id } = await createMapping(suite, name, "sqs", { Enabled: false });
    assert.equal((await updateMapping(suite, id, { BatchSize: 7 })).State, "Updating");
    assert.equal((await updateMapping(suite, id, { Enabled: true })).State, "Enabling");
    assert.equal((await updateMapping(suite, id, { Enabled: true })).State, "Updating");
    const disabling = await updateMapping(suite, id, { Enabled: false });
    assert.deepEqual([disabling.State, disabling.StateTransitionReason], ["Disabling", "USER_INITIATED"]);
    const before = await settledMapping(suite, id);
    await suite.restart();
    const { $metadata: _, ...kept } = await get(id);
    assert.deepEqual([kept, kept.BatchSize, kept.State], [before, 7, "Disabled"]);
  });

  test("what is promised settles after a crash as well", async () => {
    const name = await activeFunction(suite.region);
    const { UUID: staying } = await createMapping(suite, name, "sqs");
    const { UUID: going } = await createMapping(suite, name, "kinesis");
    await remove(going);
    await suite.restart();
    assert.equal((await settledMapping(suite, staying)).State, "Enabled");
    await goneMapping(suite, going);
  });

  test("are Deleting, then gone", async () => {
    const { UUID: id } = await createMapping(suite, await activeFunction(suite.region), "dynamodb");
    const { $metadata, State: state, UUID } = await remove(id);
    assert.deepEqual([$metadata.httpStatusCode, state, UUID], [202, "Deleting", id]);
    await goneMapping(suite, id);
    for (const UUID of [id, randomUUID(), "x".repeat(36)]) {
      await suite.refused(get(UUID), NOWHERE);
      await suite.refused(suite.lambda.send(new DeleteEventSourceMappingCommand({ UUID })), NOWHERE);
      await suite.refused(suite.lambda.send(new UpdateEventSourceMappingCommand({ UUID })), NOWHERE);
    }
    await suite.refused(get("x".repeat(35)), {
      status: 400,
      name: "ValidationException",
      message: /at 'uUID' failed to satisfy constraint: Member must have length greater than or equal to 36$/i,
    });
  });

  test("stay when their function goes", async () => {
    const name = await activeFunction(suite.region);
    const { UUID: id } = await createMapping(suite, name, "sqs");
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
    assert.equal((await get(id)).FunctionArn, ARN + name);
    await remove(id);
  });

  test("need a source that is known and a function that is there", async () => {
    const FunctionName = await activeFunction(suite.region, { Publish: true });
    const create = (more: Partial<CreateEventSourceMappingCommandInput>) =>
      suite.lambda.send(new CreateEventSourceMappingCommand({ FunctionName, ...more }));
    for (const EventSourceArn of [
      "arn:aws:s3:::bucket",
      "arn:aws:lambda:us-east-1:000000000000:function:f",
      "arn:aws:dynamodb:us-east-1:000000000000:table/table",
      "arn:aws:kinesis:us-east-1:000000000000:stream",
      `arn:aws:sqs:us-east-1:000000000000:${"q".repeat(81)}`,
    ]) {
      await invalid(create({ EventSourceArn }), "Unrecognized event source.");
    }
    await invalid(create({}), "Unrecognized event source.");
    await invalid(create({ ...LEAST.kafka, EventSourceArn: "arn:aws:s3:::bucket" }), "Unrecognized event source.");
    for (const name of ["nobody", `${FunctionName}:2`, `${FunctionName}:live`]) {
      await invalid(create({ EventSourceArn: QUEUE, FunctionName: name }), "Function does not exist");
    }
    const tenants = await activeFunction(suite.region, { TenancyConfig: { TenantIsolationMode: "PER_TENANT" } });
    await invalid(
      create({ EventSourceArn: QUEUE, FunctionName: tenants }),
      "Event source mappings are not supported for functions with tenant isolation.",
    );
    await suite.refused(create({ EventSourceArn: "queue" }), {
      status: 400,
      name: "ValidationException",
      message: /^1 validation error detected: Value 'queue' at 'eventSourceArn' failed to satisfy constraint/,
    });
    const { UUID: id } = await create({ EventSourceArn: STREAM, StartingPosition: "LATEST" });
    await invalid(updateMapping(suite, id, { FunctionName: "nobody" }), "Function does not exist");
  });

  test("answer the function as it was named, and move to another", async () => {
    const name = await activeFunction(suite.region, { Publish: true });
    await suite.lambda.send(new CreateAliasCommand({ FunctionName: name, Name: "live", FunctionVersion: "1" }));
    const arnOf = async (text: string, EventSourceArn: string) =>
      (await createMapping(suite, text, "sqs", { EventSourceArn })).FunctionArn;
    assert.equal(await arnOf(`${name}:$LATEST`, `${QUEUE}1`), `${ARN}${name}:$LATEST`);
    assert.equal(await arnOf(`${name}:1`, `${QUEUE}2`), `${ARN}${name}:1`);
    assert.equal(await arnOf(`${ARN}${name}:live`, `${QUEUE}3`), `${ARN}${name}:live`);
    const { UUID: id } = await createMapping(suite, `${name}:live`, "sqs", { EventSourceArn: `${QUEUE}4` });
    assert.equal((await updateMapping(suite, id, { FunctionName: name })).FunctionArn, ARN + name);
  });

  test("exist once for a source and a function", async () => {
    const name = await activeFunction(suite.region, { Publish: true });
    const update = (id: string | undefined) => `Please update or delete the existing mapping with UUID ${id}`;
    const { UUID: sqs } = await createMapping(suite, name, "sqs");
    const queued = `An event source mapping with SQS arn (" ${QUEUE} ") and function (" ${name} ") already exists. ${update(sqs)}`;
    await conflict(createMapping(suite, name, "sqs"), queued);
    await conflict(createMapping(suite, `${name}:$LATEST`, "sqs"), queued);
    const { UUID: other } = await createMapping(suite, `${name}:1`, "sqs");
    await conflict(updateMapping(suite, other, { FunctionName: name }), queued);
    assert.equal((await get(other)).FunctionArn, `${ARN}${name}:1`);
    for (const source of ["kinesis", "dynamodb", "documentdb"] as const) {
      const { UUID: id, EventSourceArn: arn } = await createMapping(suite, name, source);
      await conflict(
        createMapping(suite, name, source),
        `The event source arn (" ${arn} ") and function (" ${name} ") provided mapping already exists. ${update(id)}`,
      );
    }
    await createMapping(suite, name, "documentdb", {
      EventSourceArn: DATABASE,
      DocumentDBEventSourceConfig: { DatabaseName: "db", CollectionName: "c" },
    });
    const { UUID: kafka } = await createMapping(suite, name, "kafka");
    await conflict(
      createMapping(suite, name, "kafka"),
      `An event source mapping with event source ("kafka:1000,kafka:2000"), function ("${ARN}${name}"), topics ("topic") already exists. ${update(kafka)}`,
    );
    await createMapping(suite, name, "kafka", { Topics: ["other"] });
    const all = await Promise.allSettled([1, 2, 3].map(() => createMapping(suite, name, "mq")));
    assert.equal(all.filter(({ status }) => status === "fulfilled").length, 1);
  });

  test("have tags", async () => {
    const { EventSourceMappingArn: Resource } = await createMapping(suite, await activeFunction(suite.region), "sqs", {
      Tags: { team: "a", stage: "test" },
    });
    await suite.lambda.send(new TagResourceCommand({ Resource, Tags: { team: "b" } }));
    await suite.lambda.send(new UntagResourceCommand({ Resource, TagKeys: ["stage"] }));
    await suite.restart();
    assert.deepEqual((await suite.lambda.send(new ListTagsCommand({ Resource }))).Tags, { team: "b" });
    const missing = `${Resource?.slice(0, -36)}${randomUUID()}`;
    await suite.refused(suite.lambda.send(new ListTagsCommand({ Resource: missing })), NOWHERE);
    await suite.refused(suite.lambda.send(new TagResourceCommand({ Resource: missing, Tags: { a: "b" } })), NOWHERE);
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`key${n}`, "x"]));
    const name = await activeFunction(suite.region);
    await invalid(createMapping(suite, name, "sqs", { Tags: many }), "Number of tags exceeds resource tag limit.");
  });

  test("are listed by source and by function, every one once, page by page", async () => {
    const name = await activeFunction(suite.region, { Publish: true });
    const EventSourceArn = `arn:aws:sqs:us-east-1:000000000000:listed`;
    const unqualified: (string | undefined)[] = [];
    for (const queue of ["a", "b", "c"]) {
      const { UUID: id } = await createMapping(suite, name, "sqs", { EventSourceArn: `${EventSourceArn}-${queue}` });
      unqualified.push(id);
    }
    const { UUID: qualified } = await createMapping(suite, `${name}:1`, "sqs", {
      EventSourceArn: `${EventSourceArn}-a`,
    });
    const idsOf = async (input: ListEventSourceMappingsCommandInput) =>
      (await list(input)).EventSourceMappings?.map(({ UUID: id }) => id);
    assert.deepEqual(await idsOf({ FunctionName: name }), unqualified.toSorted());
    assert.deepEqual(await idsOf({ FunctionName: `${ARN}${name}:1` }), [qualified]);
    assert.deepEqual(await idsOf({ EventSourceArn: `${EventSourceArn}-a` }), [unqualified[0], qualified].toSorted());
    assert.deepEqual(await idsOf({ EventSourceArn: `${EventSourceArn}-a`, FunctionName: name }), [unqualified[0]]);
    assert.deepEqual(await idsOf({ FunctionName: "nobody" }), []);
    const seen: (string | undefined)[] = [];
    let Marker: string | undefined;
    do {
      const page = await list({ FunctionName: name, MaxItems: 2, ...(Marker !== undefined && { Marker }) });
      assert.ok((page.EventSourceMappings?.length ?? 0) <= 2);
      seen.push(...(page.EventSourceMappings?.map(({ UUID: id }) => id) ?? []));
      Marker = page.NextMarker;
      if (Marker !== undefined) await invalid(list({ Marker }), "The provided marker is invalid.");
    } while (Marker !== undefined);
    assert.deepEqual(seen, unqualified.toSorted());
    for (const MaxItems of [0, 10_001]) {
      await suite.refused(list({ MaxItems }), { status: 400, name: "ValidationException", message: /at 'maxItems'/ });
    }
    assert.ok(await list({ MaxItems: 10_000 }));
  });
});
