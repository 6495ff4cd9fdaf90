/**
 * Functions with a capacity provider: what Lambda demands of them. They run in ordinary environments here, one invocation
 * at a time; only what would be refused by AWS is refused. The texts are not recorded.
 */
import { type CapacityProvider, capacityProviderArn, capacityProviderName } from "../functions/capacity-provider.ts";
import type { FunctionConfiguration } from "../functions/function-version.ts";
import { type FunctionSettings, LEAST_CAPACITY_MEMORY_MB } from "./function-settings.ts";
import type { CallContext, ManagementContext } from "./lambda-api.ts";

/** The developer guide's quota. */
const MAX_VERSIONS = 100;
const MEMORY_RATIOS: readonly number[] = [2, 4, 8];

/** What the settings say of a capacity provider, in our shape; undefined when nothing. */
export function capacityFrom(
  place: CallContext,
  settings: FunctionSettings,
): FunctionConfiguration["capacityProvider"] {
  const config = settings.CapacityProviderConfig?.LambdaManagedInstancesCapacityProviderConfig;
  if (!config) return undefined;
  const { PerExecutionEnvironmentMaxConcurrency: concurrency, ExecutionEnvironmentMemoryGiBPerVCpu: memory } = config;
  return {
    // Another place's stays an ARN: no provider has such a name.
    name: capacityProviderName(place, config.CapacityProviderArn) ?? config.CapacityProviderArn,
    ...(concurrency !== undefined && { maxConcurrency: concurrency }),
    ...(memory !== undefined && { memoryGiBPerVCpu: memory }),
  };
}

/** Why such a configuration is not allowed, whatever the provider; undefined when it is. */
export function capacityRefusal(configuration: FunctionConfiguration): string | undefined {
  const { capacityProvider: capacity, memoryMb } = configuration;
  if (!capacity) return undefined;
  const unsupported = (member: string) => `${member} is not supported for functions with a capacity provider.`;
  if (configuration.snapStartApplyOn === "PublishedVersions") return unsupported("SnapStart");
  if (configuration.tenantIsolation) return unsupported("TenancyConfig");
  if (configuration.vpc?.subnetIds.length) return unsupported("VpcConfig");
  if (memoryMb < LEAST_CAPACITY_MEMORY_MB) {
    return `MemorySize must be at least ${LEAST_CAPACITY_MEMORY_MB} for functions with a capacity provider.`;
  }
  const { memoryGiBPerVCpu: ratio } = capacity;
  if (ratio === undefined) return undefined;
  if (!MEMORY_RATIOS.includes(ratio))
    return `ExecutionEnvironmentMemoryGiBPerVCpu must be one of ${MEMORY_RATIOS.join(", ")}.`;
  return ratio * 1024 > memoryMb
    ? "ExecutionEnvironmentMemoryGiBPerVCpu must not be greater than the memory of the function."
    : undefined;
}

/**
 * Run a task that writes versions which use a provider, while that cannot go.
 * @param architecture of the versions
 * @param added how many versions more will use it
 * @throws ServiceError when there is no such provider, or it cannot take them
 */
export async function withCapacity<T>(
  management: Pick<ManagementContext, "capacityProviders" | "catalog" | "fail">,
  context: CallContext,
  { capacityProvider: capacity, architecture }: Pick<FunctionConfiguration, "capacityProvider" | "architecture">,
  added: number,
  task: () => Promise<T>,
): Promise<T> {
  const { capacityProviders: providers, catalog, fail } = management;
  if (!capacity) return task();
  const { name } = capacity;
  return providers.hold(name, async () => {
    const arn = capacityProviderArn(context, name);
    const provider: CapacityProvider =
      (await providers.get(name)) ??
      fail("ResourceNotFoundException", `Capacity provider not found: ${name.startsWith("arn:") ? name : arn}`);
    if (provider.state !== "Active") {
      fail(
        "ResourceConflictException",
        `The operation cannot be performed at this time. The capacity provider is currently in the following state: ${provider.state}`,
      );
    }
    if (provider.architectures && !provider.architectures.includes(architecture)) {
      fail(
        "InvalidParameterValueException",
        `The capacity provider ${arn} does not support the architecture ${architecture}.`,
      );
    }
    if (added > 0 && (await catalog.listing.countOfCapacityProvider(name)) + added > MAX_VERSIONS) {
      fail(
        "FunctionVersionsPerCapacityProviderLimitExceededException",
        `The maximum number of function versions (${MAX_VERSIONS}) of capacity provider ${arn} is reached.`,
      );
    }
    return task();
  });
}
