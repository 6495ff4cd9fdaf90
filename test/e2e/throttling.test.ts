/** Throttling as clients meet it: what is refused, with which reason, and when it is let in again. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import {
  DeleteFunctionConcurrencyCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  TooManyRequestsException,
} from "@aws-sdk/client-lambda";
import { activeFunction } from "../api/lambda/given.ts";
import { TestRegion } from "../test-region.ts";
import { Gate, HELD_FUNCTION } from "./held-function.ts";

/** What the tests of this file share: a region with these settings, and gates that are opened at the end of each. */
function inRegion(variables: Record<string, string>) {
  const gates: Gate[] = [];
  const running: Promise<unknown>[] = [];
  let region: TestRegion;
  before(async () => {
    region = await TestRegion.start("process", variables);
  });
  afterEach(async () => {
    for (const gate of gates) gate.open();
    await Promise.allSettled(running.splice(0));
    for (const gate of gates.splice(0)) gate.remove();
  });
  after(() => region.stop());

  const invoke = (FunctionName: string, event: object = {}, client = region.lambda, abortSignal?: AbortSignal) => {
    const command = new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) });
    const call = client.send(command, abortSignal ? { abortSignal } : {});
    running.push(call.catch(() => {}));
    return call;
  };
  const newGate = () => {
    const gate = new Gate();
    gates.push(gate);
    return gate;
  };
  return {
    region: () => region,
    invoke,
    newGate,
    deploy: () => activeFunction(region, { Code: { ZipFile: HELD_FUNCTION } }),
    /** So many invocations that run until the gate opens. */
    async hold(name: string, count = 1) {
      const gate = newGate();
      const calls = Array.from({ length: count }, () => invoke(name, gate.event));
      await gate.reached(count);
      return { gate, calls };
    },
    reserve: (FunctionName: string, ReservedConcurrentExecutions: number) =>
      region.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions })),
    release: (FunctionName: string) => region.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName })),
    /** The call is refused with 429; answers when to come back, in seconds. */
    async throttled(call: Promise<unknown>, reason: string): Promise<number> {
      let seconds = 0;
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof TooManyRequestsException, String(error));
        assert.deepEqual(
          [error.$metadata.httpStatusCode, error.message, error.Reason, error.Type],
          [429, "Rate Exceeded.", reason, "User"],
        );
        assert.equal(error.$response?.headers["retry-after"], error.retryAfterSeconds);
        seconds = Number(error.retryAfterSeconds);
        assert.ok(Number.isInteger(seconds) && seconds >= 1, `Retry-After: ${error.retryAfterSeconds}`);
        return true;
      });
      return seconds;
    },
  };
}

const RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded";
const ACCOUNT = "ConcurrentInvocationLimitExceeded";

describe("concurrency", () => {
  const { region, invoke, newGate, deploy, hold, reserve, release, throttled } = inRegion({
    ALONZO_ACCOUNT_CONCURRENCY: "3",
    ALONZO_UNRESERVED_CONCURRENCY: "0",
    ALONZO_REQUEST_RATE: "100000",
  });

  test("a reserved concurrency of 0 switches a function off, at once, and so does on", async () => {
    const name = await deploy();
    await invoke(name);
    await reserve(name, 0);
    await throttled(invoke(name), RESERVED);
    await release(name);
    await invoke(name);
  });

  test("a reserved concurrency of 1 lets one of two parallel invocations in, and the next when that has ended", async () => {
    const name = await deploy();
    await reserve(name, 1);
    const { gate, calls } = await hold(name);
    assert.equal(await throttled(invoke(name), RESERVED), 1);
    gate.open();
    await Promise.all(calls);
    await invoke(name);
    await release(name);
  });

  test("the account's concurrency is shared by all functions, less what one of them has reserved", async () => {
    const [one, other] = [await deploy(), await deploy()];
    const { gate, calls } = await hold(one, 3);
    await throttled(invoke(other), ACCOUNT);
    gate.open();
    await Promise.all(calls);
    await reserve(other, 1);
    const held = await hold(one, 2);
    await throttled(invoke(one), ACCOUNT);
    await invoke(other);
    held.gate.open();
    await Promise.all(held.calls);
    await release(other);
  });

  test("limits that change under load hold for the next invocation and leave the running ones alone", async () => {
    const name = await deploy();
    const { gate, calls } = await hold(name, 2);
    await reserve(name, 2);
    await throttled(invoke(name), RESERVED);
    await release(name);
    await invoke(name);
    await reserve(name, 1);
    await throttled(invoke(name), RESERVED);
    gate.open();
    for (const { FunctionError } of await Promise.all(calls)) assert.equal(FunctionError, undefined);
    await invoke(name);
    await release(name);
  });

  test("a function that throws, exits or is refused gives back what it took", async () => {
    const name = await deploy();
    await reserve(name, 1);
    for (const event of [{ throw: true }, { exit: true }, { throw: true }]) {
      assert.equal((await invoke(name, event)).FunctionError, "Unhandled");
    }
    const { gate, calls } = await hold(name);
    for (let count = 0; count < 5; count++) await throttled(invoke(name), RESERVED);
    gate.open();
    await Promise.all(calls);
    await invoke(name);
    await release(name);
  });

  test("after any mix of answers, errors, exits, refusals and clients that go away the places are all there again", async () => {
    const name = await deploy();
    await reserve(name, 2);
    const events = [{}, { throw: true }, { exit: true }];
    const calls = Array.from({ length: 40 }, (_, index) => {
      const client = new AbortController();
      if (index % 4 === 0) setTimeout(() => client.abort(), index * 5);
      return invoke(name, events[index % events.length], region().lambda, client.signal);
    });
    await Promise.allSettled(calls);
    const gate = newGate();
    // Those whose clients went away may still be running.
    const patient = async (): Promise<unknown> => {
      for (;;) {
        const answer = await invoke(name, gate.event).catch((error: unknown) => error);
        if (!(answer instanceof TooManyRequestsException)) return answer;
      }
    };
    const held = [patient(), patient()];
    await gate.reached(2);
    await throttled(invoke(name), RESERVED);
    gate.open();
    await Promise.all(held);
    await release(name);
  });

  test("a client that goes away leaves its place taken until the function has ended", async () => {
    const name = await deploy();
    await reserve(name, 1);
    const gate = newGate();
    const client = new AbortController();
    const gone = assert.rejects(invoke(name, gate.event, region().lambda, client.signal), { name: "AbortError" });
    await gate.reached(1);
    client.abort();
    await gone;
    await throttled(invoke(name), RESERVED);
    gate.open();
    for (;;) {
      const answer = await invoke(name).catch((error: unknown) => error);
      if (!(answer instanceof TooManyRequestsException)) break;
    }
    await release(name);
  });

  test("the SDK's own retries bring an invocation through as soon as there is room", async () => {
    const name = await deploy();
    await reserve(name, 1);
    const { gate } = await hold(name);
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const client = new LambdaClient({ endpoint: region().url, region: "us-east-1", credentials, maxAttempts: 5 });
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        if ((result.response as { statusCode: number }).statusCode === 429) gate.open();
        return result;
      },
      { step: "deserialize", priority: "low" },
    );
    const answer = await invoke(name, {}, client);
    assert.equal(answer.StatusCode, 200);
    assert.ok((answer.$metadata.attempts ?? 0) > 1);
    client.destroy();
    await release(name);
  });
});

describe("rates of requests", () => {
  const { invoke, deploy, reserve, throttled } = inRegion({
    ALONZO_ACCOUNT_CONCURRENCY: "3",
    ALONZO_UNRESERVED_CONCURRENCY: "0",
    ALONZO_REQUEST_RATE: "1",
  });
  /** Invokes one by one until it is refused; a bucket that drips a few times a second is soon empty. */
  const untilRefused = async (name: string): Promise<void> => {
    for (;;) await invoke(name);
  };

  test("follow the account's concurrency", async () => {
    const name = await deploy();
    await throttled(untilRefused(name), "FunctionInvocationRateLimitExceeded");
  });

  test("follow what the function has reserved", async () => {
    const name = await deploy();
    await reserve(name, 1);
    await throttled(untilRefused(name), "ReservedFunctionInvocationRateLimitExceeded");
  });
});

describe("the scaling rate", () => {
  const { invoke, deploy, hold, throttled } = inRegion({ ALONZO_SCALING_RATE: "1" });

  test("lets each function have no more new environments than so many in 10 s", async () => {
    const [name, other] = [await deploy(), await deploy()];
    const { gate, calls } = await hold(name);
    assert.ok((await throttled(invoke(name), ACCOUNT)) <= 10);
    await invoke(other);
    gate.open();
    await Promise.all(calls);
  });
});
