/**
 * What every conformance file starts from: a real region, and the AWS SDK connected to it in such a way that each answer
 * is held against the model before the SDK parses it (the SDK itself would silently drop what it does not know).
 */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { LambdaClient, LambdaServiceException } from "@aws-sdk/client-lambda";
import { loadModel } from "../../src/wire/model.ts";
import { TestRegion } from "../test-region.ts";
import { shapeFaults } from "./response-shape.ts";

const MODEL = loadModel("lambda");

export interface Refusal {
  readonly status: number;
  readonly name: string;
  /** Exactly, or by pattern where the text names what is random. */
  readonly message: string | RegExp;
}

export class Suite {
  readonly region: TestRegion;
  lambda: LambdaClient;

  private constructor(region: TestRegion) {
    this.region = region;
    this.lambda = checkedClient(region.url);
  }

  /**
   * Whoever starts a suite stops it.
   * @param variables settings of the region
   */
  static async start(
    isolation: "auto" | "process" = "process",
    variables: Readonly<Record<string, string>> = {},
  ): Promise<Suite> {
    return new Suite(await TestRegion.start(isolation, variables));
  }

  async stop(): Promise<void> {
    this.lambda.destroy();
    await this.region.stop();
  }

  /** Crash the region and start it again on the same data: what was answered with a 2xx must still be there. */
  async restart(): Promise<void> {
    this.lambda.destroy();
    await this.region.kill();
    await this.region.startAgain();
    this.lambda = checkedClient(this.region.url);
  }

  /** The call must be refused exactly so, in a form that the SDK understands. */
  async refused(call: Promise<unknown>, expected: Refusal): Promise<void> {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof LambdaServiceException, String(error));
      const { status, name, message } = expected;
      assert.deepEqual({ status: error.$metadata.httpStatusCode, name: error.name }, { status, name }, error.message);
      if (typeof message === "string") assert.equal(error.message, message);
      else assert.match(error.message, message);
      return true;
    });
  }
}

/** A client that throws an AssertionError when an answer is not as the model says. */
export function checkedClient(endpoint: string): LambdaClient {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const client = new LambdaClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const response = result.response as { statusCode: number; headers: Record<string, string>; body: Readable };
      const body = Buffer.concat(await response.body.toArray());
      checkBody(context.commandName ?? "", response, body);
      response.body = Readable.from([body]);
      return result;
    },
    { step: "deserialize", priority: "low", name: "holdAgainstModel" },
  );
  return client;
}

function checkBody(
  command: string,
  response: { statusCode: number; headers: Record<string, string> },
  body: Buffer,
): void {
  const operation = MODEL.operations.get(command.replace(/Command$/, ""));
  assert.ok(operation, `${command} is no operation of the model`);
  assert.ok(response.headers["x-amzn-requestid"], "every answer has a request id");
  const errorType = response.headers["x-amzn-errortype"];
  if (response.statusCode >= 300) {
    assert.ok(errorType, `an answer of ${response.statusCode} names its error`);
    const error = MODEL.error(errorType);
    if (error) assert.deepEqual(shapeFaults(error.shape, JSON.parse(body.toString())), [], `${command}: ${errorType}`);
    return;
  }
  assert.equal(errorType, undefined);
  const [, , status] = operation.http ?? [];
  // Invoke's status depends on the type of the invocation.
  if (!operation.output.members.some(({ traits }) => traits.httpResponseCode)) {
    assert.equal(response.statusCode, status, `${command}'s status`);
  }
  if (operation.output.members.some(({ traits }) => traits.httpPayload)) return;
  if (response.statusCode === 204) return assert.equal(body.length, 0, "204 has no body");
  const value: unknown = body.length === 0 ? {} : JSON.parse(body.toString());
  assert.deepEqual(shapeFaults(operation.output, value), [], `${command}'s answer`);
}
