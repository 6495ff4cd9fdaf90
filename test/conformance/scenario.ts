/**
 * One story through every operation, as data, so that SDKs of several languages can tell it. Values in braces of the form
 * `{ $from: "step.Member.0" }` are taken from what an earlier step answered, `{ $bytes }` are bytes in base64.
 */
import { zipOf } from "../api/lambda/zip.ts";

export interface Step {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Name under which later steps find the answer. */
  readonly as?: string;
  /** Name of the error that is the answer. */
  readonly refused?: string;
  /** Ask again until the member at this path is this. */
  readonly until?: readonly [path: string, value: string];
}

const CODE = { $bytes: zipOf({ "index.js": "exports.handler = async (event) => event;" }).toString("base64") };
const OTHER_CODE = { $bytes: zipOf({ "index.js": "exports.handler = async () => 2;" }).toString("base64") };
const LAYER = { $bytes: zipOf({ "nodejs/a.js": "" }).toString("base64") };
const ROLE = "arn:aws:iam::000000000000:role/test";
const PLACE = "us-east-1:000000000000";
const ARN = `arn:aws:lambda:${PLACE}:function:story`;
const QUEUE = `arn:aws:sqs:${PLACE}:queue`;
const LAYER_ARN = `arn:aws:lambda:${PLACE}:layer:story`;
const SIGNER = `arn:aws:signer:${PLACE}:/signing-profiles/story/abcdefghij`;
const PROVIDER = `arn:aws:lambda:${PLACE}:capacity-provider:story`;
const FunctionName = "story";
const ready = { operation: "GetFunctionConfiguration", input: { FunctionName } } as const;
const step = (operation: string, input: Step["input"], as?: string): Step => ({
  operation,
  input,
  ...(as !== undefined && { as }),
});

const refused = (error: string, operation: string, input: Step["input"]): Step => ({
  operation,
  input,
  refused: error,
});

export const SCENARIO: readonly Step[] = [
  step("GetAccountSettings", {}),
  step("PublishLayerVersion", {
    LayerName: "story",
    Description: "one",
    Content: { ZipFile: LAYER },
    CompatibleRuntimes: ["nodejs22.x"],
    CompatibleArchitectures: ["x86_64"],
    LicenseInfo: "MIT",
  }),
  step("GetLayerVersion", { LayerName: "story", VersionNumber: 1 }),
  step("GetLayerVersionByArn", { Arn: `${LAYER_ARN}:1` }),
  step("ListLayers", {}),
  step("ListLayerVersions", { LayerName: "story" }),
  step("AddLayerVersionPermission", {
    LayerName: "story",
    VersionNumber: 1,
    StatementId: "all",
    Action: "lambda:GetLayerVersion",
    Principal: "*",
  }),
  step("GetLayerVersionPolicy", { LayerName: "story", VersionNumber: 1 }),
  step("RemoveLayerVersionPermission", { LayerName: "story", VersionNumber: 1, StatementId: "all" }),
  step(
    "CreateCodeSigningConfig",
    { Description: "one", AllowedPublishers: { SigningProfileVersionArns: [SIGNER] } },
    "signing",
  ),
  step("CreateFunction", {
    FunctionName,
    Role: ROLE,
    Runtime: "nodejs22.x",
    Handler: "index.handler",
    Code: { ZipFile: CODE },
    Description: "a story",
    Timeout: 7,
    MemorySize: 192,
    Environment: { Variables: { NAME: "1" } },
    Tags: { a: "1" },
    Layers: [`${LAYER_ARN}:1`],
    DeadLetterConfig: { TargetArn: QUEUE },
    LoggingConfig: { LogFormat: "JSON" },
    EphemeralStorage: { Size: 1024 },
  }),
  { ...ready, until: ["State", "Active"] },
  step("GetFunction", { FunctionName }),
  step("ListFunctions", {}),
  step("UpdateFunctionConfiguration", { FunctionName, Description: "changed", TracingConfig: { Mode: "Active" } }),
  { ...ready, until: ["LastUpdateStatus", "Successful"] },
  step("PublishVersion", { FunctionName, Description: "first" }),
  step("UpdateFunctionCode", { FunctionName, ZipFile: OTHER_CODE }),
  { ...ready, until: ["LastUpdateStatus", "Successful"] },
  step("PublishVersion", { FunctionName }),
  step("ListVersionsByFunction", { FunctionName }),
  step("CreateAlias", {
    FunctionName,
    Name: "live",
    FunctionVersion: "1",
    Description: "d",
    RoutingConfig: { AdditionalVersionWeights: { "2": 0 } },
  }),
  step("GetAlias", { FunctionName, Name: "live" }),
  step("UpdateAlias", { FunctionName, Name: "live", FunctionVersion: "2", RoutingConfig: {} }),
  step("ListAliases", { FunctionName }),
  step("Invoke", { FunctionName, Payload: { $bytes: Buffer.from('{"a":1}').toString("base64") } }),
  step("Invoke", { FunctionName, InvocationType: "DryRun" }),
  step("Invoke", { FunctionName, Qualifier: "live" }),
  step("InvokeAsync", { FunctionName, InvokeArgs: { $bytes: Buffer.from("{}").toString("base64") } }),
  step("InvokeWithResponseStream", { FunctionName }),
  step("AddPermission", {
    FunctionName,
    StatementId: "s3",
    Action: "lambda:InvokeFunction",
    Principal: "s3.amazonaws.com",
    SourceArn: "arn:aws:s3:::bucket",
    SourceAccount: "000000000000",
  }),
  step("GetPolicy", { FunctionName }),
  step("RemovePermission", { FunctionName, StatementId: "s3" }),
  step("PutResourcePolicy", {
    ResourceArn: ARN,
    Policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "one",
          Effect: "Allow",
          Principal: { AWS: "arn:aws:iam::000000000000:root" },
          Action: "lambda:InvokeFunction",
          Resource: ARN,
        },
      ],
    }),
  }),
  step("GetResourcePolicy", { ResourceArn: ARN }),
  step("DeleteResourcePolicy", { ResourceArn: ARN }),
  step("PutFunctionConcurrency", { FunctionName, ReservedConcurrentExecutions: 5 }),
  step("GetFunctionConcurrency", { FunctionName }),
  step("DeleteFunctionConcurrency", { FunctionName }),
  step("PutProvisionedConcurrencyConfig", { FunctionName, Qualifier: "live", ProvisionedConcurrentExecutions: 1 }),
  {
    operation: "GetProvisionedConcurrencyConfig",
    input: { FunctionName, Qualifier: "live" },
    until: ["Status", "READY"],
  },
  step("ListProvisionedConcurrencyConfigs", { FunctionName }),
  step("DeleteProvisionedConcurrencyConfig", { FunctionName, Qualifier: "live" }),
  step("PutFunctionEventInvokeConfig", {
    FunctionName,
    MaximumRetryAttempts: 1,
    DestinationConfig: { OnFailure: { Destination: QUEUE } },
  }),
  step("UpdateFunctionEventInvokeConfig", { FunctionName, MaximumEventAgeInSeconds: 60 }),
  step("GetFunctionEventInvokeConfig", { FunctionName }),
  step("ListFunctionEventInvokeConfigs", { FunctionName }),
  step("DeleteFunctionEventInvokeConfig", { FunctionName }),
  step("CreateFunctionUrlConfig", {
    FunctionName,
    AuthType: "NONE",
    Cors: { AllowOrigins: ["*"], AllowMethods: ["GET"], MaxAge: 5 },
  }),
  step("GetFunctionUrlConfig", { FunctionName }),
  step("UpdateFunctionUrlConfig", { FunctionName, AuthType: "AWS_IAM", InvokeMode: "RESPONSE_STREAM" }),
  step("ListFunctionUrlConfigs", { FunctionName }),
  step("DeleteFunctionUrlConfig", { FunctionName }),
  step(
    "CreateEventSourceMapping",
    {
      FunctionName,
      EventSourceArn: QUEUE,
      BatchSize: 5,
      Enabled: false,
      FilterCriteria: { Filters: [{ Pattern: '{"body":{"a":[1]}}' }] },
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    },
    "mapping",
  ),
  step("GetEventSourceMapping", { UUID: { $from: "mapping.UUID" } }),
  step("ListEventSourceMappings", { FunctionName }),
  {
    operation: "GetEventSourceMapping",
    input: { UUID: { $from: "mapping.UUID" } },
    until: ["State", "Disabled"],
  },
  step("UpdateEventSourceMapping", { UUID: { $from: "mapping.UUID" }, BatchSize: 6 }),
  {
    operation: "GetEventSourceMapping",
    input: { UUID: { $from: "mapping.UUID" } },
    until: ["State", "Disabled"],
  },
  step("DeleteEventSourceMapping", { UUID: { $from: "mapping.UUID" } }),
  step("GetCodeSigningConfig", { CodeSigningConfigArn: { $from: "signing.CodeSigningConfig.CodeSigningConfigArn" } }),
  step("UpdateCodeSigningConfig", {
    CodeSigningConfigArn: { $from: "signing.CodeSigningConfig.CodeSigningConfigArn" },
    Description: "two",
  }),
  step("ListCodeSigningConfigs", {}),
  step("PutFunctionCodeSigningConfig", {
    FunctionName,
    CodeSigningConfigArn: { $from: "signing.CodeSigningConfig.CodeSigningConfigArn" },
  }),
  step("GetFunctionCodeSigningConfig", { FunctionName }),
  step("ListFunctionsByCodeSigningConfig", {
    CodeSigningConfigArn: { $from: "signing.CodeSigningConfig.CodeSigningConfigArn" },
  }),
  step("DeleteFunctionCodeSigningConfig", { FunctionName }),
  step("DeleteCodeSigningConfig", {
    CodeSigningConfigArn: { $from: "signing.CodeSigningConfig.CodeSigningConfigArn" },
  }),
  step("PutRuntimeManagementConfig", { FunctionName, UpdateRuntimeOn: "FunctionUpdate" }),
  step("GetRuntimeManagementConfig", { FunctionName }),
  step("PutFunctionRecursionConfig", { FunctionName, RecursiveLoop: "Allow" }),
  step("GetFunctionRecursionConfig", { FunctionName }),
  step("TagResource", { Resource: ARN, Tags: { b: "2" } }),
  step("UntagResource", { Resource: ARN, TagKeys: ["a"] }),
  step("ListTags", { Resource: ARN }),
  step("CreateCapacityProvider", {
    CapacityProviderName: "story",
    VpcConfig: { SubnetIds: ["subnet-12345678"], SecurityGroupIds: ["sg-12345678"] },
    PermissionsConfig: { CapacityProviderOperatorRoleArn: ROLE },
    CapacityProviderScalingConfig: { MaxVCpuCount: 10, ScalingMode: "Auto" },
    Tags: { a: "1" },
  }),
  {
    operation: "GetCapacityProvider",
    input: { CapacityProviderName: "story" },
    until: ["CapacityProvider.State", "Active"],
  },
  step("UpdateCapacityProvider", {
    CapacityProviderName: PROVIDER,
    CapacityProviderScalingConfig: { MaxVCpuCount: 12, ScalingMode: "Auto" },
  }),
  step("ListCapacityProviders", {}),
  step("CreateFunction", {
    FunctionName: "managed",
    Role: ROLE,
    Runtime: "nodejs22.x",
    Handler: "index.handler",
    Code: { ZipFile: CODE },
    MemorySize: 2048,
    CapacityProviderConfig: { LambdaManagedInstancesCapacityProviderConfig: { CapacityProviderArn: PROVIDER } },
    Publish: true,
  }),
  {
    operation: "GetFunctionConfiguration",
    input: { FunctionName: "managed", Qualifier: "1" },
    until: ["State", "Active"],
  },
  step("ListFunctionVersionsByCapacityProvider", { CapacityProviderName: "story" }),
  step("PutFunctionScalingConfig", {
    FunctionName: "managed",
    Qualifier: "1",
    FunctionScalingConfig: { MinExecutionEnvironments: 0, MaxExecutionEnvironments: 2 },
  }),
  step("GetFunctionScalingConfig", { FunctionName: "managed", Qualifier: "1" }),
  step("DeleteFunction", { FunctionName: "managed" }),
  {
    operation: "GetCapacityProvider",
    input: { CapacityProviderName: "story" },
    until: ["CapacityProvider.State", "Active"],
  },
  step("DeleteCapacityProvider", { CapacityProviderName: "story" }),
  step("DeleteAlias", { FunctionName, Name: "live" }),
  step("DeleteFunction", { FunctionName, Qualifier: "1" }),
  refused("ResourceNotFoundException", "GetFunction", { FunctionName, Qualifier: "1" }),
  step("DeleteFunction", { FunctionName }),
  refused("ResourceNotFoundException", "GetFunction", { FunctionName }),
  step("DeleteLayerVersion", { LayerName: "story", VersionNumber: 1 }),
  // Not served yet, and said so by name: both clients must understand that, too.
  refused("NotImplementedException", "ListDurableExecutionsByFunction", { FunctionName }),
  refused("NotImplementedException", "GetDurableExecution", { DurableExecutionArn: `${ARN}:1/durable-execution/a/b` }),
  refused("NotImplementedException", "GetDurableExecutionHistory", {
    DurableExecutionArn: `${ARN}:1/durable-execution/a/b`,
  }),
  refused("NotImplementedException", "GetDurableExecutionState", {
    DurableExecutionArn: `${ARN}:1/durable-execution/a/b`,
    CheckpointToken: "YQ==",
  }),
  refused("NotImplementedException", "CheckpointDurableExecution", {
    DurableExecutionArn: `${ARN}:1/durable-execution/a/b`,
    CheckpointToken: "YQ==",
  }),
  refused("NotImplementedException", "StopDurableExecution", { DurableExecutionArn: `${ARN}:1/durable-execution/a/b` }),
  refused("NotImplementedException", "SendDurableExecutionCallbackSuccess", { CallbackId: "YQ==" }),
  refused("NotImplementedException", "SendDurableExecutionCallbackFailure", { CallbackId: "YQ==" }),
  refused("NotImplementedException", "SendDurableExecutionCallbackHeartbeat", { CallbackId: "YQ==" }),
];
