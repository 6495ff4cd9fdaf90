/** The members of event source mappings: which kinds of sources know them, within which bounds, and what they are without. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { EventSourceMappingConfiguration } from "@aws-sdk/client-lambda";
import { activeFunction } from "../api/lambda/given.ts";
import {
  createMapping,
  type MappingInput as Input,
  LEAST,
  mappingCalls,
  QUEUE,
  type Source,
  TABLE,
  updateMapping,
} from "./mappings.ts";
import { Suite } from "./suite.ts";

const POLLED = { ProvisionedPollerConfig: { MinimumPollers: 1, MaximumPollers: 1 } };

/** The members that do not name this one mapping. */
const own = (mapping: EventSourceMappingConfiguration) => {
  const { UUID: _, EventSourceMappingArn: __, FunctionArn: ___, LastModified: ____, ...rest } = mapping;
  return rest;
};

describe("members of event source mappings", () => {
  let suite: Suite;
  let name: string;
  before(async () => {
    suite = await Suite.start();
    name = await activeFunction(suite.region);
  });
  after(() => suite.stop());

  const { accepted, invalid, violates } = mappingCalls(
    () => suite,
    () => name,
  );

  test("streams have their defaults", async () => {
    for (const source of ["kinesis", "dynamodb"] as const) {
      assert.deepEqual(own(await accepted(source)), {
        ...LEAST[source],
        BatchSize: 100,
        BisectBatchOnFunctionError: false,
        DestinationConfig: { OnFailure: {} },
        FunctionResponseTypes: [],
        LastProcessingResult: "No records processed",
        MaximumBatchingWindowInSeconds: 0,
        MaximumRecordAgeInSeconds: -1,
        MaximumRetryAttempts: -1,
        ParallelizationFactor: 1,
        State: "Creating",
        StateTransitionReason: "User action",
        TumblingWindowInSeconds: 0,
      });
    }
  });

  test("clusters, brokers and databases have their defaults", async () => {
    const common = {
      BatchSize: 100,
      LastProcessingResult: "No records processed",
      State: "Creating",
      StateTransitionReason: "USER_INITIATED",
    };
    const kafka = await accepted("kafka");
    assert.deepEqual(own(kafka), {
      ...LEAST.kafka,
      ...common,
      StartingPosition: "TRIM_HORIZON",
      SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: kafka.UUID },
    });
    const msk = await accepted("msk", { AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: "group" } });
    assert.deepEqual(own(msk), {
      ...LEAST.msk,
      ...common,
      AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: "group" },
    });
    assert.deepEqual(own(await accepted("mq")), { ...LEAST.mq, ...common });
    assert.deepEqual(own(await accepted("documentdb")), {
      ...LEAST.documentdb,
      ...common,
      DocumentDBEventSourceConfig: { DatabaseName: "db", FullDocument: "Default" },
    });
  });

  test("what a kind of source does not know is refused by name, unless it says nothing", async () => {
    const unknown: [Source, keyof Input, Input][] = [
      ["sqs", "DestinationConfig", { DestinationConfig: { OnFailure: { Destination: "arn:aws:s3:::bucket" } } }],
      ["sqs", "StartingPosition", { StartingPosition: "LATEST" }],
      ["sqs", "ParallelizationFactor", { ParallelizationFactor: 1 }],
      ["sqs", "MaximumRetryAttempts", { MaximumRetryAttempts: -1 }],
      ["sqs", "SelfManagedEventSource", { SelfManagedEventSource: LEAST.kafka.SelfManagedEventSource }],
      ["kinesis", "ScalingConfig", { ScalingConfig: { MaximumConcurrency: 2 } }],
      ["kinesis", "Topics", { Topics: ["topic"] }],
      ["dynamodb", "ProvisionedPollerConfig", POLLED],
      ["kafka", "Queues", { Queues: ["queue"] }],
      [
        "kafka",
        "AmazonManagedKafkaEventSourceConfig",
        { AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: "g" } },
      ],
      ["msk", "TumblingWindowInSeconds", { TumblingWindowInSeconds: 1 }],
      ["mq", "FunctionResponseTypes", { FunctionResponseTypes: ["ReportBatchItemFailures"] }],
      ["mq", "LoggingConfig", { LoggingConfig: { SystemLogLevel: "INFO" } }],
      ["documentdb", "BisectBatchOnFunctionError", { BisectBatchOnFunctionError: true }],
      ["sqs", "DocumentDBEventSourceConfig", { DocumentDBEventSourceConfig: { DatabaseName: "db" } }],
    ];
    for (const [source, member, more] of unknown) {
      await invalid(source, more, `Unsupported ${member} parameter for given event source mapping type.`);
    }
    await invalid(
      "kinesis",
      { DestinationConfig: { OnSuccess: { Destination: "arn:aws:s3:::bucket" } } },
      "Unsupported OnSuccess parameter for given event source mapping type.",
    );
    const nothing = await accepted("mq", {
      DestinationConfig: { OnFailure: {} },
      FunctionResponseTypes: [],
      ScalingConfig: {},
    });
    assert.equal(nothing.FunctionResponseTypes, undefined);
  });

  test("what a kind of source needs is asked for", async () => {
    const missing = (member: string) => `Required '${member}' parameter is missing.`;
    const nowhere =
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.";
    for (const source of ["kinesis", "dynamodb", "msk", "documentdb"] as const) {
      await invalid(source, { StartingPosition: undefined }, nowhere);
    }
    for (const source of ["kafka", "mq", "documentdb"] as const) {
      await invalid(source, { SourceAccessConfigurations: undefined }, missing("sourceAccessConfigurations"));
      await invalid(source, { SourceAccessConfigurations: [] }, missing("sourceAccessConfigurations"));
    }
    for (const source of ["kafka", "msk"] as const) await invalid(source, { Topics: undefined }, missing("topics"));
    await invalid("mq", { Queues: undefined }, missing("queues"));
    await invalid("documentdb", { DocumentDBEventSourceConfig: {} }, missing("documentDBEventSourceConfig"));
    await invalid("documentdb", { DocumentDBEventSourceConfig: { CollectionName: "c" } }, missing("databaseName"));
  });

  test("BatchSize and its window have their borders", async () => {
    const window = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10";
    assert.equal((await accepted("sqs", { BatchSize: 1 })).BatchSize, 1);
    assert.equal((await accepted("sqs", { BatchSize: 10_000, MaximumBatchingWindowInSeconds: 1 })).BatchSize, 10_000);
    await invalid("sqs", { BatchSize: 11 }, window);
    await accepted("fifo", { BatchSize: 10, MaximumBatchingWindowInSeconds: 0 });
    await invalid("fifo", { BatchSize: 11 }, "Batch size must be less than or equal to 10 for FIFO queues.");
    await invalid("fifo", { MaximumBatchingWindowInSeconds: 1 }, "Batching window is not supported for FIFO queues.");
    for (const source of ["kinesis", "kafka", "mq", "documentdb"] as const) {
      const { MaximumBatchingWindowInSeconds: seconds } = await accepted(source, {
        BatchSize: 10_000,
        MaximumBatchingWindowInSeconds: 300,
      });
      assert.equal(seconds, 300);
    }
    await violates("kinesis", { BatchSize: 0 }, /at 'batchSize' .*greater than or equal to 1$/);
    await violates("kinesis", { BatchSize: 10_001 }, /at 'batchSize' .*less than or equal to 10000$/);
    await violates("kinesis", { MaximumBatchingWindowInSeconds: 301 }, /less than or equal to 300$/);
    const { UUID: id } = await createMapping(suite, name, "sqs", { EventSourceArn: `${QUEUE}-batched` });
    const tooLarge = updateMapping(suite, id, { BatchSize: 100 });
    await suite.refused(tooLarge, { status: 400, name: "InvalidParameterValueException", message: window });
    assert.equal(
      (await updateMapping(suite, id, { BatchSize: 100, MaximumBatchingWindowInSeconds: 5 })).BatchSize,
      100,
    );
  });

  test("what streams retry has its borders", async () => {
    const most = {
      ParallelizationFactor: 10,
      MaximumRecordAgeInSeconds: 604_800,
      MaximumRetryAttempts: 10_000,
      TumblingWindowInSeconds: 900,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    } satisfies Input;
    const mapping = await accepted("kinesis", most);
    for (const [member, value] of Object.entries(most)) {
      assert.deepEqual(mapping[member as keyof typeof most], value, member);
    }
    await accepted("dynamodb", { MaximumRecordAgeInSeconds: 60, MaximumRetryAttempts: 0 });
    const age = "Maximum record age in seconds must be -1 or greater than or equal to 60.";
    for (const MaximumRecordAgeInSeconds of [0, 59]) await invalid("kinesis", { MaximumRecordAgeInSeconds }, age);
    await violates("kinesis", { MaximumRecordAgeInSeconds: -2 }, /greater than or equal to -1$/);
    await violates("kinesis", { MaximumRecordAgeInSeconds: 604_801 }, /less than or equal to 604800$/);
    await violates("kinesis", { MaximumRetryAttempts: -2 }, /greater than or equal to -1$/);
    await violates("kinesis", { MaximumRetryAttempts: 10_001 }, /less than or equal to 10000$/);
    await violates("kinesis", { ParallelizationFactor: 0 }, /greater than or equal to 1$/);
    await violates("kinesis", { ParallelizationFactor: 11 }, /less than or equal to 10$/);
    await violates("kinesis", { TumblingWindowInSeconds: 901 }, /less than or equal to 900$/);
    await violates(
      "kinesis",
      { FunctionResponseTypes: ["Report" as "ReportBatchItemFailures"] },
      /ReportBatchItemFailures/,
    );
  });

  test("StartingPosition is one that the source has, with a time where it needs one", async () => {
    const since = new Date("2024-06-01T00:00:00Z");
    const at = { StartingPosition: "AT_TIMESTAMP", StartingPositionTimestamp: since } as const;
    for (const source of ["kinesis", "msk", "kafka", "documentdb"] as const) {
      const mapping = await accepted(source, at);
      assert.deepEqual([mapping.StartingPosition, mapping.StartingPositionTimestamp], ["AT_TIMESTAMP", since]);
    }
    await invalid("dynamodb", at, `Unsupported starting position for arn type: ${TABLE}`);
    const both = "StartingPositionTimestamp must be provided exactly when StartingPosition is AT_TIMESTAMP.";
    await invalid("kinesis", { StartingPosition: "AT_TIMESTAMP" }, both);
    await invalid("kinesis", { StartingPositionTimestamp: since }, both);
    await invalid(
      "kinesis",
      { ...at, StartingPositionTimestamp: new Date(Date.now() + 3_600_000) },
      "StartingPositionTimestamp cannot be in the future.",
    );
    await violates(
      "kinesis",
      { StartingPosition: "invalid" as "LATEST" },
      /^1 validation error detected: Value 'invalid' at 'startingPosition' .*enum value set: \[.*LATEST.*\]$/,
    );
  });

  test("FilterCriteria holds at most five patterns that can be read, and is removed by the empty one", async () => {
    const filters = (...patterns: unknown[]) => ({
      FilterCriteria: { Filters: patterns.map((pattern) => ({ Pattern: JSON.stringify(pattern) })) },
    });
    const five = [1, 2, 3, 4, 5].map((n) => ({ body: { n: [n] } }));
    const { UUID: id, FilterCriteria: kept } = await createMapping(suite, name, "sqs", {
      ...filters(...five),
      EventSourceArn: `${QUEUE}-filtered`,
    });
    assert.deepEqual(kept, filters(...five).FilterCriteria);
    assert.deepEqual((await updateMapping(suite, id, { BatchSize: 5 })).FilterCriteria, kept);
    assert.equal((await updateMapping(suite, id, { FilterCriteria: {} })).FilterCriteria, undefined);
    await invalid(
      "sqs",
      { FilterCriteria: filters(...five, { a: [1] }).FilterCriteria, EventSourceArn: `${LEAST.sqs.EventSourceArn}f` },
      "Maximum number of filters is 5.",
    );
    const invalidPattern = "Invalid filter pattern definition.";
    for (const Pattern of [undefined, "", "{", "[]", '{"a":1}', '{"a":[{"wildcard":"*"}]}']) {
      await invalid("mq", { FilterCriteria: { Filters: [{ Pattern }] } }, invalidPattern);
    }
    const long = (length: number) => JSON.stringify({ a: ["x".repeat(length - '{"a":[""]}'.length)] });
    await accepted("msk", { FilterCriteria: { Filters: [{ Pattern: long(4096) }] } });
    await violates("msk", { FilterCriteria: { Filters: [{ Pattern: long(4097) }] } }, /less than or equal to 4096$/);
  });
});
