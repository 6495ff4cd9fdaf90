import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";
import { TestRegion } from "../../test-region.ts";
import { ARN, activeFunction, CODE, notFound, ROLE, settings } from "./given.ts";

let region: TestRegion;
before(async () => {
  region = await TestRegion.start();
});
after(() => region.stop());

const getFunction = (FunctionName: string, Qualifier?: string) =>
  region.lambda.send(new GetFunctionCommand({ FunctionName, ...(Qualifier !== undefined && { Qualifier }) }));

test("a created function is Pending with Lambda's defaults, and becomes Active", async () => {
  const input = settings();
  const { $metadata, ...created } = await region.lambda.send(new CreateFunctionCommand(input));
  assert.equal($metadata.httpStatusCode, 201);
  const { LastModified: modified, RevisionId: revision, RuntimeVersionConfig: runtime, ...rest } = created;
  assert.match(modified as string, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
  assert.match(revision as string, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.match(runtime?.RuntimeVersionArn as string, /^arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}$/);
  assert.deepEqual(rest, {
    FunctionName: input.FunctionName,
    FunctionArn: ARN + input.FunctionName,
    Runtime: "nodejs22.x",
    Role: ROLE,
    Handler: "index.handler",
    CodeSize: CODE.length,
    Description: "",
    Timeout: 3,
    MemorySize: 128,
    CodeSha256: createHash("sha256").update(CODE).digest("base64"),
    Version: "$LATEST",
    TracingConfig: { Mode: "PassThrough" },
    State: "Pending",
    StateReason: "The function is being created.",
    StateReasonCode: "Creating",
    PackageType: "Zip",
    Architectures: ["x86_64"],
    EphemeralStorage: { Size: 512 },
    SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
    LoggingConfig: { LogFormat: "Text", LogGroup: `/aws/lambda/${input.FunctionName}` },
  });
  const waiter = { client: region.lambda, maxWaitTime: 20, minDelay: 1 };
  const { state } = await waitUntilFunctionActiveV2(waiter, { FunctionName: input.FunctionName });
  assert.equal(state, "SUCCESS");
  const { Configuration: active } = await getFunction(input.FunctionName as string);
  assert.deepEqual([active?.State, active?.LastUpdateStatus], ["Active", "Successful"]);
  assert.deepEqual([active?.StateReason, active?.StateReasonCode], [undefined, undefined]);
  assert.notEqual(active?.RevisionId, revision);
});

test("everything that a function is created with is answered and kept", async () => {
  const given = {
    Description: "d".repeat(256),
    Timeout: 900,
    MemorySize: 10240,
    EphemeralStorage: { Size: 10240 },
    Environment: { Variables: { KEY: 'väl"ue', EMPTY: "" } },
    TracingConfig: { Mode: "Active" },
    DeadLetterConfig: { TargetArn: "arn:aws:sqs:us-east-1:000000000000:dead" },
    KMSKeyArn: "arn:aws:kms:us-east-1:000000000000:key/k",
  } as const;
  const name = await activeFunction(region, {
    ...given,
    Architectures: ["arm64"],
    Runtime: "python3.11",
    SnapStart: { ApplyOn: "None" },
    LoggingConfig: { LogFormat: "JSON", SystemLogLevel: "WARN", LogGroup: "/my/group" },
    Tags: { team: "a" },
  });
  const { Configuration: kept = {}, Tags: tags } = await getFunction(name);
  for (const [member, value] of Object.entries(given)) {
    assert.deepEqual(kept[member as keyof typeof kept], value, member);
  }
  assert.deepEqual(kept.Architectures, ["arm64"]);
  assert.deepEqual(kept.LoggingConfig, {
    LogFormat: "JSON",
    ApplicationLogLevel: "INFO",
    SystemLogLevel: "WARN",
    LogGroup: "/my/group",
  });
  assert.deepEqual(tags, { team: "a" });
});

test("variables that were set to none are answered as none, those never set not at all", async () => {
  const [none, never] = [
    await activeFunction(region, { Environment: { Variables: {} } }),
    await activeFunction(region),
  ];
  assert.deepEqual((await getFunction(none)).Configuration?.Environment, { Variables: {} });
  assert.equal((await getFunction(never)).Configuration?.Environment, undefined);
});

test("a deleted function is gone, with all its versions, and its name is free again", async () => {
  const name = await activeFunction(region, { Publish: true });
  const { $metadata } = await region.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
  assert.equal($metadata.httpStatusCode, 204);
  await notFound(getFunction(name), `Function not found: ${ARN}${name}`);
  await notFound(getFunction(name, "1"), `Function not found: ${ARN}${name}:1`);
  await notFound(
    region.lambda.send(new DeleteFunctionCommand({ FunctionName: name })),
    `Function not found: ${ARN}${name}`,
  );
  await activeFunction(region, { FunctionName: name });
});

test("account settings tell limits and what is in use", async () => {
  const before = await region.lambda.send(new GetAccountSettingsCommand({}));
  await activeFunction(region);
  const after = await region.lambda.send(new GetAccountSettingsCommand({}));
  assert.equal(after.AccountLimit?.CodeSizeUnzipped, 262144000);
  assert.equal(after.AccountLimit?.CodeSizeZipped, 52428800);
  assert.equal(after.AccountLimit?.ConcurrentExecutions, 1000);
  const grown = (member: "FunctionCount" | "TotalCodeSize") =>
    (after.AccountUsage?.[member] ?? 0) - (before.AccountUsage?.[member] ?? 0);
  assert.deepEqual([grown("FunctionCount"), grown("TotalCodeSize")], [1, CODE.length]);
});
