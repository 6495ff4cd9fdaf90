/**
 * Which service a request means: by the scope of its signature, else by X-Amz-Target, host or path. Only a guess until
 * the signature is verified for that very service.
 */
import type { WireService } from "../wire/service.ts";
import { refusal } from "./refusal.ts";
import type { RequestHead } from "./request-head.ts";
import { claimedService } from "./signature-claim.ts";

/** Signing names by the prefix of X-Amz-Target, of the services that functions commonly talk to. */
const TARGETS: Readonly<Record<string, string>> = {
  AWSEvents: "events",
  AWSStepFunctions: "states",
  AmazonSQS: "sqs",
  AmazonSSM: "ssm",
  DynamoDBStreams_20120810: "dynamodb",
  DynamoDB_20120810: "dynamodb",
  Kinesis_20131202: "kinesis",
  Logs_20140328: "logs",
  TrentService: "kms",
  secretsmanager: "secretsmanager",
};

/**
 * @returns the service, or undefined when neither the request tells one nor any service knows its path
 * @throws ServiceError UnknownOperation when the request plainly means a service that is not served here
 */
export function detectService(services: readonly WireService[], head: RequestHead): WireService | undefined {
  const named = (name: string | undefined): WireService | undefined =>
    name === undefined ? undefined : services.find((service) => service.signingName === name);
  const scope = claimedService(head);
  const found = named(scope) ?? named(targetOf(head)) ?? named(hostOf(head)) ?? byPath(services, head);
  if (found) return found;
  const meant = scope ?? targetOf(head);
  if (meant === undefined) return undefined;
  throw refusal("UnknownOperationException", `The service '${meant.slice(0, 64)}' is not served by this region.`);
}

function targetOf(head: RequestHead): string | undefined {
  const prefix = head.headers["x-amz-target"]?.split(".")[0];
  return prefix !== undefined && Object.hasOwn(TARGETS, prefix) ? TARGETS[prefix] : undefined;
}

/** `lambda.us-east-1.amazonaws.com`, `lambda.localhost:4566`. */
const hostOf = (head: RequestHead): string | undefined => head.headers.host?.split(".")[0]?.toLowerCase();

function byPath(services: readonly WireService[], head: RequestHead): WireService | undefined {
  return services.find(
    (service) => service.operationOf(head.method, head.path, head.query, head.headers) !== undefined,
  );
}
