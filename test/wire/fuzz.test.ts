/** Every operation and every error of every service, between the unmodified JavaScript SDK and the engine, over a socket. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type EchoServer, startEchoServer } from "./echo-server.ts";
import {
  comparable,
  errorCases,
  type FuzzCase,
  fuzzCases,
  membersSeen,
  SEED,
  without,
  withoutEmptyLists,
} from "./fuzz-cases.ts";
import type { Values } from "./model-values.ts";
import { type FuzzedService, SERVICES } from "./services.ts";

const ROUNDS = 4;

type Client = InstanceType<FuzzedService["Client"]>;
interface SdkError extends Error {
  readonly $fault: string;
  readonly $metadata: { readonly httpStatusCode: number; readonly requestId: string };
  readonly Type?: string;
}

class Fuzz {
  readonly service: FuzzedService;
  readonly server: EchoServer;
  readonly #client: Client;

  constructor(service: FuzzedService, server: EchoServer) {
    this.service = service;
    this.server = server;
    this.#client = new service.Client({
      region: "us-east-1",
      endpoint: server.endpoint,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      maxAttempts: 1,
      disableHostPrefix: true,
      ...service.configuration,
    });
  }

  send(operation: string, input: Values): Promise<unknown> {
    const Command = this.service.sdk[`${operation}Command`] as (new (input: Values) => object) | undefined;
    assert.ok(Command, `the SDK has no ${operation}Command`);
    return this.#client.send(new Command(input));
  }

  async roundTrip({ operation, input, output }: FuzzCase): Promise<void> {
    const { server, service } = this;
    const { input: inputShape, output: outputShape } = server.model.operations.get(operation) ?? {};
    assert.ok(inputShape && outputShape);
    const stream = outputShape.members.find(({ target }) => target.isStreaming && target.type === "union")?.name;
    const { [stream ?? ""]: event, ...rest } = output;
    const events = event === undefined ? [] : [event, event];
    server.answers.push({ output: stream === undefined ? output : { ...rest, [stream]: asStream(events) } });
    const answer = await this.send(operation, input);
    const call = server.calls.pop();
    assert.equal(call?.operation, operation);
    const { unread = [] } = service;
    const seen = (value: unknown, ignored: readonly string[]): unknown =>
      service.losesEmptyLists ? withoutEmptyLists(without(value, ignored)) : without(value, ignored);
    assert.deepEqual(seen(membersSeen(inputShape, call.input), unread), seen(membersSeen(inputShape, input), unread));
    const sent = stream === undefined || events.length === 0 ? rest : { ...rest, [stream]: events };
    const fromHttp = outputShape.members.filter(({ traits }) => isOfHttp(traits)).map(({ name }) => name);
    const ignored = [...fromHttp, ...unread];
    assert.deepEqual(
      seen(membersSeen(outputShape, await received(answer, stream)), ignored),
      seen(membersSeen(outputShape, sent), ignored),
    );
  }

  async meetsError({ name, status, message, members }: ReturnType<typeof errorCases>[number]): Promise<void> {
    const { sdk, probe } = this.service;
    this.server.answers.push({ error: { name, message, members } });
    const ErrorClass = sdk[name] as (new () => SdkError) | undefined;
    assert.ok(ErrorClass, name);
    const input =
      fuzzCases(this.server.model, 1, this.service).find(({ operation }) => operation === probe)?.input ?? {};
    await assert.rejects(this.send(probe, input), (error: SdkError) => {
      assert.ok(error instanceof ErrorClass, `${name} came as ${error}`);
      assert.equal(error.$metadata.httpStatusCode, status, name);
      assert.equal(error.message, message, name);
      assert.equal(error.$metadata.requestId, "00000000-0000-4000-8000-000000000000");
      const seen = comparable(error) as Values;
      for (const [key, value] of Object.entries(comparable(members) as Values)) assert.deepEqual(seen[key], value, key);
      return true;
    });
  }

  async close(): Promise<void> {
    this.#client.destroy();
    await this.server.close();
  }
}

/** Status, and the content type that belongs to the protocol. */
function isOfHttp({ httpResponseCode, httpHeader }: { httpResponseCode?: 1; httpHeader?: string }): boolean {
  return httpResponseCode === 1 || httpHeader?.toLowerCase() === "content-type";
}

/** An event stream is compared as the list of its events; the client gives an empty one for none. */
async function received(output: unknown, stream: string | undefined): Promise<unknown> {
  const { $metadata: _metadata, [stream ?? ""]: events, ...members } = output as Values;
  const rest = Object.fromEntries(await Promise.all(Object.entries(members).map(readWhole)));
  if (stream === undefined || events === undefined) return comparable(rest);
  const list: unknown[] = [];
  for await (const event of events as AsyncIterable<unknown>) list.push(event);
  return comparable(list.length === 0 ? rest : { ...rest, [stream]: list });
}

/** A body comes as a stream; an empty one is none. */
async function readWhole([name, value]: [string, unknown]): Promise<[string, unknown]> {
  const isStream = typeof value === "object" && value !== null && "transformToByteArray" in value;
  if (!isStream) return [name, value];
  const bytes = await (value as { transformToByteArray(): Promise<Uint8Array> }).transformToByteArray();
  return [name, bytes.length === 0 ? undefined : bytes];
}

async function* asStream(events: readonly unknown[]) {
  yield* events;
}

console.log(`ALONZO_FUZZ_SEED=${SEED}`);

for (const service of SERVICES) {
  test(`${service.name}${service.protocol ? ` (${service.protocol})` : ""}: each operation arrives as the SDK sent it, and the SDK reads what we answered`, async () => {
    const fuzz = new Fuzz(service, await startEchoServer(service.name));
    try {
      const failures: string[] = [];
      for (const fuzzCase of fuzzCases(fuzz.server.model, ROUNDS, service)) {
        await fuzz.roundTrip(fuzzCase).catch((error: Error) => {
          failures.push(`${fuzzCase.operation}: ${error.message}`);
          fuzz.server.calls.length = 0;
          fuzz.server.answers.length = 0;
        });
      }
      assert.deepEqual(failures, []);
      for (const errorCase of errorCases(fuzz.server.model)) await fuzz.meetsError(errorCase);
      assert.deepEqual(fuzz.server.faults, []);
    } finally {
      await fuzz.close();
    }
  });
}
