/** Send-, Receive-, Delete- and ChangeVisibility of messages, one at a time and in batches. */
import { hash } from "node:crypto";
import type { Principal } from "../../wire/service.ts";
import { attempt, type BatchFailure, checkBatch } from "./batch.ts";
import type { NewMessage, ReceivedMessage, SentMessage } from "./message.ts";
import { awsAttributes, chosenAttributes } from "./message-attributes.ts";
import { md5OfAttributes } from "./message-digest.ts";
import { checkMessage, LARGEST_BATCH_BYTES, messageBytes } from "./message-rules.ts";
import type { VisibilityChange } from "./message-store.ts";
import type { Queue } from "./queue.ts";
import { queueOfUrl } from "./queue-address.ts";
import { TooManyInFlight } from "./queue-engine.ts";
import { type Receipt, readReceiptHandle } from "./receipt-handle.ts";
import type { SqsContext, SqsHandlers, SqsInput } from "./sqs-api.ts";
import { systemAttributes } from "./system-attributes.ts";

const LONGEST_VISIBILITY_SECONDS = 43_200;

export function messageHandlers(context: SqsContext) {
  const { engine, fail } = context;
  const queueOf = (url: string | undefined): Queue => queueOfUrl(context, url);
  const invalid = (message: string): never => fail("InvalidParameterValue", message);

  function receiptOf(queue: Queue, handle: string | undefined): Receipt {
    if (!handle) return fail("MissingParameter", "The request must contain the parameter ReceiptHandle.");
    const receipt = readReceiptHandle(queue.definition.secret, handle);
    return (
      receipt ?? fail("ReceiptHandleIsInvalid", `The input receipt handle "${handle}" is not a valid receipt handle.`)
    );
  }

  function refuseExpired(handle: string | undefined): never {
    return invalid(`Value ${handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`);
  }

  function checkVisibility(seconds: number): number {
    if (seconds >= 0 && seconds <= LONGEST_VISIBILITY_SECONDS) return seconds * 1000;
    return invalid(
      `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and ${LONGEST_VISIBILITY_SECONDS}.`,
    );
  }

  function visibilityChange(queue: Queue, handle: string | undefined, seconds: number | undefined) {
    const receipt = receiptOf(queue, handle);
    if (seconds === undefined)
      return fail("MissingParameter", "The request must contain the parameter VisibilityTimeout.");
    return { ...receipt, timeoutMs: checkVisibility(seconds) };
  }

  function refuseUnchanged(handle: string | undefined, change: VisibilityChange): void {
    switch (change) {
      case "done":
        return;
      case "gone":
        return invalid(
          `Value ${handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
        );
      case "not-in-flight":
        return fail("MessageNotInflight", "The specified message isn't in flight.");
      case "too-long":
        return invalid(
          `Total VisibilityTimeout for the message is beyond the limit [${LONGEST_VISIBILITY_SECONDS} seconds]`,
        );
    }
  }

  function checkReceiving(queue: Queue, input: SqsInput<"ReceiveMessage">) {
    const { MaxNumberOfMessages: limit = 1, WaitTimeSeconds: wait, ReceiveRequestAttemptId: attemptId } = input;
    if (limit < 1 || limit > 10) {
      invalid(
        `Value ${limit} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.`,
      );
    }
    if (wait !== undefined && (wait < 0 || wait > 20)) {
      invalid(`Value ${wait} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.`);
    }
    if (attemptId !== undefined && !queue.rules.isFifo) {
      invalid(
        `Value ${attemptId} for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that is not valid for this queue type.`,
      );
    }
    return {
      limit,
      waitMs: wait === undefined ? queue.rules.waitTimeMs : wait * 1000,
      visibilityMs:
        input.VisibilityTimeout === undefined
          ? queue.rules.visibilityTimeoutMs
          : checkVisibility(input.VisibilityTimeout),
      ...(attemptId !== undefined && { attemptId }),
    };
  }

  function received(message: ReceivedMessage, input: SqsInput<"ReceiveMessage">) {
    const { about } = message;
    const asked = [...(input.MessageSystemAttributeNames ?? []), ...(input.AttributeNames ?? [])] as string[];
    const system = systemAttributes(message);
    const chosen = asked.includes("All") ? system : only(system, asked);
    const attributes = chosenAttributes(about.attributes, input.MessageAttributeNames ?? []);
    return {
      MessageId: about.messageId,
      ReceiptHandle: message.receiptHandle,
      MD5OfBody: about.md5OfBody,
      Body: message.body,
      ...(Object.keys(chosen).length > 0 && { Attributes: chosen }),
      ...(attributes && {
        MessageAttributes: awsAttributes(attributes),
        MD5OfMessageAttributes: md5OfAttributes(attributes),
      }),
    };
  }

  return {
    async SendMessage(input, { principal }) {
      const queue = queueOf(input.QueueUrl);
      const message = checkMessage(fail, queue, input, senderIdOf(principal));
      const [sent] = await engine.send(queue, [message]);
      return sentMessage(message, sent as SentMessage);
    },

    async SendMessageBatch(input, { principal }) {
      const queue = queueOf(input.QueueUrl);
      const entries = checkBatch(fail, input.Entries, "SendMessageBatchRequestEntry");
      const bytes = entries.reduce((sum, { MessageBody: body }) => sum + Buffer.byteLength(body ?? ""), 0);
      if (bytes > LARGEST_BATCH_BYTES) tooLong(bytes);
      const failed: BatchFailure[] = [];
      const good: { id: string; message: NewMessage }[] = [];
      for (const entry of entries) {
        const check = () => checkMessage(fail, queue, entry, senderIdOf(principal));
        const message = attempt(entry.Id, failed, check);
        if (message) good.push({ id: entry.Id, message });
      }
      const total = good.reduce((sum, { message }) => sum + messageBytes(message), 0);
      if (total > LARGEST_BATCH_BYTES) tooLong(total);
      const messages = good.map(({ message }) => message);
      const sent = messages.length === 0 ? [] : await engine.send(queue, messages);
      const successful = good.map(({ id, message }, index) => ({
        Id: id,
        ...sentMessage(message, sent[index] as SentMessage),
      }));
      return { Successful: successful, Failed: failed };
    },

    async ReceiveMessage(input, call) {
      const queue = queueOf(input.QueueUrl);
      const receiving = checkReceiving(queue, input);
      const signal = receiving.waitMs > 0 ? call.callerGone?.() : undefined;
      try {
        const messages = await engine.receive(queue, { ...receiving, ...(signal && { signal }) });
        return messages.length > 0 ? { Messages: messages.map((message) => received(message, input)) } : {};
      } catch (error) {
        if (!(error instanceof TooManyInFlight)) throw error;
        // Unverified.
        return fail("OverLimit", "The maximum number of in flight messages for this queue has been reached.");
      }
    },

    async DeleteMessage(input) {
      const queue = queueOf(input.QueueUrl);
      const [isDone] = await engine.delete(queue, [receiptOf(queue, input.ReceiptHandle)]);
      if (!isDone) refuseExpired(input.ReceiptHandle);
      return {};
    },

    async DeleteMessageBatch(input) {
      const queue = queueOf(input.QueueUrl);
      const entries = checkBatch(fail, input.Entries, "DeleteMessageBatchRequestEntry");
      return eachEntry(
        entries,
        ({ ReceiptHandle: handle }) => receiptOf(queue, handle),
        (receipts) => engine.delete(queue, receipts),
        (isDone, { ReceiptHandle: handle }) => void (isDone || refuseExpired(handle)),
      );
    },

    async ChangeMessageVisibility(input) {
      const queue = queueOf(input.QueueUrl);
      const change = visibilityChange(queue, input.ReceiptHandle, input.VisibilityTimeout);
      const [changed] = await engine.changeVisibility(queue, [change]);
      refuseUnchanged(input.ReceiptHandle, changed as VisibilityChange);
      return {};
    },

    async ChangeMessageVisibilityBatch(input) {
      const queue = queueOf(input.QueueUrl);
      const entries = checkBatch(fail, input.Entries, "ChangeMessageVisibilityBatchRequestEntry");
      return eachEntry(
        entries,
        ({ ReceiptHandle: handle, VisibilityTimeout: seconds }) => visibilityChange(queue, handle, seconds),
        (changes) => engine.changeVisibility(queue, changes),
        (changed, { ReceiptHandle: handle }) => refuseUnchanged(handle, changed),
      );
    },
  } satisfies SqsHandlers;

  function tooLong(bytes: number): never {
    return fail(
      "BatchRequestTooLong",
      `Batch requests cannot be longer than ${LARGEST_BATCH_BYTES} bytes. You have sent ${bytes} bytes.`,
    );
  }

  /** Senders are told the MD5 of what arrived. */
  function sentMessage({ about }: NewMessage, { messageId, sequenceNumber }: SentMessage) {
    const ofAttributes = md5OfAttributes(about.attributes);
    const ofSystem =
      about.traceHeader === undefined
        ? undefined
        : md5OfAttributes({ AWSTraceHeader: { dataType: "String", stringValue: about.traceHeader } });
    return {
      MessageId: messageId,
      MD5OfMessageBody: about.md5OfBody,
      ...(ofAttributes !== undefined && { MD5OfMessageAttributes: ofAttributes }),
      ...(ofSystem !== undefined && { MD5OfMessageSystemAttributes: ofSystem }),
      ...(sequenceNumber !== undefined && { SequenceNumber: sequenceNumber }),
    };
  }

  /** In one commit what can be read of a batch; the rest, and what does not work, fails by itself. */
  async function eachEntry<Entry extends { readonly Id: string }, Read, Result>(
    entries: readonly Entry[],
    read: (entry: Entry) => Read,
    work: (all: readonly Read[]) => Promise<Result[]>,
    check: (result: Result, entry: Entry) => void,
  ) {
    const failed: BatchFailure[] = [];
    const readable: { entry: Entry; input: Read }[] = [];
    for (const entry of entries) {
      const input = attempt(entry.Id, failed, () => read(entry));
      if (input !== undefined) readable.push({ entry, input });
    }
    const results = readable.length === 0 ? [] : await work(readable.map(({ input }) => input));
    const successful = readable.filter(({ entry }, index) =>
      attempt(entry.Id, failed, () => {
        check(results[index] as Result, entry);
        return true;
      }),
    );
    return { Successful: successful.map(({ entry }) => ({ Id: entry.Id })), Failed: failed };
  }
}

function only(all: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

/** Stable, and of the form of AWS's: a unique id, with the session of a role. */
function senderIdOf({ arn, kind }: Principal): string {
  const id = hash("sha256", arn, "hex").slice(0, 17).toUpperCase();
  return kind === "administrator" ? `AIDA${id}` : `AROA${id}:${arn.slice(arn.lastIndexOf("/") + 1)}`;
}
