/** What tests of event source mappings start from. */
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  type EventSourceMappingConfiguration,
  GetEventSourceMappingCommand,
  UpdateEventSourceMappingCommand,
  type UpdateEventSourceMappingCommandInput,
} from "@aws-sdk/client-lambda";
import { createQueue, sqsClient } from "../api/sqs/sqs.ts";
import type { Suite } from "./suite.ts";

const PLACE = "us-east-1:000000000000";
export const QUEUE = `arn:aws:sqs:${PLACE}:queue`;
export const FIFO = `arn:aws:sqs:${PLACE}:queue.fifo`;
export const STREAM = `arn:aws:kinesis:${PLACE}:stream/stream`;
export const TABLE = `arn:aws:dynamodb:${PLACE}:table/table/stream/2024-06-01T00:00:00.000`;
export const CLUSTER = `arn:aws:kafka:${PLACE}:cluster/cluster/4b1d6cb2-1f2e-4f3c-9b0a-1c2d3e4f5a6b-1`;
export const BROKER = `arn:aws:mq:${PLACE}:broker:broker:b-4b1d6cb2-1f2e-4f3c-9b0a-1c2d3e4f5a6b`;
export const DATABASE = `arn:aws:rds:${PLACE}:cluster:documents`;
export const SECRET = `arn:aws:secretsmanager:${PLACE}:secret:login-AbCdEf`;
const LOGIN = { SourceAccessConfigurations: [{ Type: "BASIC_AUTH" as const, URI: SECRET }] };

type Input = Omit<CreateEventSourceMappingCommandInput, "FunctionName">;
export type MappingInput = Partial<Input>;

/** What each kind of source needs at least. */
export const LEAST = {
  sqs: { EventSourceArn: QUEUE },
  fifo: { EventSourceArn: FIFO },
  kinesis: { EventSourceArn: STREAM, StartingPosition: "LATEST" },
  dynamodb: { EventSourceArn: TABLE, StartingPosition: "TRIM_HORIZON" },
  msk: { EventSourceArn: CLUSTER, StartingPosition: "LATEST", Topics: ["topic"] },
  kafka: {
    SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: ["kafka:1000", "kafka:2000"] } },
    Topics: ["topic"],
    ...LOGIN,
  },
  mq: { EventSourceArn: BROKER, Queues: ["queue"], ...LOGIN },
  documentdb: {
    EventSourceArn: DATABASE,
    StartingPosition: "LATEST",
    DocumentDBEventSourceConfig: { DatabaseName: "db" },
    ...LOGIN,
  },
} as const satisfies Record<string, Input>;

export type Source = keyof typeof LEAST;

/** Asks for a mapping of that kind; the members of `more` replace those that it needs at least. */
export async function createMapping(suite: Suite, FunctionName: string, source: Source, more: Partial<Input> = {}) {
  const { EventSourceArn: arn = "" } = { EventSourceArn: undefined, ...LEAST[source], ...more };
  const [, queue] = new RegExp(`^arn:aws:sqs:${PLACE}:([a-zA-Z0-9_-]+(?:\\.fifo)?)$`).exec(arn) ?? [];
  if (queue !== undefined) await createQueue(sqsClient(suite.region), queue);
  return suite.lambda.send(new CreateEventSourceMappingCommand({ FunctionName, ...LEAST[source], ...more }));
}

/** Asks until the mapping is under way to no other state. */
export async function settledMapping(suite: Suite, UUID: string | undefined): Promise<EventSourceMappingConfiguration> {
  for (;;) {
    const { $metadata: _, ...mapping } = await suite.lambda.send(new GetEventSourceMappingCommand({ UUID }));
    if (mapping.State === "Enabled" || mapping.State === "Disabled") return mapping;
  }
}

/** Changes a mapping as soon as that is possible. */
export async function updateMapping(
  suite: Suite,
  UUID: string | undefined,
  more: Omit<UpdateEventSourceMappingCommandInput, "UUID">,
): Promise<EventSourceMappingConfiguration> {
  await settledMapping(suite, UUID);
  const { $metadata: _, ...mapping } = await suite.lambda.send(new UpdateEventSourceMappingCommand({ UUID, ...more }));
  return mapping;
}

/** Waits until the mapping, which is being deleted, is no more. */
export async function goneMapping(suite: Suite, UUID: string | undefined): Promise<void> {
  for (;;) {
    const answer = await suite.lambda
      .send(new GetEventSourceMappingCommand({ UUID }))
      .catch((error: Error) => error.name);
    if (answer === "ResourceNotFoundException") return;
  }
}

/** Creations that leave nothing behind, and those that are to be refused. */
export function mappingCalls(suite: () => Suite, functionName: () => string) {
  const create = (source: Source, more: MappingInput) => createMapping(suite(), functionName(), source, more);
  return {
    async accepted(source: Source, more: MappingInput = {}): Promise<EventSourceMappingConfiguration> {
      const { $metadata: _, ...mapping } = await create(source, more);
      await settledMapping(suite(), mapping.UUID);
      await suite().lambda.send(new DeleteEventSourceMappingCommand({ UUID: mapping.UUID }));
      await goneMapping(suite(), mapping.UUID);
      return mapping;
    },
    invalid: (source: Source, more: MappingInput, message: string | RegExp) =>
      suite().refused(create(source, more), { status: 400, name: "InvalidParameterValueException", message }),
    violates: (source: Source, more: MappingInput, message: RegExp) =>
      suite().refused(create(source, more), { status: 400, name: "ValidationException", message }),
  };
}
