/** Queues that another SQS keeps (AWS, or another implementation), polled through its API with the operator's credentials. */
import { AwsClientError } from "../invocation/external/aws-client.ts";
import type { ExternalService } from "../invocation/external/external-service.ts";
import { type PolledMessage, type PolledQueue, type PolledQueues, QueueGone } from "../invocation/polled-queues.ts";

const LONG_POLL_SECONDS = 20;
const BATCH = 10;
/** What a queue that does not exist is called, by JSON and by the older protocol. */
const GONE: ReadonlySet<string> = new Set([
  "QueueDoesNotExist",
  "AWS.SimpleQueueService.NonExistentQueue",
  "NonExistentQueue",
]);

interface AwsMessage {
  readonly MessageId?: string;
  readonly ReceiptHandle?: string;
  readonly Body?: string;
  readonly MD5OfBody?: string;
  readonly MD5OfMessageAttributes?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly MessageAttributes?: Readonly<
    Record<string, { readonly DataType: string; readonly StringValue?: string; readonly BinaryValue?: string }>
  >;
}

/** Whatever the ARN, as long as it is of a queue. */
export function externalQueues(sqs: ExternalService): PolledQueues {
  return {
    find: (arn) => {
      const [, , service, region = "", accountId = "", name = ""] = arn.split(":");
      return service === "sqs" ? new ExternalQueue(sqs, region, accountId, name) : undefined;
    },
  };
}

/** Ours are found where they are, all others at the endpoint. */
export function eitherQueues(ours: PolledQueues, others: PolledQueues | undefined): PolledQueues {
  return { find: (arn) => ours.find(arn) ?? others?.find(arn) };
}

class ExternalQueue implements PolledQueue {
  readonly #sqs: ExternalService;
  readonly #region: string;
  readonly #accountId: string;
  readonly #name: string;
  #url: Promise<string> | undefined;

  constructor(sqs: ExternalService, region: string, accountId: string, name: string) {
    this.#sqs = sqs;
    this.#region = region;
    this.#accountId = accountId;
    this.#name = name;
  }

  async receive(limit: number, signal: AbortSignal): Promise<PolledMessage[]> {
    const input = {
      MaxNumberOfMessages: Math.min(limit, BATCH),
      WaitTimeSeconds: LONG_POLL_SECONDS,
      AttributeNames: ["All"],
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    };
    try {
      const { Messages: messages = [] } = await this.#call("ReceiveMessage", input, signal);
      return (messages as AwsMessage[]).map(polledMessage);
    } catch (error) {
      if (signal.aborted) return [];
      throw error;
    }
  }

  delete(messages: readonly PolledMessage[]): Promise<void> {
    return this.#batch("DeleteMessageBatch", messages, {});
  }

  changeVisibility(messages: readonly PolledMessage[], timeoutMs: number): Promise<void> {
    const VisibilityTimeout = Math.ceil(timeoutMs / 1000);
    return this.#batch("ChangeMessageVisibilityBatch", messages, { VisibilityTimeout });
  }

  async visibilityTimeoutMs(): Promise<number> {
    const { Attributes: attributes } = await this.#call("GetQueueAttributes", {
      AttributeNames: ["VisibilityTimeout"],
    });
    return Number((attributes as Record<string, string> | undefined)?.VisibilityTimeout ?? 30) * 1000;
  }

  async #batch(operation: string, messages: readonly PolledMessage[], more: object): Promise<void> {
    for (let start = 0; start < messages.length; start += BATCH) {
      const entries = messages.slice(start, start + BATCH).map(({ receiptHandle }, index) => ({
        Id: `${index}`,
        ReceiptHandle: receiptHandle,
        ...more,
      }));
      await this.#call(operation, { Entries: entries });
    }
  }

  async #call(operation: string, input: object, signal?: AbortSignal) {
    try {
      this.#url ??= this.#findUrl();
      const url = await this.#url.catch((error) => {
        this.#url = undefined;
        throw error;
      });
      return await this.#sqs.call(this.#region, `AmazonSQS.${operation}`, { QueueUrl: url, ...input }, "1.0", signal);
    } catch (error) {
      const isGone = error instanceof AwsClientError && GONE.has(error.code);
      throw isGone ? new QueueGone("The specified queue does not exist.", { cause: error }) : error;
    }
  }

  async #findUrl(): Promise<string> {
    const input = { QueueName: this.#name, QueueOwnerAWSAccountId: this.#accountId };
    return String((await this.#sqs.call(this.#region, "AmazonSQS.GetQueueUrl", input)).QueueUrl);
  }
}

function polledMessage(message: AwsMessage): PolledMessage {
  return {
    messageId: message.MessageId ?? "",
    receiptHandle: message.ReceiptHandle ?? "",
    body: message.Body ?? "",
    md5OfBody: message.MD5OfBody ?? "",
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
        name,
        {
          dataType: value.DataType,
          ...(value.StringValue !== undefined && { stringValue: value.StringValue }),
          ...(value.BinaryValue !== undefined && { binaryValue: value.BinaryValue }),
        },
      ]),
    ),
    ...(message.MD5OfMessageAttributes !== undefined && { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
  };
}
