/** How a delivery is handed to each service that others keep, by the service's name in ARNs. */
import { JsonSyntaxError } from "../../functions/positioned-json.ts";
import { type DeliveredEntry, parseEntry } from "../bus-entry.ts";
import { type Delivery, type MessageAttributes, TargetRefusal } from "../targets.ts";
import { AwsClientError } from "./aws-client.ts";
import type { ExternalService } from "./external-service.ts";
import type { Send } from "./external-target.ts";
import { objectPath } from "./object-path.ts";

export const SENDERS: Readonly<Record<string, Send>> = {
  events: putEvent,
  lambda: invoke,
  s3: putObject,
  sns: publish,
  sqs: sendMessage,
};

const partsOf = (arn: string) => {
  const [, , , region = "", accountId = "", ...name] = arn.split(":");
  return { region, accountId, name: name.join(":") };
};

async function sendMessage(service: ExternalService, arn: string, delivery: Delivery, signal: AbortSignal) {
  const { region, accountId, name } = partsOf(arn);
  const owner = { QueueName: name, QueueOwnerAWSAccountId: accountId };
  const { QueueUrl } = await service.call(region, "AmazonSQS.GetQueueUrl", owner, "1.0", signal);
  const { messageGroupId: MessageGroupId, messageDeduplicationId: MessageDeduplicationId, attributes = {} } = delivery;
  const message = {
    QueueUrl,
    MessageBody: delivery.body.toString("utf8"),
    MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue: delivery.traceId } },
    ...(Object.keys(attributes).length > 0 && { MessageAttributes: attributeValues(attributes) }),
    MessageGroupId,
    MessageDeduplicationId,
  };
  await service.call(region, "AmazonSQS.SendMessage", message, "1.0", signal);
}

function attributeValues(attributes: MessageAttributes): object {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [
      name,
      { DataType: type, [type === "Binary" ? "BinaryValue" : "StringValue"]: value },
    ]),
  );
}

/** SNS speaks the query protocol only. */
async function publish(service: ExternalService, arn: string, delivery: Delivery, signal: AbortSignal) {
  const { subject, messageGroupId, messageDeduplicationId, attributes = {} } = delivery;
  const form = new URLSearchParams({
    Action: "Publish",
    Version: "2010-03-31",
    TopicArn: arn,
    Message: delivery.body.toString("utf8"),
    ...(subject !== undefined && { Subject: subject }),
    ...(messageGroupId !== undefined && { MessageGroupId: messageGroupId }),
    ...(messageDeduplicationId !== undefined && { MessageDeduplicationId: messageDeduplicationId }),
  });
  for (const [index, [name, { type, value }]] of Object.entries(attributes).entries()) {
    const entry = `MessageAttributes.entry.${index + 1}`;
    form.set(`${entry}.Name`, name);
    form.set(`${entry}.Value.DataType`, type);
    form.set(`${entry}.Value.${type === "Binary" ? "BinaryValue" : "StringValue"}`, value);
  }
  await service.send(partsOf(arn).region, {
    method: "POST",
    path: "/",
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: Buffer.from(form.toString()),
    signal,
  });
}

interface PutEventsAnswer {
  readonly Entries?: readonly { readonly ErrorCode?: string; readonly ErrorMessage?: string }[];
}

async function putEvent(service: ExternalService, arn: string, delivery: Delivery, signal: AbortSignal) {
  const event = entryOf(delivery.body.toString("utf8"));
  if (!event) throw new TargetRefusal("What was sent to the event bus is no event.");
  const entry = {
    EventBusName: arn,
    Source: event.source,
    DetailType: event.detailType,
    Detail: event.detail,
    Resources: event.resources,
    ...(event.time !== undefined && { Time: Date.parse(event.time) / 1000 }),
    TraceHeader: delivery.traceId,
  };
  const target = "AWSEvents.PutEvents";
  const answer: PutEventsAnswer = await service.call(partsOf(arn).region, target, { Entries: [entry] }, "1.1", signal);
  const { ErrorCode: code, ErrorMessage: message = "" } = answer.Entries?.[0] ?? {};
  if (code === undefined) return;
  // It is answered with 200; what it means is told by the code.
  throw new AwsClientError(code === "InternalFailure" ? 500 : 400, code, message);
}

function entryOf(text: string): DeliveredEntry | undefined {
  try {
    return parseEntry(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

async function putObject(service: ExternalService, arn: string, delivery: Delivery, signal: AbortSignal) {
  const { objectKey: key, body } = delivery;
  if (key === undefined) throw new TargetRefusal(`what is sent to ${arn} has no key`);
  const { region, name } = partsOf(arn);
  const headers = { "content-type": "application/json" };
  await service.send(region, { method: "PUT", path: objectPath(name, key), headers, body, signal });
}

async function invoke(service: ExternalService, arn: string, { body, traceId }: Delivery, signal: AbortSignal) {
  const path = `/2015-03-31/functions/${encodeURIComponent(arn)}/invocations`;
  const headers = {
    "content-type": "application/json",
    "x-amz-invocation-type": "Event",
    "x-amzn-trace-id": traceId,
  };
  await service.send(partsOf(arn).region, { method: "POST", path, headers, body, signal });
}
