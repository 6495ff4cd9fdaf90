/** A record or dead letter in the form that its receiver takes: a message, an entry of an event bus, an object. */
import { newUuid } from "../../state/ids.ts";
import type { Delivery } from "../targets.ts";
import type { QueuedDelivery } from "./delivery.ts";

const DETAIL_TYPES = {
  OnSuccess: "Lambda Function Invocation Result - Success",
  OnFailure: "Lambda Function Invocation Result - Failure",
} as const;

/** @param message JSON @param nowMs unix ms: part of an object's key */
export function outgoing(
  { arn, attributes, origin }: QueuedDelivery,
  message: Buffer,
  accountId: string,
  nowMs: number,
): Delivery {
  const { functionArn, purpose, traceId } = origin;
  const isForBus = arn.split(":")[2] === "events" && purpose !== "DeadLetter";
  return {
    body: isForBus ? busEntry(DETAIL_TYPES[purpose], [functionArn, arn], message) : message,
    attributes,
    traceId,
    ...(arn.split(":")[2] === "s3" && { objectKey: objectKey(functionArn, nowMs) }),
    // Lambda sends with the function's execution role: no resource policy is asked (contract/03 §5).
    sender: { principal: "lambda.amazonaws.com", arn: functionArn, accountId, usesRole: true },
  };
}

/** The record goes in byte for byte. */
function busEntry(detailType: string, resources: readonly string[], record: Buffer): Buffer {
  const head = { source: "lambda", "detail-type": detailType, resources };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head).slice(0, -1)},"detail":`), record, Buffer.from("}")]);
}

/** Under this prefix Lambda's guide has them: aws/lambda/async/<function>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<UUID>. */
function objectKey(functionArn: string, nowMs: number): string {
  const [day = "", time = ""] = new Date(nowMs).toISOString().slice(0, 19).split("T");
  const name = functionArn.split(":")[6] ?? "";
  return `aws/lambda/async/${name}/${day.replaceAll("-", "/")}/${day}T${time.replaceAll(":", ".")}-${newUuid()}`;
}
