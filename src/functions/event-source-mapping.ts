/**
 * An event source mapping: which function is to be invoked with the events of which source, and how they are batched,
 * filtered and retried. Management writes it, whoever polls reads it.
 */
import { type Place, partitionOf } from "./function-name.ts";

export type SourceKind = "sqs" | "kinesis" | "dynamodb" | "msk" | "kafka" | "mq" | "documentdb";

/** contract/04 §1 */
export type MappingState = "Creating" | "Enabling" | "Enabled" | "Disabling" | "Disabled" | "Updating" | "Deleting";

export interface SourceAccess {
  /** One of the model's SourceAccessTypes. */
  readonly type: string;
  /** ARN of a secret, `subnet:...`, `security_group:...` or the name of a virtual host. */
  readonly uri: string;
}

export interface SchemaRegistry {
  readonly uri?: string;
  readonly eventRecordFormat?: string;
  readonly access?: readonly SourceAccess[];
  /** `KEY`, `VALUE` */
  readonly validate?: readonly string[];
}

/** What its owner configures beyond source and function. Members that the kind of source does not know are absent. */
export interface MappingSettings {
  readonly batchSize: number;
  /** seconds; absent: half a second, which cannot be asked for */
  readonly maximumBatchingWindowSeconds?: number;
  readonly parallelizationFactor?: number;
  readonly startingPosition?: "TRIM_HORIZON" | "LATEST" | "AT_TIMESTAMP";
  /** Unix ms */
  readonly startingPositionMs?: number;
  readonly bisectBatchOnFunctionError?: boolean;
  /** seconds; -1: for as long as the source keeps it */
  readonly maximumRecordAgeSeconds?: number;
  /** -1: without end */
  readonly maximumRetryAttempts?: number;
  /** seconds; 0: no windows */
  readonly tumblingWindowSeconds?: number;
  readonly reportsBatchItemFailures?: boolean;
  /** ARN, or kafka://TOPIC */
  readonly onFailureDestination?: string;
  readonly topics?: readonly string[];
  readonly queues?: readonly string[];
  readonly sourceAccess?: readonly SourceAccess[];
  /** Patterns that parseFilterPattern() understands; an event passes when one matches. */
  readonly filters?: readonly string[];
  readonly kmsKeyArn?: string;
  readonly metrics?: readonly string[];
  readonly systemLogLevel?: string;
  /** Concurrent invocations for this source. */
  readonly maximumConcurrency?: number;
  readonly pollers?: { readonly minimum: number; readonly maximum: number; readonly group?: string };
  readonly consumerGroupId?: string;
  readonly schemaRegistry?: SchemaRegistry;
  readonly documentDb?: { readonly database: string; readonly collection?: string; readonly fullDocument: string };
}

export interface EventSourceMapping {
  /** UUID */
  readonly id: string;
  readonly kind: SourceKind;
  /** Absent of self-managed Kafka, which has bootstrapServers. */
  readonly sourceArn?: string;
  readonly bootstrapServers?: readonly string[];
  readonly functionName: string;
  /** As it was given: what is invoked, and what FunctionArn ends in. */
  readonly qualifier?: string;
  /** What its owner wants; `state` is what is. */
  readonly isEnabled: boolean;
  readonly settings: MappingSettings;
  readonly state: MappingState;
  readonly stateTransitionReason: string;
  /** Of streams, Kafka, brokers and databases. */
  readonly lastProcessingResult?: string;
  readonly lastModifiedMs: number;
  readonly tags: Readonly<Record<string, string>>;
}

const KINDS: readonly (readonly [SourceKind, RegExp])[] = [
  ["sqs", /^arn:[^:]+:sqs:[^:]+:\d{12}:[a-zA-Z0-9_-]{1,80}(?:\.fifo)?$/],
  ["kinesis", /^arn:[^:]+:kinesis:[^:]+:\d{12}:stream\/[a-zA-Z0-9_.-]{1,128}(?:\/consumer\/[a-zA-Z0-9_.-]+:\d+)?$/],
  ["dynamodb", /^arn:[^:]+:dynamodb:[^:]+:\d{12}:table\/[a-zA-Z0-9_.-]{3,255}\/stream\/[^/]+$/],
  ["msk", /^arn:[^:]+:kafka:[^:]+:\d{12}:cluster\/[^/]+\/[a-zA-Z0-9-]+$/],
  ["mq", /^arn:[^:]+:mq:[^:]+:\d{12}:broker:[a-zA-Z0-9_-]+:[a-z0-9-]+$/],
  ["documentdb", /^arn:[^:]+:rds:[^:]+:\d{12}:cluster:[a-zA-Z0-9-]+$/],
];

/** What kind of source the ARN names; undefined when events of it cannot be mapped. */
export function sourceKind(arn: string): SourceKind | undefined {
  return KINDS.find(([, pattern]) => pattern.test(arn))?.[0];
}

/** Whether the ARN is of an SQS queue that keeps the order of its messages. */
export function isFifo(arn: string | undefined): boolean {
  return arn?.endsWith(".fifo") === true;
}

export function eventSourceMappingArn(place: Place, id: string): string {
  return `arn:${partitionOf(place.region)}:lambda:${place.region}:${place.accountId}:event-source-mapping:${id}`;
}
