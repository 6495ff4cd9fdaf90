/** Lambda's control API: every operation that is served, by name. */
import { aliasHandlers } from "./aliases.ts";
import { capacityProviderHandlers } from "./capacity-providers.ts";
import { codeSigningConfigHandlers } from "./code-signing-configs.ts";

import { createFunctionHandlers } from "./create-function.ts";
import { deleteFunctionHandlers } from "./delete-function.ts";
import { eventInvokeConfigHandlers } from "./event-invoke-configs.ts";
import { eventSourceMappingHandlers } from "./event-source-mappings.ts";

import { functionCodeSigningHandlers } from "./function-code-signing.ts";

import { functionScalingHandlers } from "./function-scaling.ts";

import { functionUrlHandlers } from "./function-urls.ts";
import type { LambdaHandlers, ManagementContext } from "./lambda-api.ts";
import { layerPolicyHandlers } from "./layer-policy.ts";
import { layerHandlers } from "./layers.ts";
import { permissionHandlers } from "./permissions.ts";
import { provisionedConcurrencyHandlers } from "./provisioned-concurrency.ts";
import { readFunctionHandlers } from "./read-functions.ts";
import { recursionHandlers } from "./recursion.ts";
import { reservedConcurrencyHandlers } from "./reserved-concurrency.ts";
import { resourcePolicyHandlers } from "./resource-policies.ts";
import { runtimeManagementHandlers } from "./runtime-management.ts";
import { tagHandlers } from "./tags.ts";
import { updateFunctionHandlers } from "./update-function.ts";
import { versionHandlers } from "./versions.ts";

export { AccountConcurrency } from "./account-concurrency.ts";
export { Activation, type Preparation, type Prepare, snapStartOff } from "./activation.ts";
export { CapacityProviderLifecycle } from "./capacity-provider-lifecycle.ts";
export { codeReader } from "./code-reader.ts";
export { CodeStorage } from "./code-storage.ts";
export { FunctionScalingControl } from "./function-scaling-control.ts";
export type { ImageResolution, Lambda, LambdaFail, LambdaHandlers, ManagementContext } from "./lambda-api.ts";
export { MappingLifecycle, type Pollers } from "./mapping-lifecycle.ts";

export const SERVED_OPERATIONS = [
  "AddLayerVersionPermission",
  "AddPermission",
  "CreateAlias",
  "CreateCodeSigningConfig",
  "CreateCapacityProvider",
  "CreateEventSourceMapping",
  "CreateFunction",
  "CreateFunctionUrlConfig",
  "DeleteAlias",
  "DeleteCodeSigningConfig",
  "DeleteCapacityProvider",
  "DeleteEventSourceMapping",
  "DeleteFunction",
  "DeleteFunctionCodeSigningConfig",
  "DeleteFunctionConcurrency",
  "DeleteFunctionEventInvokeConfig",
  "DeleteFunctionUrlConfig",
  "DeleteLayerVersion",
  "DeleteProvisionedConcurrencyConfig",
  "DeleteResourcePolicy",
  "GetAccountSettings",
  "GetAlias",
  "GetCodeSigningConfig",
  "GetCapacityProvider",
  "GetEventSourceMapping",
  "GetFunction",
  "GetFunctionCodeSigningConfig",
  "GetFunctionConcurrency",
  "GetFunctionConfiguration",
  "GetFunctionEventInvokeConfig",
  "GetFunctionRecursionConfig",
  "GetFunctionScalingConfig",
  "GetFunctionUrlConfig",
  "GetLayerVersion",
  "GetLayerVersionByArn",
  "GetLayerVersionPolicy",
  "GetPolicy",
  "GetProvisionedConcurrencyConfig",
  "GetResourcePolicy",
  "GetRuntimeManagementConfig",
  "ListAliases",
  "ListCodeSigningConfigs",
  "ListCapacityProviders",
  "ListEventSourceMappings",
  "ListFunctionEventInvokeConfigs",
  "ListFunctionUrlConfigs",
  "ListFunctionVersionsByCapacityProvider",
  "ListFunctions",
  "ListFunctionsByCodeSigningConfig",
  "ListLayerVersions",
  "ListLayers",
  "ListProvisionedConcurrencyConfigs",
  "ListTags",
  "ListVersionsByFunction",
  "PublishLayerVersion",
  "PublishVersion",
  "PutFunctionCodeSigningConfig",
  "PutFunctionConcurrency",
  "PutFunctionEventInvokeConfig",
  "PutFunctionRecursionConfig",
  "PutFunctionScalingConfig",
  "PutProvisionedConcurrencyConfig",
  "PutResourcePolicy",
  "PutRuntimeManagementConfig",
  "RemoveLayerVersionPermission",
  "RemovePermission",
  "TagResource",
  "UntagResource",
  "UpdateAlias",
  "UpdateCodeSigningConfig",
  "UpdateCapacityProvider",
  "UpdateEventSourceMapping",
  "UpdateFunctionCode",
  "UpdateFunctionConfiguration",
  "UpdateFunctionEventInvokeConfig",
  "UpdateFunctionUrlConfig",
] as const satisfies readonly (keyof LambdaHandlers)[];

export function createLambdaHandlers(management: ManagementContext) {
  return {
    ...createFunctionHandlers(management),
    ...readFunctionHandlers(management),
    ...updateFunctionHandlers(management),
    ...deleteFunctionHandlers(management),
    ...versionHandlers(management),
    ...aliasHandlers(management),
    ...permissionHandlers(management),
    ...resourcePolicyHandlers(management),
    ...runtimeManagementHandlers(management),
    ...recursionHandlers(management),
    ...eventInvokeConfigHandlers(management),
    ...codeSigningConfigHandlers(management),
    ...functionCodeSigningHandlers(management),
    ...tagHandlers(management),
    ...reservedConcurrencyHandlers(management),
    ...provisionedConcurrencyHandlers(management),
    ...layerHandlers(management),
    ...layerPolicyHandlers(management),
    ...eventSourceMappingHandlers(management),
    ...capacityProviderHandlers(management),
    ...functionScalingHandlers(management),
    ...functionUrlHandlers(management),
  } satisfies Required<Pick<LambdaHandlers, (typeof SERVED_OPERATIONS)[number]>>;
}
