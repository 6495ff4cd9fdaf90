import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InvokeRefusal } from "../invocation/refusal.ts";
import { throttled } from "../invocation/throttling.ts";
import { authorizeByActions } from "./authorization.ts";
import { type Answer, FUNCTION_ROLE, type SendOptions, startTestGateway, type TestGateway } from "./test-gateway.ts";

const ROOT = "Root=1-67000000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1";
const ARN = "arn:aws:lambda:us-east-1:000000000000:function:thumb";

function invoke(
  gateway: TestGateway,
  options: Partial<SendOptions> & { name?: string; query?: string } = {},
): Promise<Answer> {
  const { name = "thumb", query = "", ...others } = options;
  const path = `/2015-03-31/functions/${encodeURIComponent(name)}/invocations${query}`;
  return gateway.send({ method: "POST", path, body: "{}", ...others });
}

const errorOf = ({ status, headers, text }: Answer) => {
  const { message, Message } = JSON.parse(text) as Record<string, string>;
  return { status, code: headers["x-amzn-errortype"], message: message ?? Message };
};

describe("Invoke", () => {
  it("hands the payload over byte for byte and answers with the headers of the outcome", async () => {
    await using gateway = await startTestGateway();
    const body = '{"a" :  "ü", "n": 1e400}';
    const answer = await invoke(gateway, {
      body,
      query: "?Qualifier=live",
      headers: { "x-amz-log-type": "Tail", "x-amz-client-context": Buffer.from('{"custom":{}}').toString("base64") },
      unsigned: { "x-amzn-trace-id": ROOT },
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.text, body);
    assert.equal(answer.headers["content-type"], "application/json");
    assert.equal(answer.headers["x-amz-executed-version"], "live");
    assert.equal(answer.headers["x-amz-log-result"], Buffer.from("START\n").toString("base64"));
    assert.equal(answer.headers["x-amzn-trace-id"], ROOT);
    assert.equal(answer.headers["x-amz-function-error"], undefined);
    const [request] = gateway.invoked;
    assert(request);
    const { onLargeAnswer, ...invocation } = request.invocation;
    assert.equal(typeof onLargeAnswer, "function");
    assert.deepEqual(
      { ...request, invocation },
      {
        functionName: "thumb",
        qualifier: "live",
        wantsLogTail: true,
        invocation: {
          requestId: answer.headers["x-amzn-requestid"],
          payload: Buffer.from(body),
          invokedFunctionArn: `${ARN}:live`,
          clientContext: '{"custom":{}}',
          traceId: ROOT,
        },
      },
    );
  });

  it("makes an empty body {} and a trace id where none came", async () => {
    await using gateway = await startTestGateway();
    const answer = await invoke(gateway, { body: "" });
    assert.equal(answer.text, "{}");
    assert.match(
      String(answer.headers["x-amzn-trace-id"]),
      /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/,
    );
    assert.equal(answer.headers["x-amz-log-result"], undefined);
  });

  it("takes every form of function name", async () => {
    await using gateway = await startTestGateway();
    const forms: [string, string][] = [
      ["thumb", ARN],
      ["thumb:7", `${ARN}:7`],
      ["thumb:$LATEST", `${ARN}:$LATEST`],
      ["function:thumb", ARN],
      ["000000000000:function:thumb:live", `${ARN}:live`],
      [ARN, ARN],
      [`${ARN}:live`, `${ARN}:live`],
    ];
    for (const [name, arn] of forms) {
      assert.equal((await invoke(gateway, { name })).status, 200, name);
      assert.equal(gateway.invoked.at(-1)?.invocation.invokedFunctionArn, arn);
      assert.equal(gateway.invoked.at(-1)?.functionName, "thumb");
    }
    assert.equal((await invoke(gateway, { name: "thumb:1", query: "?Qualifier=1" })).status, 200);
  });

  it("takes one trailing slash, as every other operation does", async () => {
    await using gateway = await startTestGateway();
    const path = "/2015-03-31/functions/thumb/invocations/";
    assert.equal((await gateway.send({ method: "POST", path, body: "1" })).text, "1");
    assert.equal((await gateway.send({ method: "POST", path: `${path}/`, body: "1" })).status, 404);
  });

  it("answers X-Amz-Function-Error when the function failed, with status 200", async () => {
    await using gateway = await startTestGateway({
      invoker: {
        check: async () => {},
        invoke: async () => ({
          kind: "function-error",
          payload: Buffer.from('{"errorType":"Error"}'),
          functionError: "Unhandled",
          executedVersion: "$LATEST",
          logTail: Buffer.alloc(0),
          durationMs: 1,
          billedMs: 1,
          maxMemoryMb: 1,
        }),
      },
    });
    const answer = await invoke(gateway);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["x-amz-function-error"], "Unhandled");
  });

  it("takes the caller's request id when it is a UUID", async () => {
    await using gateway = await startTestGateway();
    const id = "5ffc3bd1-6a0e-4b6a-a9d3-4d5e0a4b6c7d";
    assert.equal((await invoke(gateway, { headers: { "x-amzn-requestid": id } })).headers["x-amzn-requestid"], id);
    const refused = errorOf(await invoke(gateway, { headers: { "x-amzn-requestid": "mine" } }));
    assert.deepEqual([refused.status, refused.code], [400, "InvalidRequestContentException"]);
  });

  it("answers 204 to a dry run and runs nothing", async () => {
    await using gateway = await startTestGateway();
    const dry = await invoke(gateway, { headers: { "x-amz-invocation-type": "DryRun" } });
    assert.deepEqual([dry.status, dry.text], [204, ""]);
    assert.equal(gateway.invoked.length, 0);
  });

  it("refuses what breaks the model's constraints, all in one message", async () => {
    await using gateway = await startTestGateway();
    const headers = { "x-amz-invocation-type": "Later", "x-amz-log-type": "Head", "x-amz-tenant-id": "a?" };
    const refused = errorOf(await invoke(gateway, { name: "a b", query: "?Qualifier=a%20b", headers }));
    assert.deepEqual([refused.status, refused.code], [400, "ValidationException"]);
    assert.match(
      refused.message ?? "",
      /^5 validation errors detected: Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: \[Event, RequestResponse, DryRun\]; Value 'Head' at 'logType'.*'tenantId'.*'qualifier'.*Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: /,
    );
  });

  it("refuses other regions, other accounts and contradicting qualifiers", async () => {
    await using gateway = await startTestGateway();
    assert.deepEqual(errorOf(await invoke(gateway, { name: ARN.replace("us-east-1", "eu-west-1") })), {
      status: 404,
      code: "ResourceNotFoundException",
      message: "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    });
    assert.equal((await invoke(gateway, { name: ARN.replace("000000000000", "111111111111") })).status, 403);
    assert.deepEqual(errorOf(await invoke(gateway, { name: "thumb:1", query: "?Qualifier=2" })), {
      status: 400,
      code: "InvalidParameterValueException",
      message: "The derived qualifier from the function name does not match the specified qualifier.",
    });
  });

  it("refuses payloads that are not JSON, in Jackson's words", async () => {
    await using gateway = await startTestGateway();
    const refused = errorOf(await invoke(gateway, { body: '{\n "a": hello}' }));
    assert.deepEqual(refused, {
      status: 400,
      code: "InvalidRequestContentException",
      message:
        "Could not parse request body into json: Could not parse payload into json: Unrecognized token 'hello': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 2, column: 7]",
    });
  });

  it("refuses client contexts that are too long or no base64 JSON object", async () => {
    await using gateway = await startTestGateway();
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    for (const context of ["!", base64("[1]"), base64("{"), base64(`{"a":"${"x".repeat(3000)}"}`)]) {
      const refused = errorOf(await invoke(gateway, { headers: { "x-amz-client-context": context } }));
      assert.deepEqual([refused.status, refused.code], [400, "InvalidRequestContentException"]);
    }
  });

  it("refuses payloads over the limit with their size", async () => {
    await using gateway = await startTestGateway();
    const body = Buffer.alloc(6_291_457, " ");
    assert.deepEqual(errorOf(await invoke(gateway, { body })), {
      status: 413,
      code: "RequestTooLargeException",
      message: "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)",
    });
    const event = { body: Buffer.alloc(1_048_577, " "), headers: { "x-amz-invocation-type": "Event" } };
    assert.match(errorOf(await invoke(gateway, event)).message ?? "", /Event invocation type \(limit 1048576 bytes\)/);
    const largest = Buffer.alloc(6_291_456, " ");
    largest.write("7");
    assert.equal((await invoke(gateway, { body: largest })).status, 200);
  });

  it("lets execution roles invoke only when the region's patterns say so", async () => {
    await using open = await startTestGateway();
    assert.equal((await invoke(open, { credentials: FUNCTION_ROLE })).status, 200);
    await using closed = await startTestGateway({ authorize: authorizeByActions(["sqs:*"]) });
    const refused = errorOf(await invoke(closed, { credentials: FUNCTION_ROLE, name: "thumb:live" }));
    assert.equal(refused.status, 403);
    assert.match(
      refused.message ?? "",
      /not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:000000000000:function:thumb:live because/,
    );
  });

  it("answers refusals of the invoker as Lambda's errors", async () => {
    const refusals: [InvokeRefusal, number][] = [
      [new InvokeRefusal("ResourceNotFoundException", `Function not found: ${ARN}:$LATEST`), 404],
      [new InvokeRefusal("ResourceConflictException", "Pending"), 409],
      [
        new InvokeRefusal("TooManyRequestsException", "Rate Exceeded.", {
          Reason: "ConcurrentInvocationLimitExceeded",
        }),
        429,
      ],
    ];
    for (const [refusal, status] of refusals) {
      await using gateway = await startTestGateway({
        invoker: { invoke: () => Promise.reject(refusal), check: () => Promise.reject(refusal) },
      });
      const answer = await invoke(gateway);
      assert.deepEqual([answer.status, errorOf(answer).message], [status, refusal.message]);
      assert.equal(JSON.parse(answer.text).Type, "User");
      assert.equal(JSON.parse(answer.text).Reason, refusal.members.Reason);
      assert.deepEqual(gateway.logged, []);
      assert.equal((await invoke(gateway, { headers: { "x-amz-invocation-type": "DryRun" } })).status, status);
    }
  });

  it("tells what was throttled, and in the header Retry-After for how many seconds", async () => {
    const refusal = throttled("ReservedFunctionInvocationRateLimitExceeded", 1200);
    await using gateway = await startTestGateway({
      invoker: { invoke: () => Promise.reject(refusal), check: () => Promise.reject(refusal) },
    });
    const { status, headers, text } = await invoke(gateway);
    assert.deepEqual(
      [status, headers["x-amzn-errortype"], headers["retry-after"]],
      [429, "TooManyRequestsException", "2"],
    );
    assert.deepEqual(JSON.parse(text), {
      Reason: "ReservedFunctionInvocationRateLimitExceeded",
      Type: "User",
      message: "Rate Exceeded.",
    });
  });
});
