/** A function version in the shape in which AWS shows it: FunctionConfiguration, with its rules of what is absent. */
import { capacityProviderArn } from "../functions/capacity-provider.ts";
import { functionArn, type Place, partitionOf } from "../functions/function-name.ts";
import type { DurableConfig, FunctionVersion } from "../functions/function-version.ts";
import { layerArn } from "../functions/layer-name.ts";
import { sha256Hex } from "../state/ids.ts";
import { signedBy } from "./code-admission.ts";
import type { LambdaOutput } from "./lambda-api.ts";

export type AwsFunctionConfiguration = LambdaOutput<"GetFunctionConfiguration">;

/**
 * FunctionConfiguration as lists show it: without states and runtime version.
 * @param qualifier what the ARN ends in; absent for the plain ARN
 */
export function listedConfiguration(
  version: FunctionVersion,
  place: Place,
  qualifier?: string,
): AwsFunctionConfiguration {
  const { logging } = version;
  return {
    FunctionName: version.functionName,
    FunctionArn: functionArn(place, version.functionName, qualifier),
    ...(version.runtime !== undefined && { Runtime: version.runtime }),
    Role: version.roleArn,
    ...(version.handler !== undefined && { Handler: version.handler }),
    CodeSize: version.codeSize,
    Description: version.description,
    Timeout: version.timeoutSeconds,
    MemorySize: version.memoryMb,
    LastModified: version.lastModified,
    ...(version.codeSha256 !== "" && { CodeSha256: version.codeSha256 }),
    Version: version.version,
    ...(version.environment && { Environment: { Variables: version.environment } }),
    TracingConfig: { Mode: version.tracingMode },
    RevisionId: version.revisionId,
    PackageType: version.packageType,
    ...signedBy(version),
    Architectures: [version.architecture],
    EphemeralStorage: { Size: version.ephemeralStorageMb },
    SnapStart: { ApplyOn: version.snapStartApplyOn, OptimizationStatus: version.snapStartOptimization ?? "Off" },
    LoggingConfig: {
      LogFormat: logging.logFormat,
      ...(logging.applicationLogLevel !== undefined && { ApplicationLogLevel: logging.applicationLogLevel }),
      ...(logging.systemLogLevel !== undefined && { SystemLogLevel: logging.systemLogLevel }),
      LogGroup: logging.logGroup,
    },
    ...attachments(version, place),
  };
}

/** The members that only those functions show that were given them. */
function attachments(version: FunctionVersion, place: Place): AwsFunctionConfiguration {
  const { vpc, imageConfig: image, capacityProvider: capacity } = version;
  return {
    ...(vpc && {
      VpcConfig: {
        SubnetIds: vpc.subnetIds,
        SecurityGroupIds: vpc.securityGroupIds,
        VpcId: vpc.subnetIds.length > 0 ? vpcId(place) : "",
        Ipv6AllowedForDualStack: vpc.ipv6AllowedForDualStack,
      },
    }),
    ...(version.deadLetterTargetArn !== undefined && { DeadLetterConfig: { TargetArn: version.deadLetterTargetArn } }),
    ...(version.kmsKeyArn !== undefined && { KMSKeyArn: version.kmsKeyArn }),
    ...(version.durable && { DurableConfig: durableConfig(version.durable) }),
    ...(version.fileSystems && {
      FileSystemConfigs: version.fileSystems.map(({ arn, localMountPath, directS3Read }) => ({
        Arn: arn,
        LocalMountPath: localMountPath,
        ...(directS3Read !== undefined && { S3FilesConfig: { DirectS3Read: directS3Read } }),
      })),
    }),
    ...(version.layers && {
      Layers: version.layers.map((layer) => ({
        Arn: layerArn(place, layer.layerName, layer.version),
        CodeSize: layer.codeSize,
        ...signedBy(layer),
      })),
    }),
    ...(image && {
      ImageConfigResponse: {
        ImageConfig: {
          ...(image.entryPoint && { EntryPoint: image.entryPoint }),
          ...(image.command && { Command: image.command }),
          ...(image.workingDirectory !== undefined && { WorkingDirectory: image.workingDirectory }),
        },
      },
    }),
    ...(capacity && {
      CapacityProviderConfig: {
        LambdaManagedInstancesCapacityProviderConfig: {
          CapacityProviderArn: capacityProviderArn(place, capacity.name),
          ...(capacity.maxConcurrency !== undefined && {
            PerExecutionEnvironmentMaxConcurrency: capacity.maxConcurrency,
          }),
          ...(capacity.memoryGiBPerVCpu !== undefined && {
            ExecutionEnvironmentMemoryGiBPerVCpu: capacity.memoryGiBPerVCpu,
          }),
        },
      },
    }),
    ...(version.tenantIsolation && { TenancyConfig: { TenantIsolationMode: version.tenantIsolation } }),
  };
}

/** All subnets of a region are in its one network. */
function vpcId(place: Place): string {
  return `vpc-${sha256Hex(`${place.accountId}/${place.region}`).slice(0, 17)}`;
}

/** FunctionConfiguration in full. */
export function fullConfiguration(
  version: FunctionVersion,
  place: Place,
  qualifier?: string,
): AwsFunctionConfiguration {
  return {
    ...listedConfiguration(version, place, qualifier),
    State: version.state,
    ...(version.stateReason !== undefined && { StateReason: version.stateReason }),
    ...(version.stateReasonCode !== undefined && { StateReasonCode: version.stateReasonCode }),
    ...(version.lastUpdateStatus !== undefined && { LastUpdateStatus: version.lastUpdateStatus }),
    ...(version.lastUpdateStatusReason !== undefined && { LastUpdateStatusReason: version.lastUpdateStatusReason }),
    ...(version.lastUpdateStatusReasonCode !== undefined && {
      LastUpdateStatusReasonCode: version.lastUpdateStatusReasonCode,
    }),
    ...(version.runtimeVersionArn !== undefined && {
      RuntimeVersionConfig: { RuntimeVersionArn: version.runtimeVersionArn },
    }),
  };
}

/** The name of the build of a managed runtime that runs the function: one build per runtime and release of Alonzo. */
export function runtimeVersionArn(place: Place, runtime: string): string {
  return `arn:${partitionOf(place.region)}:lambda:${place.region}::runtime:${sha256Hex(`alonzo/${runtime}`)}`;
}

function durableConfig({ executionTimeoutSeconds, retentionPeriodDays, kmsKeyArn }: DurableConfig) {
  return {
    ...(executionTimeoutSeconds !== undefined && { ExecutionTimeout: executionTimeoutSeconds }),
    ...(retentionPeriodDays !== undefined && { RetentionPeriodInDays: retentionPeriodDays }),
    ...(kmsKeyArn !== undefined && { KMSKeyArn: kmsKeyArn }),
  };
}
