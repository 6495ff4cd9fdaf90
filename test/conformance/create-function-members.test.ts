/** CreateFunction's members that hang something on a function: network, keys, file systems, dead letters, logs, snapshots. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  type FunctionConfiguration,
  GetFunctionCommand,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationCommandInput,
} from "@aws-sdk/client-lambda";
import { activeFunction, CODE, settings, settled } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const EFS = "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0";
const S3_FILES = `arn:aws:s3files:us-east-1:000000000000:file-system/fs-${"0".repeat(17)}/access-point/fsap-${"0".repeat(17)}`;
const VPC = { SubnetIds: ["subnet-1", "subnet-2"], SecurityGroupIds: ["sg-1"] };

describe("members of functions", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const create = (more: Partial<CreateFunctionCommandInput>) =>
    suite.lambda.send(new CreateFunctionCommand(settings(more)));
  const update = (FunctionName: string, more: Omit<UpdateFunctionConfigurationCommandInput, "FunctionName">) =>
    suite.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, ...more }));
  const get = async (FunctionName: string): Promise<FunctionConfiguration> =>
    (await suite.lambda.send(new GetFunctionCommand({ FunctionName }))).Configuration ?? {};
  const configured = async (name: string, more: Omit<UpdateFunctionConfigurationCommandInput, "FunctionName">) => {
    await update(name, more);
    return settled(suite.region, name);
  };
  const invalid = (call: Promise<unknown>, message: string | RegExp) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const violates = (call: Promise<unknown>, message: string | RegExp) =>
    suite.refused(call, { status: 400, name: "ValidationException", message });

  test("VpcConfig is kept with the id of the region's network, and emptied by empty lists", async () => {
    const name = await activeFunction(suite.region, { VpcConfig: { ...VPC, Ipv6AllowedForDualStack: true } });
    await suite.restart();
    const { VpcConfig: kept } = await get(name);
    assert.match(kept?.VpcId ?? "", /^vpc-[0-9a-f]{17}$/);
    assert.deepEqual({ ...kept, VpcId: "" }, { ...VPC, Ipv6AllowedForDualStack: true, VpcId: "" });
    assert.equal((await configured(name, { Timeout: 9 })).VpcConfig?.VpcId, kept?.VpcId);
    assert.equal(
      (await configured(name, { VpcConfig: { Ipv6AllowedForDualStack: false } })).VpcConfig?.Ipv6AllowedForDualStack,
      false,
    );
    const { VpcConfig: emptied } = await configured(name, { VpcConfig: { SubnetIds: [], SecurityGroupIds: [] } });
    assert.deepEqual(emptied, { SubnetIds: [], SecurityGroupIds: [], VpcId: "", Ipv6AllowedForDualStack: false });
    assert.equal((await get(await activeFunction(suite.region, { VpcConfig: {} }))).VpcConfig, undefined);
  });

  test("VpcConfig has subnets and groups or neither, at most 16 and 5", async () => {
    const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
    const most = { SubnetIds: ids("subnet", 16), SecurityGroupIds: ids("sg", 5) };
    assert.equal((await create({ VpcConfig: most })).VpcConfig?.SubnetIds?.length, 16);
    const apart = "SubnetIds and SecurityIds must coexist or be both empty list.";
    await invalid(create({ VpcConfig: { SubnetIds: ["subnet-1"] } }), apart);
    await invalid(create({ VpcConfig: { SubnetIds: [], SecurityGroupIds: ["sg-1"] } }), apart);
    await violates(
      create({ VpcConfig: { ...most, SubnetIds: ids("subnet", 17) } }),
      /at 'vpcConfig\.subnetIds' failed to satisfy constraint: Member must have length less than or equal to 16$/,
    );
    await violates(
      create({ VpcConfig: { ...most, SecurityGroupIds: ids("sg", 6) } }),
      /at 'vpcConfig\.securityGroupIds' failed to satisfy constraint: Member must have length less than or equal to 5$/,
    );
    await violates(create({ VpcConfig: { ...VPC, SubnetIds: ["net-1"] } }), /subnet-\[0-9a-z\]\*/);
  });

  test("DeadLetterConfig takes a queue or a topic of this region, and is cleared by the empty ARN", async () => {
    const topic = "arn:aws:sns:us-east-1:000000000000:dead";
    const name = await activeFunction(suite.region, { DeadLetterConfig: { TargetArn: topic } });
    assert.deepEqual((await get(name)).DeadLetterConfig, { TargetArn: topic });
    const queue = "arn:aws:sqs:us-east-1:000000000000:dead";
    assert.deepEqual((await configured(name, { DeadLetterConfig: { TargetArn: queue } })).DeadLetterConfig, {
      TargetArn: queue,
    });
    assert.deepEqual((await configured(name, { DeadLetterConfig: {} })).DeadLetterConfig, { TargetArn: queue });
    assert.equal((await configured(name, { DeadLetterConfig: { TargetArn: "" } })).DeadLetterConfig, undefined);
    for (const TargetArn of [
      "arn:aws:lambda:us-east-1:000000000000:function:f",
      "arn:aws:sqs:eu-west-1:000000000000:dead",
      "arn:aws:sqs:us-east-1:000000000000:",
    ]) {
      await invalid(create({ DeadLetterConfig: { TargetArn } }), `The dead letter target ARN ${TargetArn} is invalid.`);
    }
    await violates(create({ DeadLetterConfig: { TargetArn: "dead" } }), /at 'deadLetterConfig\.targetArn'/);
  });

  test("KMSKeyArn and SourceKMSKeyArn are keys, kept and shown", async () => {
    const key = "arn:aws:kms:us-east-1:000000000000:key/k";
    const name = await activeFunction(suite.region, { KMSKeyArn: key, Code: { ZipFile: CODE, SourceKMSKeyArn: key } });
    const { Configuration, Code } = await suite.lambda.send(new GetFunctionCommand({ FunctionName: name }));
    assert.deepEqual([Configuration?.KMSKeyArn, Code?.SourceKMSKeyArn], [key, key]);
    assert.equal((await configured(name, { KMSKeyArn: "" })).KMSKeyArn, undefined);
    await violates(create({ KMSKeyArn: "key/k" }), /at 'kMSKeyArn' failed to satisfy constraint/);
    const bucket = "arn:aws:s3:::bucket";
    await invalid(
      create({ KMSKeyArn: bucket }),
      `Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. Please check your KMS key settings. KMS Exception: InvalidArnException KMS Message: Invalid arn ${bucket}`,
    );
  });

  test("FileSystemConfigs needs a network, is kept, and says that nothing is mounted here", async () => {
    const systems = [{ Arn: EFS, LocalMountPath: "/mnt/data" }];
    await invalid(
      create({ FileSystemConfigs: systems }),
      `Function must be configured to execute in a VPC to reference access point ${EFS}.`,
    );
    const input = settings({ FileSystemConfigs: systems, VpcConfig: VPC });
    await suite.lambda.send(new CreateFunctionCommand(input));
    const name = String(input.FunctionName);
    const failed = await settled(suite.region, name);
    assert.deepEqual(failed.FileSystemConfigs, systems);
    assert.deepEqual(
      [failed.State, failed.StateReasonCode, failed.StateReason],
      ["Failed", "EFSMountConnectivityError", "This region does not mount file systems yet."],
    );
    const s3 = [{ Arn: S3_FILES, LocalMountPath: "/mnt/s3", S3FilesConfig: { DirectS3Read: "AUTO" as const } }];
    assert.deepEqual((await configured(name, { FileSystemConfigs: s3 })).FileSystemConfigs, s3);
    const mended = await configured(name, { FileSystemConfigs: [] });
    assert.deepEqual([mended.FileSystemConfigs, mended.State], [undefined, "Active"]);
    await invalid(
      update(name, {
        FileSystemConfigs: [{ Arn: EFS, LocalMountPath: "/mnt/d", S3FilesConfig: { DirectS3Read: "ENABLED" } }],
      }),
      "S3FilesConfig is only supported for access points of Amazon S3 Files.",
    );
    await violates(
      create({ FileSystemConfigs: [...systems, { Arn: EFS, LocalMountPath: "/mnt/b" }], VpcConfig: VPC }),
      /at 'fileSystemConfigs' failed to satisfy constraint: Member must have length less than or equal to 1$/,
    );
    await violates(
      create({ FileSystemConfigs: [{ Arn: EFS, LocalMountPath: "/data" }], VpcConfig: VPC }),
      /localMountPath' failed to satisfy constraint/,
    );
  });

  test("LoggingConfig has levels only with JSON, and a name that logs can have", async () => {
    const name = await activeFunction(suite.region, {
      LoggingConfig: { LogFormat: "JSON", ApplicationLogLevel: "TRACE", LogGroup: "g" },
    });
    const logging = { LogFormat: "JSON", ApplicationLogLevel: "TRACE", SystemLogLevel: "INFO", LogGroup: "g" };
    assert.deepEqual((await get(name)).LoggingConfig, logging);
    assert.equal(
      (await configured(name, { LoggingConfig: { SystemLogLevel: "WARN" } })).LoggingConfig?.SystemLogLevel,
      "WARN",
    );
    const text = await configured(name, { LoggingConfig: { LogFormat: "Text" } });
    assert.deepEqual(text.LoggingConfig, { LogFormat: "Text", LogGroup: "g" });
    const only = "ApplicationLogLevel and SystemLogLevel are only supported with LogFormat JSON.";
    await invalid(create({ LoggingConfig: { LogFormat: "Text", SystemLogLevel: "DEBUG" } }), only);
    await invalid(create({ LoggingConfig: { ApplicationLogLevel: "DEBUG" } }), only);
    await invalid(update(name, { LoggingConfig: { ApplicationLogLevel: "FATAL" } }), only);
    assert.equal((await create({ LoggingConfig: { LogGroup: "a".repeat(512) } })).LoggingConfig?.LogGroup?.length, 512);
    await violates(create({ LoggingConfig: { LogGroup: "a".repeat(513) } }), /less than or equal to 512$/);
    await violates(create({ LoggingConfig: { LogGroup: "a b" } }), /at 'loggingConfig\.logGroup'/);
  });

  test("SnapStart is kept for the runtimes that know it, is Off, and goes with nothing that it cannot restore", async () => {
    const snap = { SnapStart: { ApplyOn: "PublishedVersions" }, Runtime: "python3.12" } as const;
    const created = await create(snap);
    assert.deepEqual(created.SnapStart, { ApplyOn: "PublishedVersions", OptimizationStatus: "Off" });
    await invalid(
      create({ ...snap, Runtime: "nodejs22.x" }),
      "nodejs22.x is not supported for SnapStart enabled functions.",
    );
    await invalid(
      create({ ...snap, Runtime: "python3.11" }),
      "python3.11 is not supported for SnapStart enabled functions.",
    );
    await invalid(
      create({ ...snap, EphemeralStorage: { Size: 513 } }),
      "Ephemeral storage over 512 MB is not supported for SnapStart enabled functions.",
    );
    await invalid(
      create({ ...snap, VpcConfig: VPC, FileSystemConfigs: [{ Arn: EFS, LocalMountPath: "/mnt/data" }] }),
      "FileSystemConfigs is not supported for SnapStart enabled functions.",
    );
    await invalid(
      create({ ...snap, TenancyConfig: { TenantIsolationMode: "PER_TENANT" } }),
      "TenancyConfig is not supported for SnapStart enabled functions.",
    );
    const name = await activeFunction(suite.region);
    await invalid(
      update(name, { SnapStart: { ApplyOn: "PublishedVersions" } }),
      "nodejs22.x is not supported for SnapStart enabled functions.",
    );
    await violates(
      create({ SnapStart: { ApplyOn: "Always" as "None" } }),
      /Value 'Always' at 'snapStart\.applyOn' .*enum value set: \[PublishedVersions, None\]$/,
    );
  });

  test("TenancyConfig is kept for good", async () => {
    const name = await activeFunction(suite.region, { TenancyConfig: { TenantIsolationMode: "PER_TENANT" } });
    const { TenancyConfig: kept } = await configured(name, { Timeout: 8 });
    assert.deepEqual(kept, { TenantIsolationMode: "PER_TENANT" });
    await violates(
      create({ TenancyConfig: { TenantIsolationMode: "NONE" as "PER_TENANT" } }),
      /at 'tenancyConfig\.tenantIsolationMode'/,
    );
  });

  test("DurableConfig is kept and changed, and the function is Failed as long as no durable execution would follow", async () => {
    const made = await create({ DurableConfig: { ExecutionTimeout: 31_622_400, RetentionPeriodInDays: 90 } });
    const FunctionName = String(made.FunctionName);
    assert.deepEqual(made.DurableConfig, { ExecutionTimeout: 31_622_400, RetentionPeriodInDays: 90 });
    const { State: state, StateReasonCode: code } = await settled(suite.region, FunctionName);
    assert.deepEqual([state, code], ["Failed", "FunctionError"]);
    const changed = await suite.lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName, DurableConfig: { RetentionPeriodInDays: 1 } }),
    );
    assert.deepEqual(changed.DurableConfig, { ExecutionTimeout: 31_622_400, RetentionPeriodInDays: 1 });
    await violates(create({ DurableConfig: { ExecutionTimeout: 0 } }), /greater than or equal to 1$/);
    await violates(create({ DurableConfig: { RetentionPeriodInDays: 91 } }), /less than or equal to 90$/);
  });

  test("Architectures names one of two, and is what was asked for", async () => {
    const name = await activeFunction(suite.region, { Architectures: ["arm64"] });
    assert.deepEqual((await get(name)).Architectures, ["arm64"]);
    await violates(
      create({ Architectures: ["x86_64", "arm64"] }),
      "1 validation error detected: Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: Member must have length less than or equal to 1",
    );
    await violates(
      create({ Architectures: ["X86_64" as "x86_64"] }),
      "1 validation error detected: Value '[X86_64]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
    );
  });

  test("Role is the ARN of a role", async () => {
    await violates(
      create({ Role: "r1" }),
      String.raw`1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`,
    );
  });
});
