/**
 * What Lambda demands of a function's settings beyond its model: checked by the service, in its own words. Texts are
 * from contract/01 §5 and contract/06 unless a comment says otherwise.
 */
import { isOfOtherPartition } from "../functions/function-name.ts";
import type { FunctionConfiguration } from "../functions/function-version.ts";
import { runtimeRefusal, supportsSnapStart } from "../functions/runtime-names.ts";
import { newPackageRefusal } from "./container-image.ts";
import { environmentRefusal } from "./environment-rules.ts";
import { capacityRefusal } from "./function-capacity.ts";
import { layersRefusal } from "./function-layers.ts";
import type { FunctionSettings } from "./function-settings.ts";
import type { CallContext, LambdaFail, LambdaInput } from "./lambda-api.ts";
import { checkPublishTo } from "./published-latest.ts";

const MAX_MEMORY_MB = 10_240;
const MAX_TIMEOUT_SECONDS = 900;
const MAX_EPHEMERAL_STORAGE_MB = 10_240;
const MAX_IMAGE_CONFIG_BYTES = 16_384;
const MAX_TAGS = 50;
const MAX_NAME_LENGTH = 64;

/** A rule answers why it refuses, or undefined. */
type Rule = (settings: FunctionSettings, context: CallContext) => string | undefined;

const RULES: readonly Rule[] = [
  ({ Runtime: runtime }) => (runtime === undefined ? undefined : runtimeRefusal(runtime)),
  // Whether there is such a role, IAM alone would know.
  ({ Role: role }, context) =>
    role !== undefined && isOfOtherPartition(role, context)
      ? "The role defined for the function cannot be assumed by Lambda."
      : undefined,
  ({ Environment: environment }) => environmentRefusal(environment?.Variables ?? {}),
  ({ Layers: layers = [] }, context) => layersRefusal(layers, context),
  ({ VpcConfig: vpc }) =>
    (vpc?.SubnetIds?.length ?? 0) > 0 !== (vpc?.SecurityGroupIds?.length ?? 0) > 0
      ? "SubnetIds and SecurityIds must coexist or be both empty list."
      : undefined,
  ({ DeadLetterConfig: deadLetter }, context) => deadLetterRefusal(deadLetter?.TargetArn, context),
  ({ KMSKeyArn: key }, context) =>
    key && (!/^arn:aws[a-zA-Z-]*:kms:/.test(key) || isOfOtherPartition(key, context))
      ? `Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. Please check your KMS key settings. KMS Exception: InvalidArnException KMS Message: Invalid arn ${key}`
      : undefined,
  ({ FileSystemConfigs: systems }) =>
    systems?.some(({ Arn, S3FilesConfig }) => S3FilesConfig && !Arn.includes(":s3files:"))
      ? "S3FilesConfig is only supported for access points of Amazon S3 Files."
      : undefined,
];

/** The rules about members that do not go together, whenever each of them was set. */
const COMBINATIONS: readonly ((configuration: FunctionConfiguration) => string | undefined)[] = [
  // Known from accounts whose quota is lower: «'MemorySize' value failed to satisfy constraint: ... 3008».
  ({ memoryMb, capacityProvider }) =>
    // Whoever has a capacity provider may have as much as the model lets.
    memoryMb > MAX_MEMORY_MB && !capacityProvider
      ? `'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to ${MAX_MEMORY_MB}`
      : undefined,
  ({ packageType, imageConfig }) =>
    imageConfig && packageType === "Zip"
      ? "Please don't provide ImageConfig for a function with packageType Zip."
      : undefined,
  // The developer guide's quota; the text is not recorded.
  ({ imageConfig }) =>
    imageConfig && Buffer.byteLength(JSON.stringify(imageConfig)) > MAX_IMAGE_CONFIG_BYTES
      ? `ImageConfig must not be larger than ${MAX_IMAGE_CONFIG_BYTES} bytes.`
      : undefined,
  ({ fileSystems, vpc }) =>
    fileSystems?.[0] && !vpc?.subnetIds.length
      ? `Function must be configured to execute in a VPC to reference access point ${fileSystems[0].arn}.`
      : undefined,
  ({ logging }) =>
    logging.logFormat === "Text" && (logging.applicationLogLevel ?? logging.systemLogLevel) !== undefined
      ? "ApplicationLogLevel and SystemLogLevel are only supported with LogFormat JSON."
      : undefined,
  capacityRefusal,
  ({ snapStartApplyOn, ...configuration }) =>
    snapStartApplyOn === "PublishedVersions" ? snapStartRefusal(configuration) : undefined,
];

/** @throws ServiceError when what would come out of a change is not allowed */
export function checkConfiguration(fail: LambdaFail, configuration: FunctionConfiguration): void {
  for (const rule of COMBINATIONS) {
    const refusal = rule(configuration);
    if (refusal !== undefined) fail("InvalidParameterValueException", refusal);
  }
}

/**
 * The rules that hold for CreateFunction and UpdateFunctionConfiguration alike.
 * @throws ServiceError of the first rule that is broken
 */
export function checkSettings(fail: LambdaFail, context: CallContext, settings: FunctionSettings): void {
  checkMaximum(fail, "timeout", settings.Timeout, MAX_TIMEOUT_SECONDS);
  checkMaximum(fail, "ephemeralStorage.size", settings.EphemeralStorage?.Size, MAX_EPHEMERAL_STORAGE_MB);
  for (const rule of RULES) {
    const refusal = rule(settings, context);
    if (refusal !== undefined) fail("InvalidParameterValueException", refusal);
  }
}

/** The rules that hold only for a new function. @throws ServiceError */
export function checkNewFunction(fail: LambdaFail, name: string, input: LambdaInput<"CreateFunction">): void {
  const refuse = (message: string): never => fail("InvalidParameterValueException", message);
  if (name.length > MAX_NAME_LENGTH) {
    refuse(
      `1 validation error detected: Value '${name}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to ${MAX_NAME_LENGTH}`,
    );
  }
  const refusal = newPackageRefusal(input);
  if (refusal !== undefined) refuse(refusal);
  checkPublishTo(fail, input.PublishTo, input.CapacityProviderConfig !== undefined);
  checkTags(fail, input.Tags ?? {});
}

/** @throws ServiceError when a resource may not have these tags */
export function checkTags(fail: LambdaFail, tags: Readonly<Record<string, string>>): void {
  const keys = Object.keys(tags);
  if (keys.length > MAX_TAGS) fail("InvalidParameterValueException", "Number of tags exceeds resource tag limit.");
  // In the words that other AWS services use for it; Lambda's own are not recorded.
  if (keys.some((key) => key.toLowerCase().startsWith("aws:"))) {
    fail("InvalidParameterValueException", "aws: prefixed tag key names are not allowed for external use.");
  }
}

export function notServed(what: string): string {
  return `${what} is not served by this region yet.`;
}

/** As the model said it while its maximum was still Lambda's own; today's is that of Managed Instances. */
function checkMaximum(fail: LambdaFail, path: string, value: number | undefined, maximum: number): void {
  if (value === undefined || value <= maximum) return;
  fail(
    "ValidationException",
    `1 validation error detected: Value '${value}' at '${path}' failed to satisfy constraint: Member must have value less than or equal to ${maximum}`,
  );
}

function deadLetterRefusal(arn: string | undefined, context: CallContext): string | undefined {
  if (!arn) return undefined;
  const [, , service, where, account, name] = arn.split(":");
  const isTarget =
    (service === "sqs" || service === "sns") &&
    where === context.region &&
    /^\d{12}$/.test(account ?? "") &&
    name &&
    !isOfOtherPartition(arn, context);
  return isTarget ? undefined : `The dead letter target ARN ${arn} is invalid.`;
}

/** The developer guide's list of what SnapStart does not go together with; only the first text is recorded. */
function snapStartRefusal(configuration: Omit<FunctionConfiguration, "snapStartApplyOn">): string | undefined {
  const { packageType, runtime = "", fileSystems, ephemeralStorageMb, tenantIsolation } = configuration;
  if (packageType === "Image") return "SnapStart is not supported for functions with packageType Image.";
  if (!supportsSnapStart(runtime)) return `${runtime} is not supported for SnapStart enabled functions.`;
  if (fileSystems) return "FileSystemConfigs is not supported for SnapStart enabled functions.";
  if (ephemeralStorageMb > 512)
    return "Ephemeral storage over 512 MB is not supported for SnapStart enabled functions.";
  return tenantIsolation && "TenancyConfig is not supported for SnapStart enabled functions.";
}
