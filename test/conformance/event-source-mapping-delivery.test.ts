/** The members of event source mappings about who polls, with which credentials, and where failures go. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { activeFunction } from "../api/lambda/given.ts";
import { createMapping, LEAST, mappingCalls, SECRET, updateMapping } from "./mappings.ts";
import { Suite } from "./suite.ts";

const POLLED = { ProvisionedPollerConfig: { MinimumPollers: 1, MaximumPollers: 1 } };

describe("pollers and destinations of event source mappings", () => {
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

  test("scaling and provisioned pollers have their borders, and exclude each other", async () => {
    const EventSourceArn = `${LEAST.sqs.EventSourceArn}-scaled`;
    const scaled = (MaximumConcurrency: number) => ({ EventSourceArn, ScalingConfig: { MaximumConcurrency } });
    const polled = (MinimumPollers?: number, MaximumPollers?: number) => ({
      EventSourceArn,
      ProvisionedPollerConfig: {
        ...(MinimumPollers !== undefined && { MinimumPollers }),
        ...(MaximumPollers !== undefined && { MaximumPollers }),
      },
    });
    await violates("sqs", scaled(1), /greater than or equal to 2$/);
    await violates("sqs", scaled(1001), /less than or equal to 1000$/);
    const { UUID: id, ScalingConfig: scaling } = await createMapping(suite, name, "sqs", scaled(1000));
    assert.deepEqual(scaling, { MaximumConcurrency: 1000 });
    assert.equal((await updateMapping(suite, id, { ScalingConfig: {} })).ScalingConfig, undefined);
    const provisioned = await updateMapping(suite, id, polled(2));
    assert.deepEqual(provisioned.ProvisionedPollerConfig, { MinimumPollers: 2, MaximumPollers: 200 });
    await suite.refused(updateMapping(suite, id, { ScalingConfig: { MaximumConcurrency: 2 } }), {
      status: 400,
      name: "InvalidParameterValueException",
      message: "ScalingConfig and ProvisionedPollerConfig cannot be used together.",
    });
    assert.equal((await updateMapping(suite, id, { ProvisionedPollerConfig: {} })).ProvisionedPollerConfig, undefined);
    const other = { EventSourceArn: `${EventSourceArn}2` };
    await accepted("sqs", { ...polled(200, 2000), ...other });
    await invalid("sqs", { ...polled(1, 5), ...other }, "MinimumPollers must be greater than or equal to 2.");
    await invalid("sqs", { ...polled(2, 2001), ...other }, "MaximumPollers must be less than or equal to 2000.");
    await invalid("sqs", { ...polled(9, 8), ...other }, "MinimumPollers must be less than or equal to MaximumPollers.");
    await violates("sqs", { ...polled(201), ...other }, /less than or equal to 200$/);
    await invalid(
      "sqs",
      { ...other, ProvisionedPollerConfig: { PollerGroupName: "group" } },
      "Unsupported PollerGroupName parameter for given event source mapping type.",
    );
    const kafka = await accepted("kafka", { ProvisionedPollerConfig: { PollerGroupName: "group" } });
    assert.deepEqual(kafka.ProvisionedPollerConfig, {
      MinimumPollers: 1,
      MaximumPollers: 200,
      PollerGroupName: "group",
    });
  });

  test("Kafka retries only with provisioned pollers", async () => {
    const only =
      "MaximumRetryAttempts, MaximumRecordAgeInSeconds, BisectBatchOnFunctionError, FunctionResponseTypes and LoggingConfig are only supported with ProvisionedPollerConfig for Kafka.";
    for (const more of [
      { MaximumRetryAttempts: 1 },
      { MaximumRecordAgeInSeconds: 60 },
      { BisectBatchOnFunctionError: true },
      { FunctionResponseTypes: ["ReportBatchItemFailures" as const] },
      { LoggingConfig: { SystemLogLevel: "DEBUG" as const } },
    ]) {
      await invalid("kafka", more, only);
      await accepted("kafka", { ...more, ...POLLED });
    }
  });

  test("DestinationConfig takes queues, topics, buckets, and of Kafka another topic", async () => {
    const to = (Destination: string) => ({ DestinationConfig: { OnFailure: { Destination } } });
    for (const target of [
      "arn:aws:sqs:us-east-1:000000000000:q",
      "arn:aws:sns:us-east-1:000000000000:t",
      "arn:aws:s3:::bucket",
    ]) {
      const mapping = await accepted("kinesis", to(target));
      assert.deepEqual(mapping.DestinationConfig, { OnFailure: { Destination: target } });
    }
    for (const target of ["arn:aws:lambda:us-east-1:000000000000:function:f", "kafka://other"]) {
      await invalid("kinesis", to(target), `The destination ARN ${target} is invalid.`);
    }
    await accepted("kafka", { ...to("kafka://other"), ...POLLED });
    await invalid("kafka", { ...to("kafka://topic"), ...POLLED }, "The destination ARN kafka://topic is invalid.");
    await invalid(
      "kafka",
      to("kafka://other"),
      "Kafka topics as destinations are only supported with ProvisionedPollerConfig.",
    );
    const { UUID: id } = await createMapping(suite, name, "dynamodb", to("arn:aws:s3:::bucket"));
    const cleared = await updateMapping(suite, id, { DestinationConfig: { OnFailure: {} } });
    assert.deepEqual(cleared.DestinationConfig, { OnFailure: {} });
  });

  test("SourceAccessConfigurations are of a type that the source knows, and name what that type needs", async () => {
    const access = (Type: string, URI: string) => ({
      SourceAccessConfigurations: [{ Type: Type as "BASIC_AUTH", URI }],
    });
    await accepted("kafka", access("VPC_SUBNET", "subnet:subnet-1"));
    await accepted("kafka", access("VPC_SECURITY_GROUP", "security_group:sg-1"));
    await accepted("msk", access("SASL_SCRAM_512_AUTH", SECRET));
    await accepted("mq", access("VIRTUAL_HOST", "/"));
    await invalid(
      "mq",
      access("VPC_SUBNET", "subnet:subnet-1"),
      "Unsupported source access configuration type VPC_SUBNET for given event source mapping type.",
    );
    await invalid("kafka", access("VPC_SUBNET", "subnet-1"), "Invalid source access configuration URI subnet-1.");
    await invalid("kafka", access("BASIC_AUTH", "secret"), "Invalid source access configuration URI secret.");
    await violates("kafka", access("PASSWORD", SECRET), /sourceAccessConfigurations\.1\.member\.type'/);
  });

  test("a schema registry needs pollers and all that it decodes by", async () => {
    const SchemaRegistryConfig = {
      SchemaRegistryURI: "https://registry.example",
      EventRecordFormat: "JSON" as const,
      SchemaValidationConfigs: [{ Attribute: "VALUE" as const }],
      AccessConfigs: [{ Type: "BASIC_AUTH" as const, URI: SECRET }],
    };
    const registry = (more: object) => ({
      SelfManagedKafkaEventSourceConfig: { SchemaRegistryConfig: { ...SchemaRegistryConfig, ...more } },
    });
    const { SelfManagedKafkaEventSourceConfig: kept } = await accepted("kafka", { ...registry({}), ...POLLED });
    assert.deepEqual(kept?.SchemaRegistryConfig, SchemaRegistryConfig);
    await invalid("kafka", registry({}), "SchemaRegistryConfig is only supported with ProvisionedPollerConfig.");
    await invalid(
      "kafka",
      { ...registry({ EventRecordFormat: undefined }), ...POLLED },
      "SchemaRegistryConfig requires SchemaRegistryURI, EventRecordFormat and SchemaValidationConfigs.",
    );
  });

  test("metrics, log level and key are kept and cleared", async () => {
    const key = "arn:aws:kms:us-east-1:000000000000:key/k";
    const { UUID: id, ...mapping } = await createMapping(suite, name, "kafka", {
      Topics: ["measured"],
      ...POLLED,
      MetricsConfig: { Metrics: ["EventCount", "ErrorCount", "KafkaMetrics"] },
      LoggingConfig: { SystemLogLevel: "WARN" },
      KMSKeyArn: key,
    });
    assert.deepEqual(
      [mapping.MetricsConfig?.Metrics?.length, mapping.LoggingConfig, mapping.KMSKeyArn],
      [3, { SystemLogLevel: "WARN" }, key],
    );
    const cleared = await updateMapping(suite, id, {
      MetricsConfig: { Metrics: [] },
      LoggingConfig: {},
      KMSKeyArn: "",
    });
    assert.deepEqual(
      [cleared.MetricsConfig, cleared.LoggingConfig, cleared.KMSKeyArn],
      [undefined, undefined, undefined],
    );
    await invalid(
      "mq",
      { MetricsConfig: { Metrics: ["KafkaMetrics"] } },
      "Only the metric EventCount is supported for given event source mapping type.",
    );
  });
});
