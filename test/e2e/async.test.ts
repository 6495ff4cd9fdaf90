/** Asynchronous invocation in a real region: what runs, how often, and who hears of it. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import {
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  InvokeAsyncCommand,
  InvokeCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionRecursionConfigCommand,
} from "@aws-sdk/client-lambda";
import { signHeaders } from "../../src/gateway/test-gateway.ts";
import { extendLineage } from "../../src/invocation/lineage.ts";
import { TestRegion } from "../test-region.ts";
import { ARN, deployRecorder, Recorder, sendResultsTo } from "./async-fixture.ts";

const SDK = createRequire(import.meta.url).resolve("@aws-sdk/client-lambda");

describe("asynchronous invocation", () => {
  let region: TestRegion;
  let records: Recorder;
  let listener: string;
  before(async () => {
    region = await TestRegion.start("process", { ALONZO_ASYNC_RETRY_DELAYS: "0.05,0.1" });
    records = new Recorder(region, "records");
    listener = await deployRecorder(region, records);
  });
  after(() => region.stop());

  async function send(FunctionName: string, event: unknown, Qualifier?: string): Promise<string> {
    const answer = await region.lambda.send(
      new InvokeCommand({
        FunctionName,
        InvocationType: "Event",
        Payload: Buffer.from(JSON.stringify(event)),
        ...(Qualifier !== undefined && { Qualifier }),
      }),
    );
    assert.equal(answer.StatusCode, 202);
    return answer.$metadata.requestId ?? "";
  }

  /** The record of the event, when the destination has it. */
  async function recordOf(requestId: string) {
    const isIt = ({ event }: { event: { requestContext: { requestId: string } } }) =>
      event.requestContext?.requestId === requestId;
    const notes = await records.until((notes) => notes.some(isIt));
    return notes.find(isIt)?.event;
  }

  test("goes from destination to destination, and each hears what the one before answered", async () => {
    const firstNotes = new Recorder(region, "first");
    const secondNotes = new Recorder(region, "second");
    const second = await deployRecorder(region, secondNotes, "return { doubled: event.responsePayload.n * 2 };");
    const first = await deployRecorder(region, firstNotes, "return { n: event.n + 1 };");
    await sendResultsTo(region.lambda, first, { onSuccess: second });
    await sendResultsTo(region.lambda, second, { onSuccess: `${listener}:$LATEST` });
    const requestId = await send(first, { n: 20 });
    const [{ requestId: secondId } = assert.fail()] = await secondNotes.until(({ length }) => length === 1);
    const { timestamp, ...record } = await recordOf(secondId);
    assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const { timestamp: _, ...firstRecord } = record.requestPayload;
    const context = (id: string, name: string) => ({
      requestId: id,
      functionArn: `${ARN}${name}:$LATEST`,
      condition: "Success",
      approximateInvokeCount: 1,
    });
    const responseContext = { statusCode: 200, executedVersion: "$LATEST" };
    assert.deepEqual(firstRecord, {
      version: "1.0",
      requestContext: context(requestId, first),
      requestPayload: { n: 20 },
      responseContext,
      responsePayload: { n: 21 },
    });
    assert.deepEqual(record, {
      version: "1.0",
      requestContext: context(secondId, second),
      requestPayload: record.requestPayload,
      responseContext,
      responsePayload: { doubled: 42 },
    });
    const lineage = (await records.until(({ length }) => length > 0)).at(-1)?.trace.split("Lineage=")[1];
    assert.deepEqual(
      lineage?.split("|").map((entry) => entry.split(":")[1]),
      ["1", "1", "1"],
    );
  });

  test("of a function that fails is tried three times, with the same request id, and then told", async () => {
    const notes = new Recorder(region, "failing");
    const failing = await deployRecorder(region, notes, "throw new TypeError('no ' + event.n);");
    await sendResultsTo(region.lambda, failing, { onFailure: listener });
    const requestId = await send(failing, { n: 1 });
    const { timestamp: _, responsePayload, ...record } = await recordOf(requestId);
    assert.deepEqual(record, {
      version: "1.0",
      requestContext: {
        requestId,
        functionArn: `${ARN}${failing}:$LATEST`,
        condition: "RetriesExhausted",
        approximateInvokeCount: 3,
      },
      requestPayload: { n: 1 },
      responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
    });
    const { trace: stack, ...error } = responsePayload;
    assert.deepEqual(error, { errorType: "TypeError", errorMessage: "no 1" });
    assert.match(stack[0], /^TypeError: no 1/);
    assert.deepEqual(
      notes.notes.map((note) => note.requestId),
      [requestId, requestId, requestId],
    );
  });

  test("is retried as often as its function says", async () => {
    const notes = new Recorder(region, "once");
    const failing = await deployRecorder(region, notes, "throw new Error('no');");
    await sendResultsTo(region.lambda, failing, { onFailure: listener }, 0);
    const { requestContext } = await recordOf(await send(failing, {}));
    assert.equal(requestContext.approximateInvokeCount, 1);
    assert.equal(notes.notes.length, 1);
  });

  test("of the form of 2014 runs too", async () => {
    const notes = new Recorder(region, "legacy");
    const name = await deployRecorder(region, notes);
    const { Status } = await region.lambda.send(
      new InvokeAsyncCommand({ FunctionName: name, InvokeArgs: Buffer.from('{"legacy":true}') }),
    );
    assert.equal(Status, 202);
    const [note] = await notes.until(({ length }) => length === 1);
    assert.deepEqual(note?.event, { legacy: true });
  });

  test("is refused at once for a function that does not exist", async () => {
    await assert.rejects(send("nobody", {}), {
      name: "ResourceNotFoundException",
      message: `Function not found: ${ARN}nobody:$LATEST`,
    });
  });

  test("of a throttled function waits until it can run", async () => {
    const notes = new Recorder(region, "throttled");
    const name = await deployRecorder(region, notes, "await new Promise((done) => setTimeout(done, 30));");
    await region.lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: 1 }),
    );
    const sent: string[] = [];
    for (let n = 0; n < 6; n++) sent.push(await send(name, { n }));
    const ran = await notes.until(({ length }) => length >= 6);
    assert.deepEqual(ran.map(({ requestId }) => requestId).sort(), sent.sort());
  });

  test("of a function that is switched off goes straight to its failure's destination", async () => {
    const notes = new Recorder(region, "off");
    const name = await deployRecorder(region, notes);
    await sendResultsTo(region.lambda, name, { onFailure: listener });
    await region.lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: 0 }),
    );
    const requestId = await send(name, { n: 1 });
    const { timestamp: _, ...record } = await recordOf(requestId);
    assert.deepEqual(record, {
      version: "1.0",
      requestContext: {
        requestId,
        functionArn: `${ARN}${name}:$LATEST`,
        condition: "ZeroReservedConcurrency",
        approximateInvokeCount: 0,
      },
      requestPayload: { n: 1 },
    });
    assert.deepEqual(notes.notes, []);
    await region.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: name }));
    await send(name, { n: 2 });
    const [note] = await notes.until(({ length }) => length === 1);
    assert.deepEqual(note?.event, { n: 2 });
  });

  test("of a function that invokes itself ends after sixteen times, unless that is allowed", async () => {
    const notes = new Recorder(region, "loop");
    const loop = await deployRecorder(
      region,
      notes,
      `const { LambdaClient, InvokeCommand } = createRequire("/")(${JSON.stringify(SDK)});
       if (event.n < event.most) {
         const Payload = JSON.stringify({ ...event, n: event.n + 1 });
         const again = { FunctionName: context.functionName, InvocationType: "Event", Payload };
         await new LambdaClient().send(new InvokeCommand(again));
       }`,
    );
    await sendResultsTo(region.lambda, loop, { onFailure: listener });
    await send(loop, { n: 1, most: 1000 });
    const told = await records.until((all) => all.some(({ event }) => event.requestPayload?.most === 1000));
    const record = told.find(({ event }) => event.requestPayload?.most === 1000)?.event;
    assert.deepEqual(
      [record.requestPayload.n, record.requestContext.condition, record.requestContext.approximateInvokeCount],
      [17, "RecursiveInvocation", 0],
    );
    assert.equal(record.responseContext, undefined);
    assert.equal(notes.notes.length, 16);

    await region.lambda.send(new PutFunctionRecursionConfigCommand({ FunctionName: loop, RecursiveLoop: "Allow" }));
    await send(loop, { n: 1, most: 20 });
    await notes.until((all) => all.some(({ event }) => event.most === 20 && event.n === 20));
  });

  test("and synchronous invocation share one count of the chain", async () => {
    const name = await deployRecorder(region, new Recorder(region, "chain"));
    let trace = "Root=1-67000000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0";
    for (let n = 0; n < 15; n++) trace = extendLineage(trace, ARN + name).traceId;
    const invoke = async () => {
      const url = `${region.url}/2015-03-31/functions/${name}/invocations`;
      const headers = await signHeaders("POST", url, {}, "{}");
      return fetch(url, { method: "POST", headers: { ...headers, "x-amzn-trace-id": trace }, body: "{}" });
    };
    assert.equal((await invoke()).status, 200);
    trace = extendLineage(trace, ARN + name).traceId;
    const refused = await invoke();
    assert.equal(refused.status, 400);
    assert.equal(refused.headers.get("x-amzn-errortype"), "RecursiveInvocationException");
    await region.lambda.send(new PutFunctionRecursionConfigCommand({ FunctionName: name, RecursiveLoop: "Allow" }));
    assert.equal((await invoke()).status, 200);
  });

  test("of a deleted function vanishes", async () => {
    const notes = new Recorder(region, "deleted");
    const name = await deployRecorder(region, notes, "throw new Error('no');");
    await sendResultsTo(region.lambda, name, { onFailure: listener }, 2);
    const requestId = await send(name, {});
    await notes.until(({ length }) => length > 0);
    await region.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
    // Whatever was on its way before is told before this.
    const witness = await deployRecorder(region, new Recorder(region, "witness"));
    await sendResultsTo(region.lambda, witness, { onSuccess: listener });
    await recordOf(await send(witness, {}));
    assert.equal(
      records.notes.some(({ event }) => event.requestContext?.requestId === requestId),
      false,
    );
  });
});
