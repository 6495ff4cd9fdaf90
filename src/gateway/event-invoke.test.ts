/** The doors of asynchronous invocation: Invoke with type Event, and InvokeAsync of 2014. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InvokeRefusal } from "../invocation/refusal.ts";
import { StorageError } from "../state/storage-error.ts";
import { authorizeByActions } from "./authorization.ts";
import { type Answer, FUNCTION_ROLE, type SendOptions, startTestGateway, type TestGateway } from "./test-gateway.ts";

const TRACE = "Root=1-67000000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1";
const ARN = "arn:aws:lambda:us-east-1:000000000000:function:thumb";
const EVENT = { "x-amz-invocation-type": "Event" };

type Options = Partial<SendOptions> & { name?: string };

const event = (gateway: TestGateway, { name = "thumb", headers, ...others }: Options = {}): Promise<Answer> =>
  gateway.send({
    method: "POST",
    path: `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`,
    body: "{}",
    headers: { ...EVENT, ...headers },
    ...others,
  });

const invokeAsync = (gateway: TestGateway, { name = "thumb", ...others }: Options = {}): Promise<Answer> =>
  gateway.send({
    method: "POST",
    path: `/2014-11-13/functions/${encodeURIComponent(name)}/invoke-async/`,
    body: "{}",
    ...others,
  });

const errorOf = ({ status, headers, text }: Answer) => {
  const { message, Message } = JSON.parse(text) as Record<string, string>;
  return { status, code: headers["x-amzn-errortype"], message: message ?? Message };
};

describe("Invoke with type Event", () => {
  it("answers 202 with a request id and nothing else, and hands over what came", async () => {
    await using gateway = await startTestGateway();
    const body = '{"a" :  1e400}';
    const answer = await event(gateway, {
      name: "thumb:live",
      body,
      headers: { "x-amz-tenant-id": "blue", "x-amz-client-context": Buffer.from("{}").toString("base64") },
      unsigned: { "x-amzn-trace-id": TRACE },
    });
    assert.equal(answer.status, 202);
    assert.equal(answer.text, "");
    const { date: _, connection: __, "keep-alive": ___, ...headers } = answer.headers;
    const requestId = headers["x-amzn-requestid"] as string;
    assert.deepEqual(headers, { "content-length": "0", "x-amzn-requestid": requestId, "x-amzn-trace-id": TRACE });
    const [{ invocation, ...request } = assert.fail()] = gateway.accepted;
    assert.deepEqual(request, { functionName: "thumb", qualifier: "live" });
    const { payload, clientContext: ____, ...rest } = invocation;
    assert.equal(payload.toString(), body);
    assert.deepEqual(rest, { requestId, invokedFunctionArn: `${ARN}:live`, traceId: TRACE, tenantId: "blue" });
    assert.equal(gateway.invoked.length, 0);
  });

  it("is not answered before the event is kept", async () => {
    const kept = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const accept = () => {
      asked.resolve();
      return kept.promise;
    };
    await using gateway = await startTestGateway({ events: { accept } });
    let isAnswered = false;
    const answer = event(gateway).then((answer) => {
      isAnswered = true;
      return answer;
    });
    await asked.promise;
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    assert.equal(isAnswered, false);
    kept.resolve();
    assert.equal((await answer).status, 202);
  });

  it("makes an empty body {}, and takes the caller's request id", async () => {
    await using gateway = await startTestGateway();
    const id = "5ffc3bd1-6a0e-4b6a-a9d3-4d5e0a4b6c7d";
    await event(gateway, { body: "", headers: { "x-amzn-requestid": id } });
    const [{ invocation } = assert.fail()] = gateway.accepted;
    assert.deepEqual([invocation.payload.toString(), invocation.requestId], ["{}", id]);
  });

  it("takes 1 MB, and refuses one byte more with the size", async () => {
    await using gateway = await startTestGateway();
    const largest = Buffer.alloc(1_048_576, " ");
    largest.write("7");
    assert.equal((await event(gateway, { body: largest })).status, 202);
    assert.deepEqual(errorOf(await event(gateway, { body: Buffer.alloc(1_048_577, " ") })), {
      status: 413,
      code: "RequestTooLargeException",
      message: "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
    });
  });

  it("refuses what is no JSON, what may not be invoked, and what does not exist", async () => {
    await using gateway = await startTestGateway({ authorize: authorizeByActions(["sqs:*"]) });
    assert.equal(errorOf(await event(gateway, { body: "{" })).code, "InvalidRequestContentException");
    assert.equal(errorOf(await event(gateway, { credentials: FUNCTION_ROLE })).status, 403);
    assert.deepEqual(gateway.accepted, []);
    const refusal = new InvokeRefusal("ResourceNotFoundException", `Function not found: ${ARN}:$LATEST`);
    await using empty = await startTestGateway({ events: { accept: () => Promise.reject(refusal) } });
    assert.deepEqual(errorOf(await event(empty)), {
      status: 404,
      code: "ResourceNotFoundException",
      message: `Function not found: ${ARN}:$LATEST`,
    });
  });

  it("answers 500 when the disk does not take it", async () => {
    const full = new StorageError("/data/events.sqlite is on a disk that is full", "free some space");
    await using gateway = await startTestGateway({ events: { accept: () => Promise.reject(full) } });
    assert.deepEqual(errorOf(await event(gateway)), {
      status: 500,
      code: "ServiceException",
      message: "An error occurred and the request cannot be processed.",
    });
  });
});

describe("InvokeAsync", () => {
  it("answers 202 with the status in its body, with or without the trailing slash", async () => {
    await using gateway = await startTestGateway();
    const answer = await invokeAsync(gateway, { name: "thumb:7", body: "[1]" });
    assert.deepEqual([answer.status, answer.text], [202, '{"Status":202}']);
    assert.equal(answer.headers["content-type"], "application/json");
    const path = "/2014-11-13/functions/thumb/invoke-async";
    assert.equal((await gateway.send({ method: "POST", path, body: "" })).status, 202);
    const requests = gateway.accepted.map(({ functionName, qualifier, invocation }) => ({
      functionName,
      qualifier,
      payload: invocation.payload.toString(),
      arn: invocation.invokedFunctionArn,
      id: invocation.requestId === answer.headers["x-amzn-requestid"],
    }));
    assert.deepEqual(requests, [
      { functionName: "thumb", qualifier: "7", payload: "[1]", arn: `${ARN}:7`, id: true },
      { functionName: "thumb", qualifier: undefined, payload: "{}", arn: ARN, id: false },
    ]);
  });

  it("refuses as Invoke does", async () => {
    await using gateway = await startTestGateway();
    assert.equal(errorOf(await invokeAsync(gateway, { body: "{" })).code, "InvalidRequestContentException");
    assert.equal(errorOf(await invokeAsync(gateway, { body: Buffer.alloc(1_048_577, " ") })).status, 413);
    assert.match(errorOf(await invokeAsync(gateway, { name: "a b" })).message ?? "", /^1 validation error detected: /);
    // Execution roles may invoke, but not in the form of 2014, unless the operator says so.
    assert.equal(errorOf(await invokeAsync(gateway, { credentials: FUNCTION_ROLE })).status, 403);
    const refusal = new InvokeRefusal("ResourceNotFoundException", `Function not found: ${ARN}:$LATEST`);
    await using empty = await startTestGateway({ events: { accept: () => Promise.reject(refusal) } });
    assert.equal(errorOf(await invokeAsync(empty)).code, "ResourceNotFoundException");
  });
});
