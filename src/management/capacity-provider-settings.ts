/** Capacity providers from AWS's shape into ours and back, and what Lambda demands of them beyond its model. */
import { type CapacityProvider, type CapacityScaling, capacityProviderArn } from "../functions/capacity-provider.ts";
import type { Place } from "../functions/function-name.ts";
import type { LambdaInput, LambdaOutput } from "./lambda-api.ts";
import { withoutUndefined } from "./members.ts";

type CreateInput = LambdaInput<"CreateCapacityProvider">;
type UpdateInput = LambdaInput<"UpdateCapacityProvider">;
type AwsProvider = NonNullable<LambdaOutput<"GetCapacityProvider">["CapacityProvider"]>;

/** The developer guide's default. */
const DEFAULT_SCALING: CapacityScaling = { maxVCpuCount: 400, mode: "Auto" };

export function newProvider(name: string, input: CreateInput, lastModified: string): CapacityProvider {
  const { VpcConfig: vpc, InstanceRequirements: instances } = input;
  const provider: { [K in keyof CapacityProvider]: CapacityProvider[K] | undefined } = {
    name,
    state: "Pending",
    subnetIds: vpc.SubnetIds,
    securityGroupIds: vpc.SecurityGroupIds,
    operatorRoleArn: input.PermissionsConfig.CapacityProviderOperatorRoleArn,
    architectures: instances?.Architectures,
    allowedInstanceTypes: instances?.AllowedInstanceTypes,
    excludedInstanceTypes: instances?.ExcludedInstanceTypes,
    scaling: DEFAULT_SCALING,
    kmsKeyArn: input.KmsKeyArn,
    lastModified,
    tags: input.Tags ?? {},
  };
  return changedProvider(withoutUndefined(provider) as CapacityProvider, input, lastModified);
}

/** Members that are absent stay as they were. */
export function changedProvider(
  before: CapacityProvider,
  input: Omit<UpdateInput, "CapacityProviderName">,
  lastModified: string,
): CapacityProvider {
  const { PropagateTags: propagate, TelemetryConfig: telemetry } = input;
  const logging = telemetry?.LoggingConfig;
  return {
    ...before,
    scaling: changedScaling(before.scaling, input.CapacityProviderScalingConfig),
    ...(propagate && {
      propagateTags: {
        mode: propagate.Mode ?? "None",
        ...(propagate.ExplicitTags && { tags: propagate.ExplicitTags }),
      },
    }),
    ...(logging && {
      logging: {
        ...before.logging,
        ...(logging.SystemLogLevel !== undefined && { systemLogLevel: logging.SystemLogLevel }),
        logGroup: logging.LogGroup ?? before.logging?.logGroup ?? `/aws/lambda/capacity-provider/${before.name}`,
      },
    }),
    lastModified,
  };
}

function changedScaling(
  before: CapacityScaling,
  change: UpdateInput["CapacityProviderScalingConfig"],
): CapacityScaling {
  if (!change) return before;
  const mode = (change.ScalingMode ?? before.mode) as CapacityScaling["mode"];
  const given = change.ScalingPolicies?.map(({ PredefinedMetricType: metric, TargetValue: target }) => ({
    metric,
    target,
  }));
  // Policies of before say nothing to a provider that scales by itself.
  const policies = given ?? (mode === "Manual" ? before.policies : undefined);
  return { maxVCpuCount: change.MaxVCpuCount ?? before.maxVCpuCount, mode, ...(policies && { policies }) };
}

/** Why this provider is not allowed, or undefined. None of these texts is recorded. */
export function providerRefusal({ scaling, propagateTags, ...provider }: CapacityProvider): string | undefined {
  if (provider.allowedInstanceTypes?.length && provider.excludedInstanceTypes?.length) {
    return "AllowedInstanceTypes and ExcludedInstanceTypes cannot be used together.";
  }
  if (scaling.mode === "Manual" && !scaling.policies) return "ScalingPolicies is required when ScalingMode is Manual.";
  if (scaling.mode === "Auto" && scaling.policies)
    return "ScalingPolicies is only supported when ScalingMode is Manual.";
  const explicit = Object.keys(propagateTags?.tags ?? {}).length > 0;
  if (propagateTags && (propagateTags.mode === "Explicit") !== explicit) {
    return "ExplicitTags must be provided exactly when the Mode of PropagateTags is Explicit.";
  }
  return undefined;
}

export function awsProvider(provider: CapacityProvider, place: Place): AwsProvider {
  const { architectures, allowedInstanceTypes, excludedInstanceTypes, scaling, propagateTags, logging } = provider;
  const instances = withoutUndefined({
    Architectures: architectures,
    AllowedInstanceTypes: allowedInstanceTypes,
    ExcludedInstanceTypes: excludedInstanceTypes,
  });
  return {
    CapacityProviderArn: capacityProviderArn(place, provider.name),
    State: provider.state,
    VpcConfig: { SubnetIds: provider.subnetIds, SecurityGroupIds: provider.securityGroupIds },
    PermissionsConfig: { CapacityProviderOperatorRoleArn: provider.operatorRoleArn },
    ...(Object.keys(instances).length > 0 && { InstanceRequirements: instances }),
    CapacityProviderScalingConfig: {
      MaxVCpuCount: scaling.maxVCpuCount,
      ScalingMode: scaling.mode,
      ...(scaling.policies && {
        ScalingPolicies: scaling.policies.map(({ metric, target }) => ({
          PredefinedMetricType: metric,
          TargetValue: target,
        })),
      }),
    },
    ...(provider.kmsKeyArn !== undefined && { KmsKeyArn: provider.kmsKeyArn }),
    LastModified: provider.lastModified,
    ...(propagateTags && {
      PropagateTags: { Mode: propagateTags.mode, ...(propagateTags.tags && { ExplicitTags: propagateTags.tags }) },
    }),
    ...(logging && {
      TelemetryConfig: {
        LoggingConfig: {
          ...(logging.systemLogLevel !== undefined && { SystemLogLevel: logging.systemLogLevel }),
          LogGroup: logging.logGroup,
        },
      },
    }),
  };
}
