import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  ListFunctionsCommand,
  ListTagsCommand,
  paginateListFunctions,
  TagResourceCommand,
  UntagResourceCommand,
  waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";
import { TestRegion } from "../../test-region.ts";
import { ARN, activeFunction, CODE, invalid, newName, notFound, ROLE, refused, settings } from "./given.ts";

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

test("the code can be downloaded from Code.Location as it was uploaded", async () => {
  const { Code: code } = await getFunction(await activeFunction(region));
  assert.equal(code?.RepositoryType, "S3");
  const response = await fetch(code?.Location as string);
  assert.equal(response.status, 200);
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), CODE);
});

test("a name exists once", async () => {
  const name = await activeFunction(region);
  const again = region.lambda.send(new CreateFunctionCommand(settings({ FunctionName: name })));
  await refused(again, 409, "ResourceConflictException", `Function already exist: ${name}`);
});

test("the ARN is answered as the function was asked for", async () => {
  const name = await activeFunction(region, { Publish: true });
  const arnOf = async (text: string, qualifier?: string) =>
    (await getFunction(text, qualifier)).Configuration?.FunctionArn;
  assert.equal(await arnOf(name), ARN + name);
  assert.equal(await arnOf(name, "$LATEST"), `${ARN}${name}:$LATEST`);
  assert.equal(await arnOf(name, "1"), `${ARN}${name}:1`);
  assert.equal(await arnOf(`${ARN}${name}:1`), `${ARN}${name}:1`);
  assert.equal(await arnOf(`${ARN}${name}:1`, "1"), `${ARN}${name}:1`);
  assert.equal(await arnOf(`000000000000:function:${name}`), ARN + name);
  assert.equal(await arnOf(`function:${name}`), ARN + name);
});

test("what does not exist, or is not ours, is not found", async () => {
  const name = await activeFunction(region);
  await notFound(getFunction("missing"), `Function not found: ${ARN}missing`);
  await notFound(getFunction("missing", "$LATEST"), `Function not found: ${ARN}missing`);
  await notFound(getFunction(name, "7"), `Function not found: ${ARN}${name}:7`);
  await notFound(getFunction(name, "live"), `Function not found: ${ARN}${name}:live`);
  const elsewhere = new GetFunctionConfigurationCommand({ FunctionName: ARN.replace("us-east-1", "eu-west-1") + name });
  await notFound(
    region.lambda.send(elsewhere),
    "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
  );
  const others = `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
  await refused(
    getFunction(`123456789012:function:${name}`),
    403,
    "AccessDeniedException",
    `User: arn:aws:iam::000000000000:root is not authorized to perform: lambda:GetFunction on resource: ${others} because no resource-based policy allows the lambda:GetFunction action`,
  );
  await invalid(
    getFunction(`${name}:1`, "2"),
    "The derived qualifier from the function name does not match the specified qualifier.",
  );
});

test("lists give every function once, in order, in pages of the size that was asked for", async () => {
  const names = [await activeFunction(region), await activeFunction(region, { Publish: true })];
  const seen: string[] = [];
  for await (const page of paginateListFunctions({ client: region.lambda, pageSize: 1 }, {})) {
    assert.ok((page.Functions?.length ?? 0) <= 1);
    for (const item of page.Functions ?? []) {
      seen.push(item.FunctionName as string);
      assert.equal(item.FunctionArn, ARN + item.FunctionName);
      assert.deepEqual(
        [item.State, item.LastUpdateStatus, item.RuntimeVersionConfig],
        [undefined, undefined, undefined],
      );
    }
  }
  assert.deepEqual(seen, seen.toSorted());
  assert.equal(new Set(seen).size, seen.length);
  for (const name of names) assert.ok(seen.includes(name));
  const all = await region.lambda.send(new ListFunctionsCommand({ FunctionVersion: "ALL" }));
  const versions = all.Functions?.filter((item) => item.FunctionName === names[1]).map((item) => item.FunctionArn);
  assert.deepEqual(versions, [`${ARN}${names[1]}:$LATEST`, `${ARN}${names[1]}:1`]);
  await invalid(
    region.lambda.send(new ListFunctionsCommand({ Marker: "nonsense" })),
    "The provided marker is invalid.",
  );
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

test("one version can be deleted, but neither $LATEST nor an alias", async () => {
  const name = await activeFunction(region, { Publish: true });
  const deletion = (Qualifier: string) =>
    region.lambda.send(new DeleteFunctionCommand({ FunctionName: name, Qualifier }));
  await invalid(deletion("$LATEST"), "$LATEST version cannot be deleted without deleting the function.");
  await invalid(deletion("live"), "Deletion of aliases is not currently supported.");
  await deletion("1");
  await notFound(deletion("1"), `Function not found: ${ARN}${name}:1`);
  assert.ok((await getFunction(name)).Configuration);
});

test("tags are merged, removed and counted", async () => {
  const name = await activeFunction(region, { Tags: { a: "1" } });
  const Resource = ARN + name;
  const tag = (Tags: Record<string, string>) => region.lambda.send(new TagResourceCommand({ Resource, Tags }));
  await tag({ b: "2", a: "3" });
  await region.lambda.send(new UntagResourceCommand({ Resource, TagKeys: ["b", "never"] }));
  assert.deepEqual((await region.lambda.send(new ListTagsCommand({ Resource }))).Tags, { a: "3" });
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`key${n}`, "x"]));
  await tag(many(49));
  await invalid(tag({ more: "x" }), "Number of tags exceeds resource tag limit.");
  await invalid(tag({}), "An error occurred and the request cannot be processed.");
  await invalid(
    region.lambda.send(new ListTagsCommand({ Resource: `${Resource}:1` })),
    "Tags on function aliases and versions are not supported. Please specify a function ARN.",
  );
  const missing = `${ARN}${newName()}`;
  await notFound(region.lambda.send(new ListTagsCommand({ Resource: missing })), `Function not found: ${missing}`);
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
