/**
 * What the owner of a function configures, from AWS's shape into the catalog's: for a new function on top of Lambda's
 * defaults, for an update on top of what was configured before, with the empty values that clear.
 */
import type { Architecture, FunctionConfiguration, LoggingConfig } from "../functions/function-version.ts";
import type { LambdaInput } from "./lambda-api.ts";

/** The members that CreateFunction and UpdateFunctionConfiguration share. */
export type FunctionSettings = Omit<LambdaInput<"UpdateFunctionConfiguration">, "FunctionName" | "RevisionId">;

/** @throws nothing: the rules were checked before */
export function newConfiguration(name: string, input: LambdaInput<"CreateFunction">): FunctionConfiguration {
  const defaults: FunctionConfiguration = {
    roleArn: input.Role,
    description: "",
    timeoutSeconds: 3,
    memoryMb: 128,
    ephemeralStorageMb: 512,
    architecture: (input.Architectures?.[0] ?? "x86_64") as Architecture,
    packageType: "Zip",
    logging: { logFormat: "Text", logGroup: `/aws/lambda/${name}` },
    tracingMode: "PassThrough",
    snapStartApplyOn: "None",
    passive: {},
  };
  return changedConfiguration(defaults, input);
}

/** Members that are absent stay as they were. */
export function changedConfiguration(before: FunctionConfiguration, settings: FunctionSettings): FunctionConfiguration {
  return {
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
    passive: changedPassive(before.passive, settings),
  };
}

/** JSON has levels, INFO unless said otherwise; Text has none (recorded; contract/06 §1). */
function changedLogging(before: LoggingConfig, change: FunctionSettings["LoggingConfig"]): LoggingConfig {
  if (!change) return before;
  const logFormat = (change.LogFormat ?? before.logFormat) as LoggingConfig["logFormat"];
  const logGroup = change.LogGroup ?? before.logGroup;
  if (logFormat === "Text") return { logFormat, logGroup };
  return {
    logFormat,
    logGroup,
    applicationLogLevel: change.ApplicationLogLevel ?? before.applicationLogLevel ?? "INFO",
    systemLogLevel: change.SystemLogLevel ?? before.systemLogLevel ?? "INFO",
  };
}

function changedPassive(
  before: FunctionConfiguration["passive"],
  settings: FunctionSettings,
): FunctionConfiguration["passive"] {
  const passive: Record<string, unknown> = { ...before };
  if (settings.VpcConfig && (before.VpcConfig || settings.VpcConfig.SubnetIds || settings.VpcConfig.SecurityGroupIds)) {
    // Only ever empty here (function-rules.ts): that is how AWS shows a function taken out of its VPC.
    passive.VpcConfig = { SubnetIds: [], SecurityGroupIds: [], VpcId: "", Ipv6AllowedForDualStack: false };
  }
  if (settings.DeadLetterConfig) {
    const target = settings.DeadLetterConfig.TargetArn;
    if (target) passive.DeadLetterConfig = { TargetArn: target };
    else delete passive.DeadLetterConfig;
  }
  if (settings.KMSKeyArn) passive.KMSKeyArn = settings.KMSKeyArn;
  else if (settings.KMSKeyArn === "") delete passive.KMSKeyArn;
  return passive;
}
