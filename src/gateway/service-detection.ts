/**
 * Which service a request means: by the scope of its signature, else by X-Amz-Target, host or path. Only a guess until
 * the signature is verified for that very service.
 */
import type { WireService } from "../wire/service.ts";
import { refusal } from "./refusal.ts";
import type { RequestHead } from "./request-head.ts";
import { claimedService } from "./signature-claim.ts";
import { isSignedByV2 } from "./sigv2.ts";

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

/** Signing names by the part of a host name that means them, where it is not the signing name itself. */
const HOSTS: Readonly<Record<string, string>> = { queue: "sqs", "streaming-logs": "logs" };

/**
 * @returns the service, or undefined when neither the request tells one nor any service knows its path
 * @throws ServiceError UnknownOperation when the request plainly means a service that is not served here
 */
export function detectService(services: readonly WireService[], head: RequestHead): WireService | undefined {
  const scope = isSignedByV2(head) ? "s3" : claimedService(head);
  const found =
    named(services, scope, head) ??
    named(services, targetOf(head), head) ??
    byHost(services, head) ??
    byPath(services, head);
  if (found) return found;
  const meant = scope ?? targetOf(head);
  if (meant === undefined) return undefined;
  throw refusal("UnknownOperationException", `The service '${meant.slice(0, 64)}' is not served by this region.`);
}

/** Services may share a signing name, as the versions of API Gateway do: then it is the one that knows the operation. */
function named(
  services: readonly WireService[],
  signingName: string | undefined,
  head: RequestHead,
): WireService | undefined {
  const candidates = services.filter((service) => service.signingName === signingName);
  if (candidates.length < 2) return candidates[0];
  return candidates.find((service) => service.operationOf(head) !== undefined) ?? candidates[0];
}

function targetOf(head: RequestHead): string | undefined {
  const prefix = head.headers["x-amz-target"]?.split(".")[0];
  return prefix !== undefined && Object.hasOwn(TARGETS, prefix) ? TARGETS[prefix] : undefined;
}

/**
 * `lambda.us-east-1.amazonaws.com`, `sqs.localhost:4566`, `bucket.s3.localhost`: the last part that names a service,
 * since what stands before it is the customer's, and may be called like one.
 */
function byHost(services: readonly WireService[], head: RequestHead): WireService | undefined {
  const host = head.headers.host?.toLowerCase().split(":")[0] ?? "";
  for (const part of host.split(".").reverse()) {
    const service = named(services, Object.hasOwn(HOSTS, part) ? HOSTS[part] : part, head);
    if (service) return service;
  }
  return undefined;
}

/** Any path may be one of a bucket: by its path S3 is meant only where there is one. */
function byPath(services: readonly WireService[], head: RequestHead): WireService | undefined {
  return (
    services.find((service) => service.signingName !== "s3" && service.operationOf(head) !== undefined) ??
    services.find((service) => service.ownsPath?.(head))
  );
}
