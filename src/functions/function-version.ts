/**
 * A function version: everything that is needed to run one published version (or `$LATEST`) of a function, resolved
 * once from the catalog and immutable from then on. The noun that management writes and that invocation and execution
 * read. Domain names are camelCase; the AWS shapes live at the edge, in management/.
 */

/** contract/06 §1. Only `Active` and `Inactive` versions may be invoked. */
export type FunctionState = "Pending" | "Active" | "ActiveNonInvocable" | "Inactive" | "Failed" | "Deactivated";

export type LastUpdateStatus = "Successful" | "InProgress" | "Failed";

export type Architecture = "x86_64" | "arm64";

export interface LoggingConfig {
  readonly logFormat: "Text" | "JSON";
  readonly logGroup: string;
  readonly applicationLogLevel?: string;
  readonly systemLogLevel?: string;
}

export interface VpcConfig {
  /** Both lists empty: taken out of its network. */
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly ipv6AllowedForDualStack: boolean;
}

export interface FileSystem {
  /** Of an EFS or S3 Files access point. */
  readonly arn: string;
  readonly localMountPath: string;
  readonly directS3Read?: string;
}

/** What replaces the image's own ENTRYPOINT, CMD and WORKDIR. */
export interface ImageConfig {
  readonly entryPoint?: readonly string[];
  readonly command?: readonly string[];
  readonly workingDirectory?: string;
}

/** A layer version as a function uses it: all that is needed of it, for it may be deleted while functions use it. */
export interface FunctionLayer {
  readonly layerName: string;
  readonly version: number;
  /** base64 SHA-256 of the layer's zip */
  readonly codeSha256: string;
  /** bytes of the layer's zip */
  readonly codeSize: number;
  /** bytes of all its files */
  readonly unzippedSize: number;
  /** Of the signing profile in whose name the zip was signed. */
  readonly signingProfileVersionArn?: string;
  readonly signingJobArn?: string;
}

export interface DurableConfig {
  /** seconds, 1..31622400 */
  readonly executionTimeoutSeconds?: number;
  /** 1..90 */
  readonly retentionPeriodDays?: number;
  readonly kmsKeyArn?: string;
}

/** What the owner of the function configures. One document, stored as JSON, copied unchanged into each version. */
export interface FunctionConfiguration {
  readonly runtime?: string;
  readonly handler?: string;
  readonly roleArn: string;
  readonly description: string;
  /** seconds, 1..900 */
  readonly timeoutSeconds: number;
  /** MB, 128..10240 */
  readonly memoryMb: number;
  /** MB, 512..10240: the size of /tmp */
  readonly ephemeralStorageMb: number;
  readonly architecture: Architecture;
  readonly packageType: "Zip" | "Image";
  /** Undefined when never set; an empty object when set to no variables (AWS answers the two differently). */
  readonly environment?: Readonly<Record<string, string>>;
  readonly logging: LoggingConfig;
  readonly tracingMode: "Active" | "PassThrough";
  readonly snapStartApplyOn: "PublishedVersions" | "None";
  /** Whether each tenant has environments of its own; invocations then name theirs. Decided when the function is created. */
  readonly tenantIsolation?: "PER_TENANT";
  /** Decided when the function is created, whether it has one; which and how may change. */
  readonly capacityProvider?: {
    readonly name: string;
    /** Invocations at a time in one environment: stored and shown, there is one at a time here. */
    readonly maxConcurrency?: number;
    readonly memoryGiBPerVCpu?: number;
  };
  /** SQS queue or SNS topic for events that could not be processed. */
  readonly deadLetterTargetArn?: string;
  /** Stored and shown: what is at rest is as safe as the data directory. */
  readonly kmsKeyArn?: string;
  /** Stored and shown: every function is in the one network of its region. */
  readonly vpc?: VpcConfig;
  readonly fileSystems?: readonly FileSystem[];
  /** Set when the function was made to run durable executions: it is one for good. */
  readonly durable?: DurableConfig;
  /** In the order in which they lie over each other; absent when there are none. */
  readonly layers?: readonly FunctionLayer[];
  /** Only of container images. */
  readonly imageConfig?: ImageConfig;
}

export interface FunctionVersion extends FunctionConfiguration {
  readonly functionName: string;
  /** `$LATEST`, `$LATEST.PUBLISHED` or digits. */
  readonly version: string;
  /** Unqualified: arn:aws:lambda:<region>:<account>:function:<name>. */
  readonly functionArn: string;
  /** UUID, of all versions of a function. One that is deleted and created anew by the same name is another function: it
   * inherits neither events nor environments. Absent of functions from before there was such an id. */
  readonly creationId?: string;
  /** base64 SHA-256 of the deployment package; of a container image its digest in hex, "" while that is not known. */
  readonly codeSha256: string;
  /** bytes of the zipped deployment package; 0 of a container image */
  readonly codeSize: number;
  /** Where the container image is, as its owner wrote it. */
  readonly imageUri?: string;
  /** The key that the zip is to be encrypted with: stored and shown, as kmsKeyArn. */
  readonly sourceKmsKeyArn?: string;
  /** UUID; changes with everything that changes this version. Together with functionArn and version it names an exact
   * configuration: execution environments of another revision are never reused. */
  readonly revisionId: string;
  /** ISO 8601 with AWS's offset form: 2024-05-01T12:34:56.000+0000 */
  readonly lastModified: string;
  readonly state: FunctionState;
  readonly stateReason?: string;
  readonly stateReasonCode?: string;
  readonly lastUpdateStatus?: LastUpdateStatus;
  readonly lastUpdateStatusReason?: string;
  readonly lastUpdateStatusReasonCode?: string;
  readonly runtimeVersionArn?: string;
  /** Environments of this published version come from a snapshot. */
  readonly snapStartOptimization?: "On";
  /** Of the signing profile in whose name the code was signed. */
  readonly signingProfileVersionArn?: string;
  readonly signingJobArn?: string;
}
