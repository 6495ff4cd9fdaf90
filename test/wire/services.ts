/** The services whose wire is fuzzed: their models, and the modules of the SDK's clients for them. */
import * as apiGateway from "@aws-sdk/client-api-gateway";
import * as managementApi from "@aws-sdk/client-apigatewaymanagementapi";
import * as apiGatewayV2 from "@aws-sdk/client-apigatewayv2";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as eventBridge from "@aws-sdk/client-eventbridge";
import * as lambda from "@aws-sdk/client-lambda";
import * as scheduler from "@aws-sdk/client-scheduler";
import * as sns from "@aws-sdk/client-sns";
import * as sqs from "@aws-sdk/client-sqs";
import * as sts from "@aws-sdk/client-sts";
import { AwsQueryProtocol, AwsSmithyRpcV2CborProtocol } from "@aws-sdk/core/protocols";

type Send = (command: unknown) => Promise<unknown>;
type ClientClass = new (configuration: object) => { readonly send: Send; destroy(): void };

/** Where the SDKs, not we, make of a value something else than what was given. */
export interface Peculiarities {
  /** Members of inputs that are never given. */
  readonly omitted?: readonly string[];
  /** Members that its model has later than boto3's, or as another type. */
  readonly unknownToBoto3?: readonly string[];
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
