/** The three ways to invoke: what each answers, and what each refuses, in the same words. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  CreateFunctionCommand,
  InvokeAsyncCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  type LambdaClient,
  PutFunctionConcurrencyCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, settings } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const SYNC_BYTES = 6_291_456;
const EVENT_BYTES = 1_048_576;

interface Call {
  readonly name?: string;
  readonly qualifier?: string;
  readonly payload?: Buffer;
  readonly tenant?: string;
  readonly trace?: string;
}

describe("an invocation", () => {
  let suite: Suite;
  let name: string;
  before(async () => {
    suite = await Suite.start();
    name = await activeFunction(suite.region);
  });
  after(() => suite.stop());

  const input = ({ qualifier, payload, tenant, ...call }: Call) => ({
    FunctionName: call.name ?? name,
    ...(qualifier !== undefined && { Qualifier: qualifier }),
    ...(payload !== undefined && { Payload: payload }),
    ...(tenant !== undefined && { TenantId: tenant }),
  });
  /** The SDK has no parameter for the trace header. */
  function traced(trace: string | undefined): LambdaClient {
    suite.lambda.middlewareStack.remove("trace");
    if (trace === undefined) return suite.lambda;
    suite.lambda.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers["x-amzn-trace-id"] = trace;
        return next(args);
      },
      { step: "build", name: "trace" },
    );
    return suite.lambda;
  }

  const invoke = (call: Call, more = {}) => traced(call.trace).send(new InvokeCommand({ ...input(call), ...more }));
  const event = (call: Call) => invoke(call, { InvocationType: "Event" });
  const stream = (call: Call) => traced(call.trace).send(new InvokeWithResponseStreamCommand(input(call)));
  const legacy = (call: Call) =>
    suite.lambda.send(
      new InvokeAsyncCommand({ FunctionName: call.name ?? name, InvokeArgs: call.payload ?? Buffer.from("{}") }),
    );

  test("answers 200 with the result, 202 with nothing, or a stream", async () => {
    const answered = await invoke({ payload: Buffer.from("{}") });
    assert.equal(answered.StatusCode, 200);
    assert.equal(answered.ExecutedVersion, "$LATEST");
    assert.equal(Buffer.from(answered.Payload ?? []).toString(), "1");
    const accepted = await event({ payload: Buffer.from("{}") });
    assert.equal(accepted.StatusCode, 202);
    assert.equal(accepted.Payload?.length ?? 0, 0);
    assert.equal(accepted.ExecutedVersion, undefined);
    assert.equal((await legacy({})).Status, 202);
    assert.equal((await invoke({}, { InvocationType: "DryRun" })).StatusCode, 204);
    const chunks: string[] = [];
    for await (const { PayloadChunk: chunk } of (await stream({})).EventStream ?? []) {
      if (chunk) chunks.push(Buffer.from(chunk.Payload ?? []).toString());
    }
    assert.equal(chunks.join(""), "1");
  });

  test("of what does not exist is refused", async () => {
    const message = `Function not found: ${ARN}nobody:$LATEST`;
    const expected = { status: 404, name: "ResourceNotFoundException", message };
    for (const call of [invoke, event, stream, legacy]) await suite.refused(call({ name: "nobody" }), expected);
  });

  test("with a body that is no JSON is refused", async () => {
    const expected = { status: 400, name: "InvalidRequestContentException", message: /^Could not parse .* into json/ };
    const payload = Buffer.from("{");
    for (const call of [invoke, event, stream]) await suite.refused(call({ payload }), expected);
    await suite.refused(legacy({ payload }), expected);
  });

  test("takes 6 MB, as an event 1 MB, and not a byte more", async () => {
    const sized = (bytes: number) => Buffer.from(JSON.stringify("x".repeat(bytes - 2)));
    const refusal = (bytes: number, type: string) => ({
      status: 413,
      name: "RequestTooLargeException",
      message: `${bytes + 1} byte payload is too large for the ${type} invocation type (limit ${bytes} bytes)`,
    });
    for (const call of [invoke, stream]) {
      assert.equal((await call({ payload: sized(SYNC_BYTES) })).StatusCode, 200);
      await suite.refused(call({ payload: sized(SYNC_BYTES + 1) }), refusal(SYNC_BYTES, "RequestResponse"));
    }
    assert.equal((await event({ payload: sized(EVENT_BYTES) })).StatusCode, 202);
    await suite.refused(event({ payload: sized(EVENT_BYTES + 1) }), refusal(EVENT_BYTES, "Event"));
  });

  test("of a function that is not ready is refused", async () => {
    const image = settings({
      PackageType: "Image",
      Code: { ImageUri: "000000000000.dkr.ecr.us-east-1.amazonaws.com/a:b" },
    });
    const { Runtime: _, Handler: __, ...created } = image;
    await suite.lambda.send(new CreateFunctionCommand(created));
    const expected = {
      status: 409,
      name: "ResourceConflictException",
      message:
        /^The operation cannot be performed at this time\. The function is currently in the following state: (Pending|Failed)$/,
    };
    for (const call of [invoke, stream]) await suite.refused(call({ name: String(created.FunctionName) }), expected);
  });

  test("of the newest published version is refused where there is none", async () => {
    const expected = {
      status: 400,
      name: "NoPublishedVersionException",
      message: "The function has no published versions available.",
    };
    for (const call of [invoke, stream]) await suite.refused(call({ qualifier: "$LATEST.PUBLISHED" }), expected);
  });

  test("for a tenant is refused by a function that does not keep tenants apart", async () => {
    const expected = {
      status: 400,
      name: "InvalidParameterValueException",
      message: /^The invoked function is not enabled with tenancy/,
    };
    for (const call of [invoke, stream]) await suite.refused(call({ tenant: "a" }), expected);
  });

  test("that comes by for the seventeenth time is refused", async () => {
    const hash = createHash("sha256").update(`${ARN}${name}`).digest("hex").slice(0, 8);
    const trace = (count: number) => `Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=${hash}:${count}`;
    const expected = { status: 400, name: "RecursiveInvocationException", message: /recursive loop/ };
    for (const call of [invoke, stream]) {
      assert.equal((await call({ trace: trace(15) })).StatusCode, 200);
      await suite.refused(call({ trace: trace(16) }), expected);
    }
  });

  test("of a function that is switched off is refused, but taken as an event", async () => {
    const FunctionName = await activeFunction(suite.region);
    await suite.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
    const expected = { status: 429, name: "TooManyRequestsException", message: "Rate Exceeded." };
    for (const call of [invoke, stream]) await suite.refused(call({ name: FunctionName }), expected);
    assert.equal((await event({ name: FunctionName })).StatusCode, 202);
  });
});
