/** Every operation and every error of Lambda, between the unmodified JavaScript SDK and the engine, over a socket. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as sdk from "@aws-sdk/client-lambda";
import { type EchoServer, startEchoServer } from "./echo-server.ts";
import { comparable, errorCases, type FuzzCase, fuzzCases, inputSeen, SEED } from "./fuzz-cases.ts";
import type { Values } from "./model-values.ts";

const ROUNDS = 6;
type AnyCommand = ConstructorParameters<typeof sdk.GetAccountSettingsCommand>[0];
type CommandClass = new (input: AnyCommand) => sdk.GetAccountSettingsCommand;

let server: EchoServer;
let client: sdk.LambdaClient;

before(async () => {
  console.log(`ALONZO_FUZZ_SEED=${SEED}`);
  server = await startEchoServer();
  client = new sdk.LambdaClient({
    region: "us-east-1",
    endpoint: server.endpoint,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  });
});

after(async () => {
  client.destroy();
  await server.close();
});

function send(operation: string, input: Values): Promise<unknown> {
  const Command = (sdk as unknown as Record<string, CommandClass>)[`${operation}Command`];
  assert.ok(Command, `the SDK has no ${operation}Command`);
  return client.send(new Command(input as AnyCommand));
}

/** An event stream is compared as the list of its events; the client gives an empty one for none. */
async function received(output: unknown): Promise<unknown> {
  const { $metadata: _metadata, EventStream: events, ...rest } = output as Values;
  if (events === undefined) return comparable(rest);
  const list: unknown[] = [];
  for await (const event of events as AsyncIterable<unknown>) list.push(event);
  return comparable(list.length === 0 ? rest : { ...rest, EventStream: list });
}

async function* asStream(events: readonly unknown[]) {
  yield* events;
}

async function roundTrip({ operation, input, output }: FuzzCase): Promise<void> {
  const { EventStream: event, ...rest } = output;
  const events = event === undefined ? undefined : [event, event];
  server.answers.push({ output: events === undefined ? output : { ...rest, EventStream: asStream(events) } });
  const answer = await send(operation, input);
  const call = server.calls.pop();
  const shape = server.model.operations.get(operation)?.input;
  assert.ok(shape);
  assert.equal(call?.operation, operation);
  assert.deepEqual(inputSeen(shape, call.input), inputSeen(shape, input));
  const { StatusCode: _s, Status: _t, ResponseStreamContentType: _c, ...seen } = (await received(answer)) as Values;
  const {
    StatusCode: _u,
    Status: _v,
    ...sent
  } = comparable(events === undefined ? output : { ...rest, EventStream: events }) as Values;
  assert.deepEqual(seen, sent);
}

test("every operation arrives as the SDK sent it, and the SDK reads what we answered", async (t) => {
  const cases = fuzzCases(server.model, ROUNDS);
  const operations = Map.groupBy(cases, ({ operation }) => operation);
  assert.equal(operations.size, 88);
  for (const [operation, rounds] of operations) {
    await t.test(operation, async () => {
      for (const round of rounds) await roundTrip(round);
    });
  }
  assert.deepEqual(server.faults, []);
});

test("every modelled error reaches the SDK with its class, status, message and members", async () => {
  for (const { name, status, message, members } of errorCases(server.model)) {
    server.answers.push({ error: { name, message, members } });
    const ErrorClass = (sdk as unknown as Record<string, new () => sdk.LambdaServiceException>)[name];
    assert.ok(ErrorClass, name);
    await assert.rejects(send("GetAccountSettings", {}), (error) => {
      assert.ok(error instanceof ErrorClass, `${name} came as ${error}`);
      assert.equal(error.$metadata.httpStatusCode, status, name);
      assert.equal(error.message, message, name);
      assert.equal((error as { Type?: string }).Type, error.$fault === "client" ? "User" : "Service", name);
      assert.equal(error.$metadata.requestId, "00000000-0000-4000-8000-000000000000");
      for (const [key, value] of Object.entries(members)) assert.equal((error as unknown as Values)[key], value, key);
      return true;
    });
  }
  assert.deepEqual(server.faults, []);
});
