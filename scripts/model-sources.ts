/**
 * What scripts/models.ts packs: for each service its SDK client, its place in botocore, and what neither of them says:
 * how large its requests may be, which further protocols it speaks, and where AWS does not enforce its own model.
 */

export interface ModelSource {
  /** The model is src/wire/models/<name>.json; the SDK client is @aws-sdk/client-<name>. */
  readonly name: string;
  /** Directory below botocore/data/. */
  readonly botocore: string;
  /** bytes; `default` for the operations that are not named. The service's own rules come after it, with its own words. */
  readonly maxBodyBytes: Readonly<Record<string, number>> & { readonly default: number };
  /** Protocols besides the SDK's, as Smithy ids. */
  readonly furtherProtocols?: readonly string[];
  /** For query protocols, when the SDK's default protocol is another. */
  readonly xmlNamespace?: string;
  /** Constraints that AWS does not enforce, or enforces elsewhere: shape → constraints, each with its witness. */
  readonly unchecked?: Readonly<Record<string, readonly string[]>>;
}

const KB = 1024;
const MB = 1024 * 1024;
const INVOKE_BYTES = 6 * MB + 100;
const CODE_BYTES = 70_167_211;

/** No SDK of today speaks it with these services of itself, but each can be told to. */
const CBOR = "smithy.protocols#rpcv2Cbor";

export const MODEL_SOURCES: readonly ModelSource[] = [
  {
    name: "lambda",
    botocore: "lambda/2015-03-31",
    // The service's front door, recorded or documented (contract/06 §4, contract/03 §1, quotas page).
    maxBodyBytes: {
      default: MB,
      CheckpointDurableExecution: INVOKE_BYTES,
      CreateFunction: CODE_BYTES,
      Invoke: INVOKE_BYTES,
      InvokeAsync: INVOKE_BYTES,
      InvokeWithResponseStream: INVOKE_BYTES,
      PublishLayerVersion: CODE_BYTES,
      UpdateFunctionCode: CODE_BYTES,
    },
    // Checked by the service, with another message and error code: contract/06 §3.
    unchecked: { Runtime: ["enum"] },
  },
  {
    name: "sqs",
    botocore: "sqs/2012-11-05",
    // A message, or a batch, of 1 MB: a form's percent-encoding makes three bytes of one.
    maxBodyBytes: { default: 4 * MB },
    // What clients before 2023 speak: boto3 below 1.28.82, the JavaScript SDK below 3.446.
    furtherProtocols: ["aws.protocols#awsQuery", CBOR],
    xmlNamespace: "http://queue.amazonaws.com/doc/2012-11-05/",
    // The service has an error of its own for names that it does not know; and ReceiveMessage's AttributeNames take
    // system attributes as well, as all clients from before MessageSystemAttributeNames give them.
    unchecked: { QueueAttributeName: ["enum"], MessageSystemAttributeName: ["enum"] },
  },
  {
    name: "sns",
    botocore: "sns/2010-03-31",
    // A message, or a batch, of 256 KB, percent-encoded.
    maxBodyBytes: { default: MB },
  },
  {
    name: "s3",
    botocore: "s3/2006-03-01",
    // XML documents; objects and parts are 5 GB at most.
    maxBodyBytes: {
      default: 2 * MB,
      CompleteMultipartUpload: 4 * MB,
      PutObject: 5 * KB * MB,
      UploadPart: 5 * KB * MB,
    },
    // Checked by the service, which has an error of its own for each (API reference, "Error responses"). The pattern
    // of a copy's source does not let it be percent-encoded, which it must be.
    unchecked: {
      BucketLocationConstraint: ["enum"],
      ChecksumAlgorithm: ["enum"],
      ChecksumType: ["enum"],
      CopySource: ["pattern"],
      EncodingType: ["enum"],
      Event: ["enum"],
      FilterRuleName: ["enum"],
      MetadataDirective: ["enum"],
      ObjectAttributes: ["enum"],
      StorageClass: ["enum"],
      TaggingDirective: ["enum"],
    },
  },
  {
    name: "eventbridge",
    botocore: "events/2015-10-07",
    // A detail is JSON within JSON: its quotes are escaped.
    maxBodyBytes: { default: MB, PutEvents: 4 * MB },
    furtherProtocols: [CBOR],
  },
  { name: "scheduler", botocore: "scheduler/2021-06-30", maxBodyBytes: { default: MB } },
  {
    name: "cloudwatch-logs",
    botocore: "logs/2014-03-28",
    // A batch of 1 MB, counted without the JSON around and the escapes within.
    maxBodyBytes: { default: MB, PutLogEvents: 6 * MB },
    furtherProtocols: [CBOR],
  },
  {
    name: "api-gateway",
    botocore: "apigateway/2015-07-09",
    // API descriptions: 6 MB (quotas page).
    maxBodyBytes: {
      default: MB,
      ImportApiKeys: 6 * MB,
      ImportDocumentationParts: 6 * MB,
      ImportRestApi: 6 * MB,
      PutRestApi: 6 * MB,
    },
  },
  {
    name: "apigatewayv2",
    botocore: "apigatewayv2/2018-11-29",
    maxBodyBytes: { default: MB, ImportApi: 6 * MB, ReimportApi: 6 * MB },
  },
  // A message of 128 KB: a larger one is refused by the service, with an error of its model.
  { name: "apigatewaymanagementapi", botocore: "apigatewaymanagementapi/2018-11-29", maxBodyBytes: { default: MB } },
  { name: "sts", botocore: "sts/2011-06-15", maxBodyBytes: { default: 256 * KB } },
];
