/**
 * A function version: everything that is needed to run one published version (or `$LATEST`) of a function, resolved
 * once from the catalog and immutable from then on. The noun that management writes and that invocation and execution
 * read. Domain names are camelCase; the AWS shapes live at the edge, in management/.
 */

/** contract/06 §1. Only `Active` and `Inactive` versions may be invoked. */
export type FunctionState = "Pending" | "Active" | "Inactive" | "Failed";

export type LastUpdateStatus = "Successful" | "InProgress" | "Failed";

export type Architecture = "x86_64" | "arm64";

export interface LoggingConfig {
  readonly logFormat: "Text" | "JSON";
  readonly logGroup: string;
  readonly applicationLogLevel?: string;
  readonly systemLogLevel?: string;
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
  /** Members that are stored and echoed but that nothing acts upon yet (VpcConfig, Layers, ...), in AWS's own shape. */
  readonly passive: Readonly<Record<string, unknown>>;
}

export interface FunctionVersion extends FunctionConfiguration {
  readonly functionName: string;
  /** `$LATEST` or digits. */
  readonly version: string;
  /** Unqualified: arn:aws:lambda:<region>:<account>:function:<name>. */
  readonly functionArn: string;
  /** base64 SHA-256 of the deployment package. */
  readonly codeSha256: string;
  /** bytes of the zipped deployment package */
  readonly codeSize: number;
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
}
