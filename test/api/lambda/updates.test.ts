import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  type FunctionConfiguration,
  GetFunctionConfigurationCommand,
  UpdateFunctionCodeCommand,
  type UpdateFunctionCodeCommandInput,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationCommandInput,
} from "@aws-sdk/client-lambda";
import { TestRegion } from "../../test-region.ts";
import { activeFunction, invalid, settled } from "./given.ts";
import { zipOf } from "./zip.ts";

const OTHER_CODE = zipOf({ "index.js": "exports.handler = async () => 2;" });

let region: TestRegion;
before(async () => {
  region = await TestRegion.start();
});
after(() => region.stop());

type Settings = Omit<UpdateFunctionConfigurationCommandInput, "FunctionName">;

/** Ask for the update and wait until it has settled. */
async function configured(name: string, change: Settings): Promise<FunctionConfiguration> {
  await region.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, ...change }));
  return settled(region, name);
}

const updateCode = (FunctionName: string, more: Omit<UpdateFunctionCodeCommandInput, "FunctionName">) =>
  region.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ...more }));

const get = (FunctionName: string) => region.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));

test("an update answers InProgress with the new configuration, then becomes Successful", async () => {
  const name = await activeFunction(region);
  const before = await get(name);
  const updating = await region.lambda.send(
    new UpdateFunctionConfigurationCommand({ FunctionName: name, Timeout: 30, Description: "new" }),
  );
  assert.equal(updating.$metadata.httpStatusCode, 200);
  assert.deepEqual([updating.State, updating.LastUpdateStatus], ["Active", "InProgress"]);
  assert.equal(updating.LastUpdateStatusReasonCode, "Creating");
  assert.deepEqual([updating.Timeout, updating.Description, updating.MemorySize], [30, "new", 128]);
  const after = await settled(region, name);
  assert.equal(after.LastUpdateStatus, "Successful");
  assert.deepEqual([after.LastUpdateStatusReason, after.LastUpdateStatusReasonCode], [undefined, undefined]);
  assert.equal(new Set([before.RevisionId, updating.RevisionId, after.RevisionId]).size, 3);
});

test("an update that changes nothing changes the revision all the same", async () => {
  const name = await activeFunction(region);
  const before = await get(name);
  const after = await configured(name, {});
  assert.notEqual(after.RevisionId, before.RevisionId);
  assert.equal(after.Timeout, before.Timeout);
});

test("empty values clear", async () => {
  const name = await activeFunction(region, {
    Environment: { Variables: { AA: "a" } },
    DeadLetterConfig: { TargetArn: "arn:aws:sqs:us-east-1:000000000000:dead" },
    KMSKeyArn: "arn:aws:kms:us-east-1:000000000000:key/k",
    LoggingConfig: { LogFormat: "JSON" },
    Description: "text",
  });
  const cleared = await configured(name, {
    Environment: { Variables: {} },
    DeadLetterConfig: { TargetArn: "" },
    KMSKeyArn: "",
    LoggingConfig: { LogFormat: "Text" },
    Description: "",
    Layers: [],
    VpcConfig: { SubnetIds: [], SecurityGroupIds: [] },
  });
  assert.deepEqual(cleared.Environment, { Variables: {} });
  assert.deepEqual([cleared.DeadLetterConfig, cleared.KMSKeyArn, cleared.Layers], [undefined, undefined, undefined]);
  assert.deepEqual(cleared.LoggingConfig, { LogFormat: "Text", LogGroup: `/aws/lambda/${name}` });
  assert.equal(cleared.Description, "");
  assert.deepEqual(cleared.VpcConfig, {
    SubnetIds: [],
    SecurityGroupIds: [],
    VpcId: "",
    Ipv6AllowedForDualStack: false,
  });
});

test("of concurrent updates each is done or refused, and none is lost", async () => {
  const name = await activeFunction(region);
  const updates = ["AA", "BB", "CC", "DD"].map((key) =>
    region.lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: name, Environment: { Variables: { [key]: "1" } } }),
    ),
  );
  const results = await Promise.allSettled(updates);
  const done = results.filter((result) => result.status === "fulfilled");
  assert.ok(done.length >= 1);
  for (const result of results) {
    if (result.status === "rejected") assert.equal(result.reason.name, "ResourceConflictException");
  }
  const last = await settled(region, name);
  assert.ok(done.some(({ value }) => JSON.stringify(value.Environment) === JSON.stringify(last.Environment)));
});

test("new code has its own hash and size, and a dry run changes nothing", async () => {
  const name = await activeFunction(region);
  const before = await get(name);
  await updateCode(name, { ZipFile: OTHER_CODE, DryRun: true });
  assert.deepEqual({ ...(await get(name)), $metadata: 0 }, { ...before, $metadata: 0 });
  await invalid(
    updateCode(name, { ZipFile: Buffer.from("no zip"), DryRun: true }),
    "Could not unzip uploaded file. Please check your file, then try to upload again.",
  );
  await updateCode(name, { ZipFile: OTHER_CODE, Architectures: ["arm64"] });
  const after = await settled(region, name);
  assert.notEqual(after.CodeSha256, before.CodeSha256);
  assert.equal(after.CodeSize, OTHER_CODE.length);
  assert.deepEqual(after.Architectures, ["arm64"]);
});
