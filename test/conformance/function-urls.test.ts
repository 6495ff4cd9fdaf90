/** The configurations of function URLs: made, read, changed, removed, refused, and there after a crash. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type Cors,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  type CreateFunctionUrlConfigCommandInput,
  DeleteFunctionCommand,
  DeleteFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  ListFunctionUrlConfigsCommand,
  UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import { ARN, settings } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;
const CORS: Cors = {
  AllowCredentials: true,
  AllowHeaders: ["X-Custom", "*"],
  AllowMethods: ["GET", "POST"],
  AllowOrigins: ["https://example.com", "http://localhost:60905"],
  ExposeHeaders: ["Date"],
  MaxAge: 300,
};

describe("function URL configurations", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const newFunction = async (): Promise<string> => {
    const input = settings();
    await suite.lambda.send(new CreateFunctionCommand({ ...input, Publish: true }));
    return String(input.FunctionName);
  };
  const create = (FunctionName: string, more: Partial<CreateFunctionUrlConfigCommandInput> = {}) =>
    suite.lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "NONE", ...more }));
  const get = (FunctionName: string, Qualifier?: string) =>
    suite.lambda.send(new GetFunctionUrlConfigCommand({ FunctionName, Qualifier }));
  const withoutMetadata = <T extends { $metadata: unknown }>({ $metadata: _, ...members }: T) => members;

  const NO_FUNCTION = { status: 404, name: "ResourceNotFoundException", message: "Function does not exist" };
  const NO_URL = {
    status: 404,
    name: "ResourceNotFoundException",
    message: "The resource you requested does not exist.",
  };

  test("one is created with what was asked for, and kept over a crash", async () => {
    const name = await newFunction();
    const created = await create(name, { AuthType: "AWS_IAM", Cors: CORS, InvokeMode: "RESPONSE_STREAM" });
    const { CreationTime = "", FunctionUrl = "" } = created;
    assert.match(CreationTime, TIME);
    const port = new URL(suite.region.url).port;
    assert.match(FunctionUrl, new RegExp(`^http://[a-z0-9]{32}\\.lambda-url\\.us-east-1\\.localhost:${port}/$`));
    const all = {
      FunctionUrl,
      FunctionArn: `${ARN}${name}`,
      AuthType: "AWS_IAM",
      CreationTime,
      Cors: CORS,
      InvokeMode: "RESPONSE_STREAM",
    };
    assert.deepEqual(withoutMetadata(created), all);
    const shown = withoutMetadata(await get(name));
    assert.deepEqual(shown, { ...all, LastModifiedTime: CreationTime });
    await suite.restart();
    // The region has another port by now; the URL's id never changes.
    const again = await get(name);
    assert.equal(new URL(again.FunctionUrl ?? "").hostname, new URL(FunctionUrl).hostname);
    assert.deepEqual({ ...withoutMetadata(again), FunctionUrl }, shown);
  });

  test("InvokeMode is BUFFERED unless asked for, and told by CreateFunctionUrlConfig only when asked for", async () => {
    const name = await newFunction();
    assert.equal((await create(name)).InvokeMode, undefined);
    const shown = await get(name);
    assert.deepEqual([shown.InvokeMode, shown.Cors], ["BUFFERED", undefined]);
  });

  test("an update replaces the given members, keeps the others, and is there after a crash", async () => {
    const name = await newFunction();
    const { FunctionUrl, CreationTime } = await create(name, { Cors: CORS });
    const update = (more: object) =>
      suite.lambda.send(new UpdateFunctionUrlConfigCommand({ FunctionName: name, ...more }));
    const iam = await update({ AuthType: "AWS_IAM" });
    assert.deepEqual([iam.AuthType, iam.Cors, iam.InvokeMode], ["AWS_IAM", CORS, "BUFFERED"]);
    const streamed = await update({ InvokeMode: "RESPONSE_STREAM", Cors: { AllowOrigins: ["*"] } });
    assert.deepEqual([streamed.InvokeMode, streamed.Cors], ["RESPONSE_STREAM", { AllowOrigins: ["*"] }]);
    assert.equal((await update({})).InvokeMode, "RESPONSE_STREAM");
    const cleared = withoutMetadata(await update({ Cors: {} }));
    assert.match(cleared.LastModifiedTime ?? "", TIME);
    assert.ok((cleared.LastModifiedTime ?? "") >= (CreationTime ?? ""));
    assert.deepEqual(cleared, {
      FunctionUrl,
      FunctionArn: `${ARN}${name}`,
      AuthType: "AWS_IAM",
      CreationTime,
      LastModifiedTime: cleared.LastModifiedTime,
      InvokeMode: "RESPONSE_STREAM",
    });
    await suite.restart();
    const { FunctionUrl: _, ...shown } = withoutMetadata(await get(name));
    const { FunctionUrl: __, ...told } = cleared;
    assert.deepEqual(shown, told);
  });

  test("one that exists is not created again", async () => {
    const name = await newFunction();
    await create(name);
    await suite.refused(create(name), {
      status: 409,
      name: "ResourceConflictException",
      message: `Failed to create function url config for [functionArn = ${ARN}${name}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
    });
  });

  test("one that is deleted is gone, after a crash too, and another comes with another id", async () => {
    const name = await newFunction();
    const { FunctionUrl } = await create(name);
    await suite.lambda.send(new DeleteFunctionUrlConfigCommand({ FunctionName: name }));
    await suite.restart();
    await suite.refused(get(name), NO_URL);
    const again = await create(name);
    assert.notEqual(new URL(again.FunctionUrl ?? "").hostname, new URL(FunctionUrl ?? "").hostname);
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
    await suite.refused(get(name), NO_URL);
  });

  test("a function that keeps its tenants apart has none", async () => {
    const input = settings({ TenancyConfig: { TenantIsolationMode: "PER_TENANT" } });
    await suite.lambda.send(new CreateFunctionCommand(input));
    await suite.refused(create(String(input.FunctionName)), {
      status: 400,
      name: "InvalidParameterValueException",
      message: "Function URLs are not supported for functions with tenant isolation.",
    });
  });

  test("what does not exist is refused by every operation", async () => {
    const name = await newFunction();
    const update = (FunctionName: string, Qualifier?: string) =>
      suite.lambda.send(new UpdateFunctionUrlConfigCommand({ FunctionName, Qualifier, AuthType: "NONE" }));
    const remove = (FunctionName: string, Qualifier?: string) =>
      suite.lambda.send(new DeleteFunctionUrlConfigCommand({ FunctionName, Qualifier }));
    await suite.refused(create("nobody"), NO_FUNCTION);
    await suite.refused(create(name, { Qualifier: "nobody" }), NO_FUNCTION);
    await suite.refused(update("nobody"), NO_FUNCTION);
    await suite.refused(update(name, "nobody"), NO_FUNCTION);
    await suite.refused(update(name), NO_URL);
    for (const call of [get, remove]) {
      await suite.refused(call("nobody"), NO_URL);
      await suite.refused(call(name), NO_URL);
      await suite.refused(call(name, "nobody"), NO_URL);
    }
    await suite.refused(suite.lambda.send(new ListFunctionUrlConfigsCommand({ FunctionName: "nobody" })), NO_FUNCTION);
  });
});
