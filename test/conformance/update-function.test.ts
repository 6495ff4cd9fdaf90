/** UpdateFunctionConfiguration and UpdateFunctionCode: what they may not change, and what they leave as it was. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  GetFunctionCommand,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
  type UpdateFunctionCodeCommandInput,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationCommandInput,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, CODE, settled } from "../api/lambda/given.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { Suite } from "./suite.ts";

const OTHER_CODE = zipOf({ "index.js": "exports.handler = async () => 2;" });
const KEY = "arn:aws:kms:us-east-1:000000000000:key/k";

describe("updates of functions", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const configure = (FunctionName: string, more: Omit<UpdateFunctionConfigurationCommandInput, "FunctionName">) =>
    suite.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, ...more }));
  const code = (FunctionName: string, more: Omit<UpdateFunctionCodeCommandInput, "FunctionName">) =>
    suite.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ...more }));
  const get = (FunctionName: string) => suite.lambda.send(new GetFunctionCommand({ FunctionName }));
  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const violates = (call: Promise<unknown>, message: RegExp) =>
    suite.refused(call, { status: 400, name: "ValidationException", message });

  test("change what is given and nothing else, and are there after a crash", async () => {
    const name = await activeFunction(suite.region, {
      Environment: { Variables: { AA: "a" } },
      KMSKeyArn: KEY,
      DeadLetterConfig: { TargetArn: "arn:aws:sqs:us-east-1:000000000000:dead" },
      VpcConfig: { SubnetIds: ["subnet-1"], SecurityGroupIds: ["sg-1"] },
      Tags: { team: "a" },
    });
    const { Configuration: before } = await get(name);
    await configure(ARN + name, { Timeout: 900, MemorySize: 10_240, EphemeralStorage: { Size: 10_240 } });
    await settled(suite.region, name);
    await suite.restart();
    const { Configuration: after, Tags } = await get(name);
    assert.deepEqual(Tags, { team: "a" });
    const changed = ["Timeout", "MemorySize", "EphemeralStorage", "RevisionId", "LastModified"];
    for (const [member, value] of Object.entries(before ?? {})) {
      if (!changed.includes(member)) assert.deepEqual(after?.[member as keyof typeof after], value, member);
    }
    assert.deepEqual([after?.Timeout, after?.MemorySize, after?.EphemeralStorage?.Size], [900, 10_240, 10_240]);
  });

  test("have members within their borders", async () => {
    const name = await activeFunction(suite.region);
    await violates(configure(name, { Timeout: 0 }), /at 'timeout' .*greater than or equal to 1$/);
    await violates(configure(name, { Timeout: 901 }), /at 'timeout' .*less than or equal to 900$/);
    await violates(configure(name, { MemorySize: 127 }), /at 'memorySize' .*greater than or equal to 128$/);
    await invalid(
      configure(name, { MemorySize: 10_241 }),
      "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 10240",
    );
    await violates(configure(name, { EphemeralStorage: { Size: 511 } }), /greater than or equal to 512$/);
    await violates(configure(name, { EphemeralStorage: { Size: 10_241 } }), /less than or equal to 10240$/);
    await violates(configure(name, { Description: "d".repeat(257) }), /less than or equal to 256$/);
    await violates(configure(name, { Handler: "h".repeat(129) }), /less than or equal to 128$/);
    await violates(configure(name, { Role: "r" }), /at 'role'/);
    await invalid(
      configure(name, { VpcConfig: { SubnetIds: ["subnet-1"], SecurityGroupIds: [] } }),
      "SubnetIds and SecurityIds must coexist or be both empty list.",
    );
    await invalid(
      configure(name, { ImageConfig: { Command: ["x"] } }),
      "Please don't provide ImageConfig for a function with packageType Zip.",
    );
    await invalid(
      configure(name, { DurableConfig: { ExecutionTimeout: 60 } }),
      "DurableConfig can only be provided when the function is created.",
    );
    assert.equal((await get(name)).Configuration?.LastUpdateStatus, "Successful", "what is refused changes nothing");
  });

  test("are of functions, not of versions, and of the revision that the caller knows", async () => {
    const name = await activeFunction(suite.region, { Publish: true });
    const only =
      "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.";
    await invalid(configure(`${name}:1`, {}), only);
    await invalid(code(`${name}:1`, { ZipFile: CODE }), only);
    const stale = {
      status: 412,
      name: "PreconditionFailedException",
      message:
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
    };
    await suite.refused(configure(name, { RevisionId: randomUUID() }), stale);
    await suite.refused(code(name, { ZipFile: CODE, RevisionId: randomUUID() }), stale);
    const missing = { status: 404, name: "ResourceNotFoundException", message: `Function not found: ${ARN}nobody` };
    await suite.refused(configure("nobody", {}), missing);
    await suite.refused(code("nobody", { ZipFile: CODE }), missing);
    await suite.refused(code("nobody", { ImageUri: "r.example/app:1" }), missing);
  });

  test("of code replace the key that it is encrypted with, and a dry run replaces nothing", async () => {
    const name = await activeFunction(suite.region, { Code: { ZipFile: CODE, SourceKMSKeyArn: KEY } });
    const dry = await code(name, { ZipFile: OTHER_CODE, DryRun: true });
    const { Configuration: before } = await get(name);
    assert.notEqual(dry.CodeSha256, before?.CodeSha256);
    assert.deepEqual([dry.RevisionId, dry.LastUpdateStatus], [before?.RevisionId, "Successful"]);
    assert.equal((await get(name)).Code?.SourceKMSKeyArn, KEY);
    await code(name, { ZipFile: OTHER_CODE });
    await settled(suite.region, name);
    assert.equal((await get(name)).Code?.SourceKMSKeyArn, undefined);
    await invalid(code(name, {}), "Please provide a source for function code.");
    await invalid(
      code(name, { S3Bucket: "bucket", S3Key: "k" }),
      "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist",
    );
    await invalid(
      code(name, { ZipFile: CODE, ImageUri: "r.example/app:1" }),
      "Please do not provide other FunctionCode parameters when providing a ZipFile.",
    );
  });

  test("publish to nothing that a function does not have", async () => {
    const name = await activeFunction(suite.region);
    const only = "PublishTo LATEST_PUBLISHED is only supported for functions with a capacity provider.";
    await invalid(code(name, { ZipFile: CODE, PublishTo: "LATEST_PUBLISHED" }), only);
    const publish = new PublishVersionCommand({ FunctionName: name, PublishTo: "LATEST_PUBLISHED" });
    await invalid(suite.lambda.send(publish), only);
  });
});
