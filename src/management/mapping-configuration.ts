/** An event source mapping in the shape in which AWS shows it, with its rules of what is absent (contract/04 §1). */
import {
  type EventSourceMapping,
  eventSourceMappingArn,
  type MappingSettings,
  type SourceAccess,
} from "../functions/event-source-mapping.ts";
import { functionArn, type Place } from "../functions/function-name.ts";
import type { LambdaOutput } from "./lambda-api.ts";
import { withoutUndefined } from "./members.ts";

export type AwsMapping = LambdaOutput<"GetEventSourceMapping">;

export function mappingConfiguration(mapping: EventSourceMapping, place: Place): AwsMapping {
  const { kind, settings, bootstrapServers } = mapping;
  const isStream = kind === "kinesis" || kind === "dynamodb";
  const { filters, pollers, documentDb: database } = settings;
  const configuration: AwsMapping = {
    UUID: mapping.id,
    EventSourceMappingArn: eventSourceMappingArn(place, mapping.id),
    EventSourceArn: mapping.sourceArn,
    SelfManagedEventSource: bootstrapServers && { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: bootstrapServers } },
    FunctionArn: functionArn(place, mapping.functionName, mapping.qualifier),
    State: mapping.state,
    StateTransitionReason: mapping.stateTransitionReason,
    LastProcessingResult: mapping.lastProcessingResult,
    LastModified: new Date(mapping.lastModifiedMs),
    BatchSize: settings.batchSize,
    MaximumBatchingWindowInSeconds: settings.maximumBatchingWindowSeconds,
    ParallelizationFactor: settings.parallelizationFactor,
    StartingPosition: settings.startingPosition,
    StartingPositionTimestamp:
      settings.startingPositionMs === undefined ? undefined : new Date(settings.startingPositionMs),
    BisectBatchOnFunctionError: settings.bisectBatchOnFunctionError,
    MaximumRecordAgeInSeconds: settings.maximumRecordAgeSeconds,
    MaximumRetryAttempts: settings.maximumRetryAttempts,
    TumblingWindowInSeconds: settings.tumblingWindowSeconds,
    FunctionResponseTypes: responseTypes(settings),
    DestinationConfig: destination(settings, isStream),
    Topics: settings.topics,
    Queues: settings.queues,
    SourceAccessConfigurations: settings.sourceAccess?.map(access),
    FilterCriteria: filters && { Filters: filters.map((pattern) => ({ Pattern: pattern })) },
    KMSKeyArn: settings.kmsKeyArn,
    MetricsConfig: settings.metrics && { Metrics: settings.metrics },
    LoggingConfig: settings.systemLogLevel === undefined ? undefined : { SystemLogLevel: settings.systemLogLevel },
    ScalingConfig:
      settings.maximumConcurrency === undefined ? undefined : { MaximumConcurrency: settings.maximumConcurrency },
    ProvisionedPollerConfig: pollers && {
      MinimumPollers: pollers.minimum,
      MaximumPollers: pollers.maximum,
      ...(pollers.group !== undefined && { PollerGroupName: pollers.group }),
    },
    AmazonManagedKafkaEventSourceConfig: kind === "msk" ? kafka(settings) : undefined,
    SelfManagedKafkaEventSourceConfig: kind === "kafka" ? kafka(settings) : undefined,
    DocumentDBEventSourceConfig: database && {
      DatabaseName: database.database,
      ...(database.collection !== undefined && { CollectionName: database.collection }),
      FullDocument: database.fullDocument,
    },
  };
  return withoutUndefined(configuration) as AwsMapping;
}

/** As lists show it: encrypted filter criteria are not deciphered there. */
export function listedMapping(mapping: EventSourceMapping, place: Place): AwsMapping {
  const { FilterCriteria: filters, ...configuration } = mappingConfiguration(mapping, place);
  return filters && mapping.settings.kmsKeyArn === undefined
    ? { ...configuration, FilterCriteria: filters }
    : configuration;
}

const access = ({ type, uri }: SourceAccess) => ({ Type: type, URI: uri });

function responseTypes({ reportsBatchItemFailures: reports }: MappingSettings): readonly string[] | undefined {
  if (reports === undefined) return undefined;
  return reports ? ["ReportBatchItemFailures"] : [];
}

function destination({ onFailureDestination: target }: MappingSettings, isStream: boolean) {
  if (target === undefined) return isStream ? { OnFailure: {} } : undefined;
  return { OnFailure: { Destination: target } };
}

function kafka({ consumerGroupId, schemaRegistry: registry }: MappingSettings) {
  return {
    ...(consumerGroupId !== undefined && { ConsumerGroupId: consumerGroupId }),
    ...(registry && {
      SchemaRegistryConfig: {
        ...(registry.uri !== undefined && { SchemaRegistryURI: registry.uri }),
        ...(registry.eventRecordFormat !== undefined && { EventRecordFormat: registry.eventRecordFormat }),
        ...(registry.access && { AccessConfigs: registry.access.map(access) }),
        ...(registry.validate && {
          SchemaValidationConfigs: registry.validate.map((attribute) => ({ Attribute: attribute })),
        }),
      },
    }),
  };
}
