/**
 * The attributes of queues that can be set: what each may be, and what follows from one for another. Texts of errors are
 * AWS's as recorded, unless a comment says otherwise.
 */
import { parsed } from "./parsed-json.ts";
import { isPolicyDocument } from "./queue-policy.ts";
import { checkRedrivePolicy } from "./redrive.ts";
import type { SqsContext } from "./sqs-api.ts";

type Attributes = Readonly<Record<string, string>>;

const RANGES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  VisibilityTimeout: [0, 43_200],
  MaximumMessageSize: [1024, 1_048_576],
  MessageRetentionPeriod: [60, 1_209_600],
  DelaySeconds: [0, 900],
  ReceiveMessageWaitTimeSeconds: [0, 20],
  KmsDataKeyReusePeriodSeconds: [60, 86_400],
};

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  FifoQueue: ["true"],
  ContentBasedDeduplication: ["true", "false"],
  DeduplicationScope: ["queue", "messageGroup"],
  FifoThroughputLimit: ["perQueue", "perMessageGroupId"],
  SqsManagedSseEnabled: ["true", "false"],
};

const OF_FIFO: ReadonlySet<string> = new Set([
  "FifoQueue",
  "ContentBasedDeduplication",
  "DeduplicationScope",
  "FifoThroughputLimit",
]);
const DOCUMENTS: ReadonlySet<string> = new Set(["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"]);

export interface AttributeChange {
  readonly queueName: string;
  readonly isFifo: boolean;
  readonly given: Readonly<Record<string, string | undefined>>;
}

/** What is given, checked, and written as SQS writes it. An empty text takes an attribute away. @throws ServiceError */
export function checkAttributes(context: SqsContext, { queueName, isFifo, given }: AttributeChange): Attributes {
  const { fail } = context;
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const isKnown = Object.hasOwn(RANGES, name) || Object.hasOwn(CHOICES, name) || DOCUMENTS.has(name);
    if (!isKnown || (OF_FIFO.has(name) && !isFifo)) fail("InvalidAttributeName", `Unknown Attribute ${name}.`);
    const text = value ?? "";
    if (!isValid(name, text)) fail("InvalidAttributeValue", `Invalid value for the parameter ${name}.`);
    checked[name] = text;
  }
  if (checked.RedrivePolicy) {
    checked.RedrivePolicy = checkRedrivePolicy(context, queueName, isFifo, checked.RedrivePolicy);
  }
  if (checked.SqsManagedSseEnabled === "true" && checked.KmsMasterKeyId) {
    fail(
      "InvalidAttributeName",
      "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
    );
  }
  return checked;
}

/** The attributes after a change. @throws ServiceError when they do not go together */
export function changedAttributes({ fail }: SqsContext, before: Attributes, change: Attributes): Attributes {
  const after: Record<string, string> = { ...before, ...change };
  if (change.KmsMasterKeyId) after.SqsManagedSseEnabled = "false";
  if (change.SqsManagedSseEnabled === "true") delete after.KmsMasterKeyId;
  if (after.FifoThroughputLimit === "perMessageGroupId" && after.DeduplicationScope !== "messageGroup") {
    fail(
      "InvalidAttributeValue",
      // After the developer guide; unverified.
      "The perMessageGroupId value for FifoThroughputLimit is allowed only when the value for DeduplicationScope is messageGroup.",
    );
  }
  for (const [name, value] of Object.entries(after)) if (value === "") delete after[name];
  return after;
}

function isValid(name: string, text: string): boolean {
  const range = RANGES[name];
  if (range) return /^\d{1,9}$/.test(text) && Number(text) >= range[0] && Number(text) <= range[1];
  const choices = CHOICES[name];
  if (choices) return choices.includes(text);
  if (text === "") return true;
  if (name === "Policy") return isPolicyDocument(text);
  return name !== "RedriveAllowPolicy" || isRedriveAllowPolicy(text);
}

function isRedriveAllowPolicy(text: string): boolean {
  const policy = parsed(text);
  if (typeof policy !== "object" || policy === null) return false;
  const { redrivePermission, sourceQueueArns } = policy as Record<string, unknown>;
  if (redrivePermission === "allowAll" || redrivePermission === "denyAll") return sourceQueueArns === undefined;
  const arns: unknown[] = Array.isArray(sourceQueueArns) ? sourceQueueArns : [];
  const areArns = arns.every((arn) => typeof arn === "string" && /^arn:[^:]+:sqs:/.test(arn));
  return redrivePermission === "byQueue" && arns.length >= 1 && arns.length <= 10 && areArns;
}
