/**
 * What Lambda demands of event source mappings beyond its model: which members go with which kind of source, and within
 * which bounds. Texts are recorded (contract/04 §1) where a comment says so; the others are in the manner of those.
 */

import { LAMBDA_FILTER } from "../functions/event-pattern.ts";
import { readEventPattern } from "../functions/event-pattern-parser.ts";
import { type EventSourceMapping, isFifo, type SourceKind } from "../functions/event-source-mapping.ts";
import type { MappingInput } from "./mapping-settings.ts";

const STREAMS = ["kinesis", "dynamodb"] as const satisfies readonly SourceKind[];
const KAFKA = ["msk", "kafka"] as const satisfies readonly SourceKind[];

/** Members that only some kinds of sources know (the API reference's "Event source" notes). */
const KNOWN_BY: Partial<Record<keyof MappingInput, readonly SourceKind[]>> = {
  AmazonManagedKafkaEventSourceConfig: ["msk"],
  BisectBatchOnFunctionError: [...STREAMS, ...KAFKA],
  DestinationConfig: [...STREAMS, ...KAFKA],
  DocumentDBEventSourceConfig: ["documentdb"],
  FunctionResponseTypes: ["sqs", ...STREAMS, ...KAFKA],
  LoggingConfig: KAFKA,
  MaximumRecordAgeInSeconds: [...STREAMS, ...KAFKA],
  MaximumRetryAttempts: [...STREAMS, ...KAFKA],
  ParallelizationFactor: STREAMS,
  ProvisionedPollerConfig: ["sqs", ...KAFKA],
  Queues: ["mq"],
  ScalingConfig: ["sqs"],
  SelfManagedEventSource: ["kafka"],
  SelfManagedKafkaEventSourceConfig: ["kafka"],
  SourceAccessConfigurations: [...KAFKA, "mq", "documentdb"],
  StartingPosition: [...STREAMS, ...KAFKA, "documentdb"],
  StartingPositionTimestamp: [...STREAMS, ...KAFKA, "documentdb"],
  Topics: KAFKA,
  TumblingWindowInSeconds: STREAMS,
};

const SASL = ["SASL_SCRAM_512_AUTH", "SASL_SCRAM_256_AUTH"];
const ACCESS_TYPES: Partial<Record<SourceKind, readonly string[]>> = {
  msk: ["SASL_SCRAM_512_AUTH", "CLIENT_CERTIFICATE_TLS_AUTH", "SERVER_ROOT_CA_CERTIFICATE"],
  kafka: [
    ...SASL,
    "BASIC_AUTH",
    "CLIENT_CERTIFICATE_TLS_AUTH",
    "SERVER_ROOT_CA_CERTIFICATE",
    "VPC_SECURITY_GROUP",
    "VPC_SUBNET",
  ],
  mq: ["BASIC_AUTH", "VIRTUAL_HOST"],
  documentdb: ["BASIC_AUTH"],
};
/** What the URI of an access configuration must look like; all others are ARNs of secrets. */
const ACCESS_URIS: Readonly<Record<string, RegExp>> = {
  VPC_SUBNET: /^subnet:subnet-[0-9a-z]+$/,
  VPC_SECURITY_GROUP: /^security_group:sg-[0-9a-zA-Z]+$/,
  VIRTUAL_HOST: /^.+$/,
};
const SECRET = /^arn:[^:]+:secretsmanager:[^:]+:\d{12}:secret:.+$/;

const MAX_FILTERS = 5;
const MAX_FIFO_BATCH = 10;
const MIN_RECORD_AGE_SECONDS = 60;
/** contract/04 §2, §4; the model knows only the widest of them. */
const POLLERS = { sqs: { least: 2, most: 2000 }, kafka: { least: 1, most: 2000 } } as const;

/** Why these members cannot be given for this kind of source, or undefined. */
export function memberRefusal(kind: SourceKind, input: MappingInput): string | undefined {
  for (const [member, kinds] of Object.entries(KNOWN_BY)) {
    if (kinds.includes(kind) || !isGiven(input[member as keyof MappingInput])) continue;
    // Recorded for DestinationConfig.
    return `Unsupported ${member} parameter for given event source mapping type.`;
  }
  if (input.DestinationConfig?.OnSuccess?.Destination) {
    return "Unsupported OnSuccess parameter for given event source mapping type.";
  }
  return undefined;
}

/** What is missing of a new mapping, in AWS's words, or undefined. */
export function missingRefusal(kind: SourceKind, input: MappingInput): string | undefined {
  const positioned = kind === "kinesis" || kind === "dynamodb" || kind === "msk" || kind === "documentdb";
  if (positioned && input.StartingPosition === undefined) {
    // Recorded.
    return "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.";
  }
  const required: readonly (keyof MappingInput)[] = {
    sqs: [],
    kinesis: [],
    dynamodb: [],
    msk: ["Topics" as const],
    kafka: ["Topics" as const, "SourceAccessConfigurations" as const],
    mq: ["Queues" as const, "SourceAccessConfigurations" as const],
    documentdb: ["SourceAccessConfigurations" as const, "DocumentDBEventSourceConfig" as const],
  }[kind];
  const missing = required.find((member) => !isGiven(input[member]));
  // Recorded for sourceAccessConfigurations.
  return missing && `Required '${missing[0]?.toLowerCase()}${missing.slice(1)}' parameter is missing.`;
}

type Rule = (mapping: EventSourceMapping, nowMs: number) => string | undefined;

const RULES: readonly Rule[] = [
  ({ kind, sourceArn, settings: { batchSize, maximumBatchingWindowSeconds: window = 0 } }) => {
    if (kind !== "sqs") return undefined;
    if (isFifo(sourceArn) && batchSize > MAX_FIFO_BATCH) {
      return `Batch size must be less than or equal to ${MAX_FIFO_BATCH} for FIFO queues.`;
    }
    if (isFifo(sourceArn) && window > 0) return "Batching window is not supported for FIFO queues.";
    // Recorded.
    return batchSize > 10 && window === 0
      ? "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
      : undefined;
  },
  ({ kind, sourceArn, settings: { startingPosition: position, startingPositionMs: since } }, nowMs) => {
    // Recorded.
    if (kind === "dynamodb" && position === "AT_TIMESTAMP") {
      return `Unsupported starting position for arn type: ${sourceArn}`;
    }
    if ((position === "AT_TIMESTAMP") !== (since !== undefined)) {
      return "StartingPositionTimestamp must be provided exactly when StartingPosition is AT_TIMESTAMP.";
    }
    return since !== undefined && since > nowMs ? "StartingPositionTimestamp cannot be in the future." : undefined;
  },
  ({ settings: { maximumRecordAgeSeconds: age = -1 } }) =>
    age !== -1 && age < MIN_RECORD_AGE_SECONDS
      ? `Maximum record age in seconds must be -1 or greater than or equal to ${MIN_RECORD_AGE_SECONDS}.`
      : undefined,
  ({ settings: { filters = [] } }) => {
    if (filters.length > MAX_FILTERS) return `Maximum number of filters is ${MAX_FILTERS}.`;
    // Recorded.
    return filters.every((pattern) => readEventPattern(pattern, LAMBDA_FILTER))
      ? undefined
      : "Invalid filter pattern definition.";
  },
  pollersRefusal,
  destinationRefusal,
  ({ kind, settings: { sourceAccess = [] } }) => {
    for (const { type, uri } of sourceAccess) {
      if (!ACCESS_TYPES[kind]?.includes(type)) {
        return `Unsupported source access configuration type ${type || "null"} for given event source mapping type.`;
      }
      if (!(ACCESS_URIS[type] ?? SECRET).test(uri)) return `Invalid source access configuration URI ${uri}.`;
    }
    return undefined;
  },
  ({ settings: { documentDb } }) =>
    documentDb?.database === "" ? "Required 'databaseName' parameter is missing." : undefined,
  ({ kind, settings: { metrics = [] } }) =>
    metrics.some((metric) => metric !== "EventCount") && kind !== "msk" && kind !== "kafka"
      ? "Only the metric EventCount is supported for given event source mapping type."
      : undefined,
  ({ settings: { schemaRegistry: registry, pollers } }) => {
    if (!registry) return undefined;
    if (!pollers) return "SchemaRegistryConfig is only supported with ProvisionedPollerConfig.";
    const isWhole = registry.uri !== undefined && registry.eventRecordFormat !== undefined && registry.validate;
    return isWhole
      ? undefined
      : "SchemaRegistryConfig requires SchemaRegistryURI, EventRecordFormat and SchemaValidationConfigs.";
  },
];

/** Why what would come out of a creation or a change is not allowed, or undefined. */
export function mappingRefusal(mapping: EventSourceMapping, nowMs: number): string | undefined {
  for (const rule of RULES) {
    const refusal = rule(mapping, nowMs);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function pollersRefusal({ kind, settings }: EventSourceMapping): string | undefined {
  const { pollers } = settings;
  if (pollers) {
    const { least, most } = kind === "sqs" ? POLLERS.sqs : POLLERS.kafka;
    if (pollers.minimum < least) return `MinimumPollers must be greater than or equal to ${least}.`;
    if (pollers.maximum < least) return `MaximumPollers must be greater than or equal to ${least}.`;
    if (pollers.maximum > most) return `MaximumPollers must be less than or equal to ${most}.`;
    if (pollers.minimum > pollers.maximum) return "MinimumPollers must be less than or equal to MaximumPollers.";
    if (kind === "sqs" && pollers.group !== undefined) {
      return "Unsupported PollerGroupName parameter for given event source mapping type.";
    }
    if (settings.maximumConcurrency !== undefined) {
      return "ScalingConfig and ProvisionedPollerConfig cannot be used together.";
    }
    return undefined;
  }
  if (kind !== "msk" && kind !== "kafka") return undefined;
  const needsPollers =
    (settings.maximumRetryAttempts ?? -1) !== -1 ||
    (settings.maximumRecordAgeSeconds ?? -1) !== -1 ||
    settings.bisectBatchOnFunctionError === true ||
    settings.reportsBatchItemFailures === true ||
    settings.systemLogLevel !== undefined;
  return needsPollers
    ? "MaximumRetryAttempts, MaximumRecordAgeInSeconds, BisectBatchOnFunctionError, FunctionResponseTypes and LoggingConfig are only supported with ProvisionedPollerConfig for Kafka."
    : undefined;
}

function destinationRefusal({ kind, settings }: EventSourceMapping): string | undefined {
  const { onFailureDestination: target, topics = [], pollers } = settings;
  if (target === undefined) return undefined;
  const invalid = `The destination ARN ${target} is invalid.`;
  if (target.startsWith("kafka://")) {
    if (kind !== "msk" && kind !== "kafka") return invalid;
    if (!pollers) return "Kafka topics as destinations are only supported with ProvisionedPollerConfig.";
    return topics.includes(target.slice("kafka://".length)) ? invalid : undefined;
  }
  const isTarget =
    /^arn:[^:]+:(?:sqs|sns):[^:]+:\d{12}:[^:]+$/.test(target) || /^arn:[^:]+:s3:::[a-z0-9.-]{3,63}$/.test(target);
  return isTarget ? undefined : invalid;
}

/** What is empty, all the way down, says nothing. */
function isGiven(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value !== "object" || value instanceof Date) return true;
  return Object.values(value).some(isGiven);
}
