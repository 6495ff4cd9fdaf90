import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import {
  type FunctionConfiguration,
  GetFunctionConfigurationCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  type PublishVersionCommandInput,
  UpdateFunctionCodeCommand,
  type UpdateFunctionCodeCommandInput,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationCommandInput,
} from "@aws-sdk/client-lambda";
import { TestRegion } from "../../test-region.ts";
import { ARN, activeFunction, CODE, invalid, notFound, refused, settled } from "./given.ts";
import { zipOf } from "./zip.ts";

const REVISION_MISMATCH =
  "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id";
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

const publish = (FunctionName: string, more: Omit<PublishVersionCommandInput, "FunctionName"> = {}) =>
  region.lambda.send(new PublishVersionCommand({ FunctionName, ...more }));

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

test("a revision that is not the latest is refused, the latest is not", async () => {
  const name = await activeFunction(region);
  const { RevisionId: latest } = await get(name);
  assert.ok(latest);
  for (const RevisionId of [randomUUID(), "x"]) {
    for (const call of [
      region.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, RevisionId })),
      updateCode(name, { ZipFile: CODE, RevisionId }),
      publish(name, { RevisionId }),
    ]) {
      await refused(call, 412, "PreconditionFailedException", REVISION_MISMATCH);
    }
  }
  assert.equal((await configured(name, { RevisionId: latest, Timeout: 7 })).Timeout, 7);
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

test("what cannot be updated is refused", async () => {
  const missing = "Function not found: arn:aws:lambda:us-east-1:000000000000:function:missing";
  await notFound(updateCode("missing", { ZipFile: CODE }), missing);
  await notFound(region.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: "missing" })), missing);
  await notFound(publish("missing"), missing);
  const name = await activeFunction(region);
  await invalid(
    updateCode(name, { ImageUri: "000000000000.dkr.ecr.us-east-1.amazonaws.com/x:1" }),
    "Please don't provide ImageUri when updating a function with packageType Zip.",
  );
  await invalid(
    updateCode(name, { S3Bucket: "bucket", S3Key: "key" }),
    "Code from Amazon S3 is not served by this region yet.",
  );
});

test("publishing gives 1, 2, 3; publishing without a change gives the newest version again", async () => {
  const name = await activeFunction(region);
  const first = await publish(name, { Description: "first" });
  assert.equal(first.$metadata.httpStatusCode, 201);
  assert.deepEqual(
    [first.Version, first.FunctionArn, first.Description, first.State],
    ["1", `${ARN}${name}:1`, "first", "Active"],
  );
  const again = await publish(name, { Description: "other" });
  assert.deepEqual([again.Version, again.RevisionId, again.Description], ["1", first.RevisionId, "first"]);
  await configured(name, { Description: "a description alone is no change" });
  assert.equal((await publish(name)).Version, "1");
  const before = await configured(name, { MemorySize: 256 });
  assert.equal((await publish(name)).Version, "2");
  assert.notEqual((await get(name)).RevisionId, before.RevisionId, "publishing renews the revision of $LATEST");
  const withCode = await updateCode(name, { ZipFile: OTHER_CODE, Publish: true });
  assert.deepEqual([withCode.Version, withCode.FunctionArn, withCode.State], ["3", `${ARN}${name}:3`, "Pending"]);
  assert.equal((await settled(region, name, "3")).State, "Active");
  assert.equal((await settled(region, name, "1")).MemorySize, 128);
});

test("publishing can insist on the code", async () => {
  const name = await activeFunction(region);
  const { CodeSha256: sha } = await get(name);
  await invalid(
    publish(name, { CodeSha256: "other" }),
    `CodeSHA256 (other) is different from current CodeSHA256 in $LATEST (${sha}). Please try again with the CodeSHA256 in $LATEST.`,
  );
  assert.equal((await publish(name, { CodeSha256: sha })).Version, "1");
});

test("versions are listed with $LATEST first, without states, page by page", async () => {
  const name = await activeFunction(region, { Publish: true });
  await configured(name, { MemorySize: 256 });
  await publish(name);
  const arns: (string | undefined)[] = [];
  let Marker: string | undefined;
  do {
    const page = await region.lambda.send(
      new ListVersionsByFunctionCommand({ FunctionName: name, MaxItems: 2, ...(Marker && { Marker }) }),
    );
    for (const version of page.Versions ?? []) {
      arns.push(version.FunctionArn);
      assert.deepEqual(
        [version.State, version.LastUpdateStatus, version.RuntimeVersionConfig],
        [undefined, undefined, undefined],
      );
    }
    Marker = page.NextMarker;
  } while (Marker);
  assert.deepEqual(arns, [`${ARN}${name}:$LATEST`, `${ARN}${name}:1`, `${ARN}${name}:2`]);
  await notFound(
    region.lambda.send(new ListVersionsByFunctionCommand({ FunctionName: "missing" })),
    `Function not found: ${ARN}missing`,
  );
});
