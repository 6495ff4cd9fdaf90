/**
 * What the owner of a function configures, from AWS's shape into the catalog's: for a new function on top of Lambda's
 * defaults, for an update on top of what was configured before, with the empty values that clear.
 */
import type {
  Architecture,
  FunctionConfiguration,
  FunctionLayer,
  ImageConfig,
  LoggingConfig,
  VpcConfig,
} from "../functions/function-version.ts";
import type { LambdaInput } from "./lambda-api.ts";
import { cleared, withoutUndefined } from "./members.ts";

/** The members that CreateFunction and UpdateFunctionConfiguration share. */
export type FunctionSettings = Omit<LambdaInput<"UpdateFunctionConfiguration">, "FunctionName" | "RevisionId">;

/** MB: the smallest size of functions with a capacity provider (contract/01 §4), and so what they have unless told. */
export const LEAST_CAPACITY_MEMORY_MB = 2048;

/** @throws nothing: the rules were checked before */
export function newConfiguration(
  name: string,
  input: LambdaInput<"CreateFunction">,
  capacityProvider: FunctionConfiguration["capacityProvider"],
): FunctionConfiguration {
  const defaults: FunctionConfiguration = {
    roleArn: input.Role,
    description: "",
    timeoutSeconds: 3,
    memoryMb: capacityProvider ? LEAST_CAPACITY_MEMORY_MB : 128,
    ephemeralStorageMb: 512,
    architecture: (input.Architectures?.[0] ?? "x86_64") as Architecture,
    packageType: (input.PackageType ?? "Zip") as FunctionConfiguration["packageType"],
    logging: { logFormat: "Text", logGroup: `/aws/lambda/${name}` },
    tracingMode: "PassThrough",
    snapStartApplyOn: "None",
    ...(capacityProvider && { capacityProvider }),
    ...(input.TenancyConfig && { tenantIsolation: "PER_TENANT" as const }),
  };
  return changedConfiguration(defaults, input);
}

/**
 * Members that are absent stay as they were, and so does whatever else `before` has.
 * @param layers what the ARNs of `Layers` resolved to
 */
export function changedConfiguration<T extends FunctionConfiguration>(
  before: T,
  settings: FunctionSettings,
  layers: readonly FunctionLayer[] | undefined = before.layers,
): T {
  const changed: { [K in keyof FunctionConfiguration]: FunctionConfiguration[K] | undefined } = {
    ...before,
    ...(settings.Runtime !== undefined && { runtime: settings.Runtime }),
    ...(settings.Handler !== undefined && { handler: settings.Handler }),
    roleArn: settings.Role ?? before.roleArn,
    description: settings.Description ?? before.description,
    timeoutSeconds: settings.Timeout ?? before.timeoutSeconds,
    memoryMb: settings.MemorySize ?? before.memoryMb,
    ephemeralStorageMb: settings.EphemeralStorage?.Size ?? before.ephemeralStorageMb,
    ...(settings.Environment && { environment: settings.Environment.Variables ?? {} }),
    logging: changedLogging(before.logging, settings.LoggingConfig),
    tracingMode: (settings.TracingConfig?.Mode ?? before.tracingMode) as FunctionConfiguration["tracingMode"],
    snapStartApplyOn: (settings.SnapStart?.ApplyOn ??
      before.snapStartApplyOn) as FunctionConfiguration["snapStartApplyOn"],
    deadLetterTargetArn: cleared(settings.DeadLetterConfig?.TargetArn, before.deadLetterTargetArn),
    kmsKeyArn: cleared(settings.KMSKeyArn, before.kmsKeyArn),
    vpc: changedVpc(before.vpc, settings.VpcConfig),
    fileSystems: changedFileSystems(before.fileSystems, settings.FileSystemConfigs),
    layers: layers?.length ? layers : undefined,
    durable: changedDurable(before.durable, settings.DurableConfig),
    imageConfig: settings.ImageConfig ? imageConfig(settings.ImageConfig) : before.imageConfig,
  };
  return withoutUndefined(changed) as T;
}

/** JSON has levels, INFO unless said otherwise; Text has none (recorded; contract/06 §1). */
function changedLogging(before: LoggingConfig, change: FunctionSettings["LoggingConfig"]): LoggingConfig {
  if (!change) return before;
  const logFormat = (change.LogFormat ?? before.logFormat) as LoggingConfig["logFormat"];
  const logGroup = change.LogGroup ?? before.logGroup;
  if (logFormat === "Text") {
    const { ApplicationLogLevel: applicationLogLevel, SystemLogLevel: systemLogLevel } = change;
    // Only for the rule that refuses them (function-rules.ts).
    return {
      logFormat,
      logGroup,
      ...(applicationLogLevel !== undefined && { applicationLogLevel }),
      ...(systemLogLevel !== undefined && { systemLogLevel }),
    };
  }
  return {
    logFormat,
    logGroup,
    applicationLogLevel: change.ApplicationLogLevel ?? before.applicationLogLevel ?? "INFO",
    systemLogLevel: change.SystemLogLevel ?? before.systemLogLevel ?? "INFO",
  };
}

/** Empty lists take a function out of its network, which AWS goes on showing; no lists at all leave it where it is. */
function changedVpc(before: VpcConfig | undefined, change: FunctionSettings["VpcConfig"]): VpcConfig | undefined {
  if (!change) return before;
  const subnetIds = change.SubnetIds ?? before?.subnetIds ?? (change.SecurityGroupIds && []);
  const securityGroupIds = change.SecurityGroupIds ?? before?.securityGroupIds ?? (change.SubnetIds && []);
  if (!subnetIds || !securityGroupIds) return before;
  const ipv6 = change.Ipv6AllowedForDualStack ?? before?.ipv6AllowedForDualStack ?? false;
  return { subnetIds, securityGroupIds, ipv6AllowedForDualStack: subnetIds.length > 0 && ipv6 };
}

function changedFileSystems(
  before: FunctionConfiguration["fileSystems"],
  change: FunctionSettings["FileSystemConfigs"],
): FunctionConfiguration["fileSystems"] {
  if (!change) return before;
  if (change.length === 0) return undefined;
  return change.map(({ Arn, LocalMountPath, S3FilesConfig }) => ({
    arn: Arn,
    localMountPath: LocalMountPath,
    ...(S3FilesConfig?.DirectS3Read !== undefined && { directS3Read: S3FilesConfig.DirectS3Read }),
  }));
}

function changedDurable(
  before: FunctionConfiguration["durable"],
  change: FunctionSettings["DurableConfig"],
): FunctionConfiguration["durable"] {
  if (!change) return before;
  const {
    ExecutionTimeout: executionTimeoutSeconds,
    RetentionPeriodInDays: retentionPeriodDays,
    KMSKeyArn: key,
  } = change;
  return {
    ...before,
    ...(executionTimeoutSeconds !== undefined && { executionTimeoutSeconds }),
    ...(retentionPeriodDays !== undefined && { retentionPeriodDays }),
    ...(key !== undefined && { kmsKeyArn: key }),
  };
}

/** What is empty is as if it had not been given; undefined when nothing is left. */
function imageConfig(given: NonNullable<FunctionSettings["ImageConfig"]>): ImageConfig | undefined {
  const config = {
    ...(given.EntryPoint?.length && { entryPoint: given.EntryPoint }),
    ...(given.Command?.length && { command: given.Command }),
    ...(given.WorkingDirectory && { workingDirectory: given.WorkingDirectory }),
  };
  return Object.keys(config).length > 0 ? config : undefined;
}
