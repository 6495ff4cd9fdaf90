/**
 * What the owner of an event source mapping configures, from AWS's shape into ours: for a new mapping on top of the
 * defaults of its kind of source (contract/04 §1), for an update on top of what was configured before.
 */
import type { MappingSettings, SchemaRegistry, SourceAccess, SourceKind } from "../functions/event-source-mapping.ts";
import type { LambdaInput } from "./lambda-api.ts";
import { cleared, withoutUndefined } from "./members.ts";

type CreateInput = LambdaInput<"CreateEventSourceMapping">;

/** The members that say how a mapping works; some of them only when it is created. */
export type MappingInput = Omit<LambdaInput<"UpdateEventSourceMapping">, "UUID"> &
  Pick<CreateInput, "StartingPosition" | "StartingPositionTimestamp" | "Topics" | "Queues" | "SelfManagedEventSource">;

const STREAM: MappingSettings = {
  batchSize: 100,
  maximumBatchingWindowSeconds: 0,
  parallelizationFactor: 1,
  bisectBatchOnFunctionError: false,
  maximumRecordAgeSeconds: -1,
  maximumRetryAttempts: -1,
  tumblingWindowSeconds: 0,
  reportsBatchItemFailures: false,
};

const DEFAULTS: Readonly<Record<SourceKind, MappingSettings>> = {
  sqs: { batchSize: 10, maximumBatchingWindowSeconds: 0, reportsBatchItemFailures: false },
  kinesis: STREAM,
  dynamodb: STREAM,
  msk: { batchSize: 100 },
  kafka: { batchSize: 100, startingPosition: "TRIM_HORIZON" },
  mq: { batchSize: 100 },
  documentdb: { batchSize: 100 },
};

/** What a poller fleet has when only one of its numbers, or none, is given (contract/04 §2, §4). */
const POLLERS = { sqs: { minimum: 2, maximum: 200 }, kafka: { minimum: 1, maximum: 200 } } as const;

/** @param id of the new mapping, which is its consumer group unless another is named */
export function newSettings(kind: SourceKind, input: MappingInput, id: string): MappingSettings {
  const isKafka = kind === "msk" || kind === "kafka";
  return changedSettings(kind, { ...DEFAULTS[kind], ...(isKafka && { consumerGroupId: id }) }, input);
}

/** Members that are absent stay as they were; empty ones clear. */
export function changedSettings(kind: SourceKind, before: MappingSettings, input: MappingInput): MappingSettings {
  const kafka = input.AmazonManagedKafkaEventSourceConfig ?? input.SelfManagedKafkaEventSourceConfig;
  const { DestinationConfig: destinations } = input;
  const changed: { [K in keyof MappingSettings]: MappingSettings[K] | undefined } = {
    ...before,
    batchSize: input.BatchSize ?? before.batchSize,
    maximumBatchingWindowSeconds: input.MaximumBatchingWindowInSeconds ?? before.maximumBatchingWindowSeconds,
    parallelizationFactor: input.ParallelizationFactor ?? before.parallelizationFactor,
    startingPosition: (input.StartingPosition ?? before.startingPosition) as MappingSettings["startingPosition"],
    startingPositionMs: input.StartingPositionTimestamp?.getTime() ?? before.startingPositionMs,
    bisectBatchOnFunctionError: input.BisectBatchOnFunctionError ?? before.bisectBatchOnFunctionError,
    maximumRecordAgeSeconds: input.MaximumRecordAgeInSeconds ?? before.maximumRecordAgeSeconds,
    maximumRetryAttempts: input.MaximumRetryAttempts ?? before.maximumRetryAttempts,
    tumblingWindowSeconds: input.TumblingWindowInSeconds ?? before.tumblingWindowSeconds,
    reportsBatchItemFailures: reporting(before.reportsBatchItemFailures, input.FunctionResponseTypes),
    onFailureDestination: destinations ? destinations.OnFailure?.Destination || undefined : before.onFailureDestination,
    topics: input.Topics ?? before.topics,
    queues: input.Queues ?? before.queues,
    sourceAccess: input.SourceAccessConfigurations?.map(access) ?? before.sourceAccess,
    filters: input.FilterCriteria ? patterns(input.FilterCriteria) : before.filters,
    kmsKeyArn: cleared(input.KMSKeyArn, before.kmsKeyArn),
    metrics: input.MetricsConfig ? some(input.MetricsConfig.Metrics) : before.metrics,
    systemLogLevel: input.LoggingConfig ? input.LoggingConfig.SystemLogLevel : before.systemLogLevel,
    maximumConcurrency: input.ScalingConfig ? input.ScalingConfig.MaximumConcurrency : before.maximumConcurrency,
    pollers: pollers(kind, before.pollers, input.ProvisionedPollerConfig),
    consumerGroupId: kafka?.ConsumerGroupId ?? before.consumerGroupId,
    schemaRegistry: schemaRegistry(before.schemaRegistry, kafka?.SchemaRegistryConfig),
    documentDb: documentDb(before.documentDb, input.DocumentDBEventSourceConfig),
  };
  return withoutUndefined(changed) as MappingSettings;
}

const some = <T>(list: readonly T[] | undefined): readonly T[] | undefined => (list?.length ? list : undefined);

/** The empty list is for those that could report: the others do not show it. */
function reporting(before: boolean | undefined, change: readonly string[] | undefined): boolean | undefined {
  if (change === undefined) return before;
  return change.length > 0 ? true : before && false;
}

const access = ({ Type, URI }: { Type?: string | undefined; URI?: string | undefined }): SourceAccess => ({
  type: Type ?? "",
  uri: URI ?? "",
});

function patterns({ Filters: filters }: NonNullable<MappingInput["FilterCriteria"]>): readonly string[] | undefined {
  return some(filters?.map(({ Pattern: pattern }) => pattern ?? ""));
}

function pollers(
  kind: SourceKind,
  before: MappingSettings["pollers"],
  change: MappingInput["ProvisionedPollerConfig"],
): MappingSettings["pollers"] {
  if (!change) return before;
  const { MinimumPollers: minimum, MaximumPollers: maximum, PollerGroupName: group } = change;
  if (minimum === undefined && maximum === undefined && group === undefined) return undefined;
  const defaults = before ?? (kind === "sqs" ? POLLERS.sqs : POLLERS.kafka);
  return {
    minimum: minimum ?? defaults.minimum,
    maximum: maximum ?? Math.max(defaults.maximum, minimum ?? 0),
    ...((group ?? before?.group) && { group: group ?? before?.group ?? "" }),
  };
}

function schemaRegistry(
  before: SchemaRegistry | undefined,
  change: NonNullable<MappingInput["SelfManagedKafkaEventSourceConfig"]>["SchemaRegistryConfig"],
): SchemaRegistry | undefined {
  if (!change) return before;
  const registry: { [K in keyof SchemaRegistry]: SchemaRegistry[K] | undefined } = {
    uri: change.SchemaRegistryURI,
    eventRecordFormat: change.EventRecordFormat,
    access: some(change.AccessConfigs?.map(access)),
    validate: some(change.SchemaValidationConfigs?.map(({ Attribute: attribute }) => attribute ?? "")),
  };
  const given = withoutUndefined(registry);
  return Object.keys(given).length > 0 ? given : undefined;
}

function documentDb(
  before: MappingSettings["documentDb"],
  change: MappingInput["DocumentDBEventSourceConfig"],
): MappingSettings["documentDb"] {
  if (!change) return before;
  const collection = change.CollectionName ?? before?.collection;
  return {
    database: change.DatabaseName ?? before?.database ?? "",
    ...(collection !== undefined && { collection }),
    fullDocument: change.FullDocument ?? before?.fullDocument ?? "Default",
  };
}
