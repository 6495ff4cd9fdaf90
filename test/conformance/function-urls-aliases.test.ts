/** URLs of aliases beside that of their function: each its own, all listed together. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  type CreateFunctionUrlConfigCommandInput,
  DeleteAliasCommand,
  DeleteFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  ListFunctionUrlConfigsCommand,
} from "@aws-sdk/client-lambda";
import { ARN, settings } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

describe("URLs of aliases", () => {
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
  const newAlias = (FunctionName: string, Name: string) =>
    suite.lambda.send(new CreateAliasCommand({ FunctionName, Name, FunctionVersion: "1" }));
  const create = (FunctionName: string, more: Partial<CreateFunctionUrlConfigCommandInput> = {}) =>
    suite.lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "NONE", ...more }));
  const get = (FunctionName: string, Qualifier?: string) =>
    suite.lambda.send(new GetFunctionUrlConfigCommand({ FunctionName, Qualifier }));
  const withoutMetadata = <T extends { $metadata: unknown }>({ $metadata: _, ...members }: T) => members;

  const NO_URL = {
    status: 404,
    name: "ResourceNotFoundException",
    message: "The resource you requested does not exist.",
  };

  test("the function and each of its aliases have one of their own", async () => {
    const name = await newFunction();
    await newAlias(name, "live");
    const own = await create(name);
    const ofAlias = await create(name, { Qualifier: "live" });
    assert.equal(ofAlias.FunctionArn, `${ARN}${name}:live`);
    assert.notEqual(ofAlias.FunctionUrl, own.FunctionUrl);
    assert.equal((await get(`${name}:live`)).FunctionUrl, ofAlias.FunctionUrl);
    assert.equal((await get(`${ARN}${name}:live`)).FunctionUrl, ofAlias.FunctionUrl);
    assert.equal((await get(name)).FunctionUrl, own.FunctionUrl);
    await suite.refused(create(name, { Qualifier: "live" }), {
      status: 409,
      name: "ResourceConflictException",
      message: `Failed to create function url config for [functionArn = ${ARN}${name}:live]. Error message:  FunctionUrlConfig exists for this Lambda function`,
    });
    await suite.lambda.send(new DeleteAliasCommand({ FunctionName: name, Name: "live" }));
    assert.equal((await get(name, "live")).FunctionUrl, ofAlias.FunctionUrl, "it outlives its alias");
    await suite.lambda.send(new DeleteFunctionUrlConfigCommand({ FunctionName: name, Qualifier: "live" }));
    await suite.refused(get(name, "live"), NO_URL);
  });

  test("they are listed page by page, the function's own first, then by alias", async () => {
    const name = await newFunction();
    const list = (more: object) =>
      suite.lambda.send(new ListFunctionUrlConfigsCommand({ FunctionName: name, ...more }));
    assert.deepEqual((await list({})).FunctionUrlConfigs, []);
    for (const alias of ["c", "a", "b"]) {
      await newAlias(name, alias);
      await create(name, { Qualifier: alias });
    }
    await create(name);
    const arns = (page: Awaited<ReturnType<typeof list>>) =>
      page.FunctionUrlConfigs?.map((url) => String(url.FunctionArn).slice(ARN.length));
    const whole = await list({});
    assert.deepEqual(arns(whole), [name, `${name}:a`, `${name}:b`, `${name}:c`]);
    assert.equal(whole.NextMarker, undefined);
    assert.deepEqual(whole.FunctionUrlConfigs?.[0], withoutMetadata(await get(name)));
    const first = await list({ MaxItems: 3 });
    assert.deepEqual(arns(first), [name, `${name}:a`, `${name}:b`]);
    const last = await list({ MaxItems: 3, Marker: first.NextMarker });
    assert.deepEqual([arns(last), last.NextMarker], [[`${name}:c`], undefined]);
    assert.equal((await list({ MaxItems: 4 })).NextMarker, undefined);
    const other = await newFunction();
    for (const [FunctionName, Marker] of [
      [name, "nonsense"],
      [other, first.NextMarker],
    ]) {
      const call = suite.lambda.send(new ListFunctionUrlConfigsCommand({ FunctionName, Marker }));
      await suite.refused(call, {
        status: 400,
        name: "InvalidParameterValueException",
        message: "The provided marker is invalid.",
      });
    }
  });
});
