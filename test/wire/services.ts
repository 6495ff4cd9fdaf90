/** The services whose wire is fuzzed: their models, and the modules of the SDK's clients for them. */
import * as apiGateway from "@aws-sdk/client-api-gateway";
import * as managementApi from "@aws-sdk/client-apigatewaymanagementapi";
import * as apiGatewayV2 from "@aws-sdk/client-apigatewayv2";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as eventBridge from "@aws-sdk/client-eventbridge";
import * as lambda from "@aws-sdk/client-lambda";
import * as s3 from "@aws-sdk/client-s3";
import * as scheduler from "@aws-sdk/client-scheduler";
import * as sns from "@aws-sdk/client-sns";
import * as sqs from "@aws-sdk/client-sqs";
import * as sts from "@aws-sdk/client-sts";
import { AwsQueryProtocol, AwsSmithyRpcV2CborProtocol } from "@aws-sdk/core/protocols";

type Send = (command: unknown) => Promise<unknown>;
type ClientClass = new (configuration: object) => { readonly send: Send; destroy(): void };

/** Where the SDKs, not we, make of a value something else than what was given. */
export interface Peculiarities {
  /** Members of inputs that are always this, where they are there. */
  readonly fixed?: Readonly<Record<string, unknown>>;
  /** Operations that are not tried. */
  readonly uncalled?: readonly string[];
  /** Members of inputs that are never given. */
  readonly omitted?: readonly string[];
  /** Members that its model has later than boto3's, or as another type. */
  readonly unknownToBoto3?: readonly string[];
  /** Operations that are not tried by boto3. */
  readonly uncalledByBoto3?: readonly string[];
  /** Lists without an element of their own around them: empty ones are not seen. */
  readonly losesEmptyLists?: boolean;
  /** Members that are not compared. */
  readonly unread?: readonly string[];
}

export interface FuzzedService extends Peculiarities {
  /** Of the model. */
  readonly name: string;
  /** Of boto3's client. */
  readonly boto3: string;
  /** Another protocol than the SDK's own choice, which boto3 has no switch for. */
  readonly protocol?: string;
  readonly sdk: Readonly<Record<string, unknown>>;
  readonly Client: ClientClass;
  readonly configuration?: object;
  /** An operation that errors are tried with. */
  readonly probe: string;
}

const client = (Client: unknown): ClientClass => Client as ClientClass;

const OWN_PROTOCOL: readonly FuzzedService[] = [
  {
    name: "lambda",
    boto3: "lambda",
    sdk: lambda,
    Client: client(lambda.LambdaClient),
    probe: "GetAccountSettings",
  },
  {
    name: "s3",
    boto3: "s3",
    sdk: s3,
    Client: client(s3.S3Client),
    configuration: {
      forcePathStyle: true,
      // The echo's answers have no checksums, and what is sent gets none beside those that are given.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    },
    // A part of the address; what the client would compute; what boto3 encodes, or adds.
    fixed: { Bucket: "bucket", ChecksumAlgorithm: "CRC32", CopySource: "bucket/key", EncodingType: "url" },
    // Said by the body itself; asks for checksums that are right; keys, which the clients encode and digest.
    omitted: [
      "ContentLength",
      "ChecksumMode",
      ...["SSECustomerKey", "SSECustomerKeyMD5", "CopySourceSSECustomerKey", "CopySourceSSECustomerKeyMD5"],
    ],
    unread: ["ContentLength", "ExpiresString"],
    // Object Lambda has an address of its own; S3 Select would be the one stream of events in XML. Neither is served.
    uncalled: ["WriteGetObjectResponse", "SelectObjectContent"],
    // Integers in boto3, texts in the other SDK.
    unknownToBoto3: ["PartNumberMarker", "NextPartNumberMarker"],
    // The former have members that boto3 does not have yet, or as integers; the latter an address of its own.
    uncalledByBoto3: ["GetBucketReplication", "PutBucketReplication", "GetObjectAttributes", "ListDirectoryBuckets"],
    probe: "ListBuckets",
  },
  {
    name: "sqs",
    boto3: "sqs",
    sdk: sqs,
    Client: client(sqs.SQSClient),
    // The echo's answers are no digests of what was sent.
    configuration: { md5: false },
    probe: "ListQueues",
  },
  { name: "sns", boto3: "sns", sdk: sns, Client: client(sns.SNSClient), probe: "ListTopics" },
  {
    name: "sts",
    boto3: "sts",
    sdk: sts,
    Client: client(sts.STSClient),
    probe: "GetCallerIdentity",
    unknownToBoto3: ["Scope", "SubjectMode", "TrustedIdentityPropagationContext"],
  },
  {
    name: "eventbridge",
    boto3: "events",
    sdk: eventBridge,
    Client: client(eventBridge.EventBridgeClient),
    probe: "ListEventBuses",
    // Becomes a part of the host name, and needs a signature of another kind.
    omitted: ["EndpointId"],
  },
  {
    name: "scheduler",
    boto3: "scheduler",
    sdk: scheduler,
    Client: client(scheduler.SchedulerClient),
    probe: "ListSchedules",
  },
  {
    name: "cloudwatch-logs",
    boto3: "logs",
    sdk: logs,
    Client: client(logs.CloudWatchLogsClient),
    probe: "DescribeLogGroups",
  },
  {
    name: "api-gateway",
    boto3: "apigateway",
    sdk: apiGateway,
    Client: client(apiGateway.APIGatewayClient),
    probe: "GetAccount",
    // Is the header Accept, which the clients set by themselves.
    unread: ["accepts"],
  },
  {
    name: "apigatewayv2",
    boto3: "apigatewayv2",
    sdk: apiGatewayV2,
    Client: client(apiGatewayV2.ApiGatewayV2Client),
    probe: "GetApis",
  },
  {
    name: "apigatewaymanagementapi",
    boto3: "apigatewaymanagementapi",
    sdk: managementApi,
    Client: client(managementApi.ApiGatewayManagementApiClient),
    probe: "DeleteConnection",
  },
];

/** The same services in the other protocols that they speak. */
const OTHER_PROTOCOLS: readonly FuzzedService[] = OWN_PROTOCOL.flatMap((service) => {
  const { name, configuration } = service;
  const over = (protocol: string, Protocol: object): FuzzedService => ({
    ...service,
    protocol,
    configuration: { ...configuration, protocol: Protocol },
    // Two members of ReceiveMessage have one name in the query protocol: what is given as one arrives as both.
    ...(protocol === "query" && { losesEmptyLists: true, unread: ["AttributeNames", "MessageSystemAttributeNames"] }),
  });
  if (name === "sqs") return [over("query", AwsQueryProtocol), over("cbor", AwsSmithyRpcV2CborProtocol)];
  const isJson = name === "eventbridge" || name === "cloudwatch-logs";
  return isJson ? [over("cbor", AwsSmithyRpcV2CborProtocol)] : [];
});

export const SERVICES: readonly FuzzedService[] = [...OWN_PROTOCOL, ...OTHER_PROTOCOLS];
