/** Errors that AWS documents for an operation and that cannot come about in this region, each with its reason. */

/** For every operation that documents them. */
export const UNREACHABLE: Readonly<Record<string, string>> = {
  ServiceException: "a fault of ours: no call can be made to bring it about",
  CallbackTimeoutException: "durable executions are not served yet",
  CapacityProviderLimitExceededException: "AWS does not say the limit",
  CodeArtifactUserDeletedException: "no code lies in other accounts",
  CodeArtifactUserFailedException: "no code lies in other accounts",
  CodeArtifactUserPendingException: "no code lies in other accounts",
  DurableExecutionAlreadyStartedException: "durable executions are not served yet",
  EC2AccessDeniedException: "there is no EC2",
  EC2ThrottledException: "there is no EC2",
  EC2UnexpectedException: "there is no EC2",
  EFSIOException: "there is no EFS",
  EFSMountConnectivityException: "there is no EFS",
  EFSMountFailureException: "there is no EFS",
  EFSMountTimeoutException: "there is no EFS",
  ENILimitReachedException: "there is no EC2",
  ENINotReadyException: "there is no EC2",
  FunctionVersionsPerCapacityProviderLimitExceededException: "AWS does not say the limit",
  InvalidRuntimeException: "a runtime is checked when the function is made, which then fails",
  InvalidSecurityGroupIDException: "there is no EC2",
  InvalidSubnetIDException: "there is no EC2",
  InvalidZipFileException: "a zip is unpacked before it is accepted",
  KMSAccessDeniedException: "there is no KMS",
  KMSDisabledException: "there is no KMS",
  KMSInvalidStateException: "there is no KMS",
  KMSNotFoundException: "there is no KMS",
  ModeNotSupportedException: "only durable functions support less than every mode",
  PublicPolicyException: "public access is not blocked in this region: AWS's operations to block it are not Lambda's",
  ResourceNotReadyException: "functions of this region do not become Inactive",
  RuntimeAliasDeletedException: "runtimes of this region do not go while it runs",
  RuntimeVersionDeletedException: "runtimes of this region do not go while it runs",
  S3FilesMountConnectivityException: "there is no S3 Files",
  S3FilesMountFailureException: "there is no S3 Files",
  S3FilesMountTimeoutException: "there is no S3 Files",
  SerializedRequestEntityTooLargeException: "requests are not serialised again on their way",
  ServiceQuotaExceededException: "no quota of this region is of that kind",
  SnapStartRegenerationFailureException: "a version whose snapshot cannot be made again starts plainly",
  UnsupportedMediaTypeException: "AWS documents it, and takes any content type",
  SubnetIPAddressLimitReachedException: "there is no EC2",
};

const UNTHROTTLED = "the control API is not throttled";
const NO_OTHER_CHANGE = "settings beside a version change at once, and in turn: none is under way when another comes";

const LATEST_ONLY = "it names no version, and only published ones have snapshots";

/** For one operation: `Operation Error`, or `* Error` for all that no test of its own covers. */
export const UNREACHABLE_FOR: Readonly<Record<string, string>> = {
  "* TooManyRequestsException": UNTHROTTLED,
  "CreateAlias AliasLimitExceededException": "AWS does not say the limit",
  "DeleteFunctionConcurrency ResourceConflictException": NO_OTHER_CHANGE,
  "DeleteFunctionEventInvokeConfig ResourceConflictException": NO_OTHER_CHANGE,
  "PutFunctionEventInvokeConfig ResourceConflictException": NO_OTHER_CHANGE,
  "UpdateFunctionEventInvokeConfig ResourceConflictException": NO_OTHER_CHANGE,
  "PutFunctionRecursionConfig ResourceConflictException": NO_OTHER_CHANGE,
  "PutRuntimeManagementConfig ResourceConflictException": NO_OTHER_CHANGE,
  "PutResourcePolicy ResourceConflictException": NO_OTHER_CHANGE,
  "DeleteResourcePolicy ResourceConflictException": NO_OTHER_CHANGE,
  "PutFunctionScalingConfig ResourceConflictException": NO_OTHER_CHANGE,
  "UntagResource ResourceConflictException": NO_OTHER_CHANGE,
  "DeleteEventSourceMapping ResourceInUseException":
    "mappings settle too soon; src/management/event-source-mappings.test.ts",
  "UpdateEventSourceMapping ResourceInUseException":
    "mappings settle too soon; src/management/event-source-mappings.test.ts",
  "GetFunctionRecursionConfig InvalidParameterValueException": "a name with a qualifier breaks the name's pattern",
  "PutFunctionRecursionConfig InvalidParameterValueException": "a name with a qualifier breaks the name's pattern",
  "InvokeAsync ResourceConflictException": "an event waits until its function is ready",
  "UpdateFunctionCode CodeSigningConfigNotFoundException": "a configuration in use cannot be deleted",
  "UpdateFunctionConfiguration CodeSigningConfigNotFoundException": "a configuration in use cannot be deleted",
  "UpdateFunctionConfiguration CodeVerificationFailedException": "code is verified when it comes",
  "UpdateFunctionConfiguration InvalidCodeSignatureException": "code is verified when it comes",
  "InvokeAsync SnapStartException": LATEST_ONLY,
  "InvokeAsync SnapStartNotReadyException": LATEST_ONLY,
  "InvokeAsync SnapStartTimeoutException": LATEST_ONLY,
};
