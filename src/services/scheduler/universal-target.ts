/**
 * Universal targets, `arn:aws:scheduler:::aws-sdk:service:operation`: calls of AWS's APIs whose parameters are the
 * schedule's input. Those that send something to what this region serves are messages to it.
 */
import { type Place, partitionOf } from "../../functions/function-name.ts";
import type { OutgoingMessage } from "../../invocation/outbox/outgoing-message.ts";
import type { MessageAttributes } from "../../invocation/targets.ts";

export interface UniversalMessage {
  readonly arn: string;
  readonly body: string;
  readonly extras?: OutgoingMessage["extras"];
}

type Parameters = Readonly<Record<string, unknown>>;
type Reader = (parameters: Parameters, place: Place) => readonly UniversalMessage[];

const PREFIX = /^arn:[\w-]+:scheduler:::aws-sdk:([a-zA-Z0-9-]+):([a-zA-Z0-9]+)$/;

/** Service and operation, as they are looked up; undefined when the ARN is no universal target. */
export function universalOperation(arn: string): string | undefined {
  const [, service, operation] = PREFIX.exec(arn) ?? [];
  return service === undefined ? undefined : `${service.toLowerCase()}:${operation}`;
}

export const isServed = (operation: string): boolean => READERS.has(operation);

/** What the call sends. @throws Error when its parameters are not those of the operation */
export function universalMessages(operation: string, input: string, place: Place): readonly UniversalMessage[] {
  const parameters: unknown = JSON.parse(input);
  const reader = READERS.get(operation);
  if (!reader || typeof parameters !== "object" || parameters === null)
    throw new Error(`${operation} needs its parameters`);
  return reader(parameters as Parameters, place);
}

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["lambda:invoke", lambdaInvoke],
  ["sqs:sendMessage", sendMessage],
  ["sns:publish", publish],
  ["events:putEvents", putEvents],
  ["eventbridge:putEvents", putEvents],
]);

function lambdaInvoke(parameters: Parameters, place: Place): UniversalMessage[] {
  const name = text(parameters, "FunctionName");
  const qualifier = parameters.Qualifier === undefined ? "" : `:${text(parameters, "Qualifier")}`;
  const arn = name.startsWith("arn:") ? name : `${arnPrefix("lambda", place)}function:${name}`;
  const { Payload: payload = "{}" } = parameters;
  return [{ arn: arn + qualifier, body: typeof payload === "string" ? payload : JSON.stringify(payload) }];
}

function sendMessage(parameters: Parameters, place: Place): UniversalMessage[] {
  const queue = new URL(text(parameters, "QueueUrl")).pathname.split("/").at(-1);
  const extras = {
    ...optional(parameters, "MessageGroupId", "messageGroupId"),
    ...optional(parameters, "MessageDeduplicationId", "messageDeduplicationId"),
    ...attributesOf(parameters),
  };
  return [{ arn: `${arnPrefix("sqs", place)}${queue}`, body: text(parameters, "MessageBody"), extras }];
}

function publish(parameters: Parameters): UniversalMessage[] {
  const extras = {
    ...optional(parameters, "Subject", "subject"),
    ...optional(parameters, "MessageGroupId", "messageGroupId"),
    ...optional(parameters, "MessageDeduplicationId", "messageDeduplicationId"),
    ...attributesOf(parameters),
  };
  return [{ arn: text(parameters, "TopicArn"), body: text(parameters, "Message"), extras }];
}

function putEvents({ Entries: entries }: Parameters, place: Place): UniversalMessage[] {
  if (!Array.isArray(entries)) throw new Error("Entries is missing");
  return entries.map((entry: Parameters) => {
    const bus = entry.EventBusName === undefined ? "default" : text(entry, "EventBusName");
    const { Resources: resources = [], Time: time } = entry;
    const head = JSON.stringify({
      source: text(entry, "Source"),
      "detail-type": text(entry, "DetailType"),
      resources,
      ...(typeof time === "string" && { time }),
    });
    return {
      arn: bus.startsWith("arn:") ? bus : `${arnPrefix("events", place)}event-bus/${bus}`,
      body: `${head.slice(0, -1)},"detail":${text(entry, "Detail")}}`,
    };
  });
}

function arnPrefix(service: string, { region, accountId }: Place): string {
  return `arn:${partitionOf(region)}:${service}:${region}:${accountId}:`;
}

function text(parameters: Parameters, name: string): string {
  const value = parameters[name];
  if (typeof value === "string") return value;
  throw new Error(`${name} is missing`);
}

function optional(parameters: Parameters, name: string, as: string): Record<string, string> {
  return parameters[name] === undefined ? {} : { [as]: text(parameters, name) };
}

function attributesOf({ MessageAttributes: given }: Parameters): { attributes?: MessageAttributes } {
  if (typeof given !== "object" || given === null) return {};
  const attributes = Object.entries(given as Record<string, Parameters>).map(([name, value]) => {
    const type = text(value, "DataType").split(".")[0] as "String" | "Number" | "Binary";
    return [name, { type, value: text(value, type === "Binary" ? "BinaryValue" : "StringValue") }];
  });
  return { attributes: Object.fromEntries(attributes) };
}
