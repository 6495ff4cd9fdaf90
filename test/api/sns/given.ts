/** A region with clients of SNS, SQS and Lambda, and what tests of SNS start from. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { AddPermissionCommand } from "@aws-sdk/client-lambda";
import {
  CreateTopicCommand,
  PublishCommand,
  type PublishCommandInput,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { type Deployment, TestRegion } from "../../test-region.ts";
import { zipOf } from "../lambda/zip.ts";

const ACCOUNT = "000000000000";

export interface Posted {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP endpoint that keeps what is posted to it. */
export interface Endpoint extends AsyncDisposable {
  readonly url: string;
  /** The next post, oldest first; waits for it. */
  next(): Promise<Posted>;
  /** What the next posts are answered, oldest first; 200 by default. */
  readonly statuses: number[];
}

export class SnsRegion {
  readonly region: TestRegion;
  sns: SNSClient;
  sqs: SQSClient;
  #names = 0;

  private constructor(region: TestRegion) {
    this.region = region;
    const configuration = this.#configuration();
    this.sns = new SNSClient(configuration);
    this.sqs = new SQSClient(configuration);
  }

  static async start(): Promise<SnsRegion> {
    return new SnsRegion(await TestRegion.start());
  }

  #configuration() {
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    return { endpoint: this.region.url, region: "us-east-1", credentials, maxAttempts: 1 };
  }

  /** As a crash would end it, and again on the same data. */
  async crash(): Promise<void> {
    await this.region.kill();
    await this.region.startAgain();
    this.#destroyClients();
    this.sns = new SNSClient(this.#configuration());
    this.sqs = new SQSClient(this.#configuration());
  }

  async stop(): Promise<void> {
    this.#destroyClients();
    await this.region.stop();
  }

  #destroyClients(): void {
    this.sns.destroy();
    this.sqs.destroy();
  }

  name(prefix: string): string {
    this.#names += 1;
    return `${prefix}-${this.#names}`;
  }

  async topic(attributes: Record<string, string> = {}): Promise<string> {
    const isFifo = attributes.FifoTopic === "true";
    const Name = this.name("topic") + (isFifo ? ".fifo" : "");
    const { TopicArn: arn = "" } = await this.sns.send(new CreateTopicCommand({ Name, Attributes: attributes }));
    return arn;
  }

  /** A queue that SNS may send to. */
  async queue(attributes: Record<string, string> = {}): Promise<{ readonly arn: string; readonly url: string }> {
    const name = this.name("queue") + (attributes.FifoQueue === "true" ? ".fifo" : "");
    const arn = `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;
    const statement = {
      Effect: "Allow",
      Principal: { Service: "sns.amazonaws.com" },
      Action: "sqs:SendMessage",
      Resource: arn,
    };
    const Attributes = { Policy: JSON.stringify({ Statement: [statement] }), ...attributes };
    const { QueueUrl: url = "" } = await this.sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
    return { arn, url };
  }

  /** @returns the ARN of the subscription */
  async subscribe(topicArn: string, endpoint: string, attributes: Record<string, string> = {}): Promise<string> {
    const Protocol = endpoint.startsWith("http") ? "http" : (endpoint.split(":")[2] ?? "");
    const input = { TopicArn: topicArn, Protocol, Endpoint: endpoint, Attributes: attributes };
    const answer = await this.sns.send(new SubscribeCommand({ ...input, ReturnSubscriptionArn: true }));
    return answer.SubscriptionArn ?? "";
  }

  async publish(topicArn: string, Message: string, more: Partial<PublishCommandInput> = {}): Promise<string> {
    const answer = await this.sns.send(new PublishCommand({ TopicArn: topicArn, Message, ...more }));
    return answer.MessageId ?? "";
  }

  /** As many messages of a queue, in the order in which they came; each is deleted. Waits for them. */
  async receive(queueUrl: string, count: number): Promise<Message[]> {
    const received: Message[] = [];
    while (received.length < count) {
      const { Messages: messages = [] } = await this.sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          WaitTimeSeconds: 10,
          MaxNumberOfMessages: Math.min(10, count - received.length),
          MessageAttributeNames: ["All"],
          MessageSystemAttributeNames: ["All"],
        }),
      );
      if (messages.length === 0) throw new Error(`${received.length} of ${count} messages came to ${queueUrl}`);
      for (const message of messages) {
        received.push(message);
        await this.sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle }));
      }
    }
    return received;
  }

  /** The text of the next message. */
  async receiveBody(queueUrl: string): Promise<string> {
    const [message] = await this.receive(queueUrl, 1);
    return message?.Body ?? "";
  }

  /** A Node function that SNS may invoke. @returns its ARN */
  async function(source: string, more: Deployment["more"] = {}): Promise<string> {
    const name = await this.region.deploy({ runtime: "nodejs22.x", zip: zipOf({ "index.mjs": source }), more });
    const permission = { FunctionName: name, StatementId: "sns", Action: "lambda:InvokeFunction" };
    await this.region.lambda.send(new AddPermissionCommand({ ...permission, Principal: "sns.amazonaws.com" }));
    return `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${name}`;
  }
}

export async function httpEndpoint(): Promise<Endpoint> {
  const posts: Posted[] = [];
  const waiting: ((posted: Posted) => void)[] = [];
  const statuses: number[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const posted = { headers: request.headers, body: Buffer.concat(chunks).toString() };
    response.writeHead(statuses.shift() ?? 200).end();
    const next = waiting.shift();
    if (next) next(posted);
    else posts.push(posted);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/inbox`,
    statuses,
    async next() {
      const posted = posts.shift();
      if (posted) return posted;
      const late = AbortSignal.timeout(20_000);
      return new Promise<Posted>((resolve, reject) => {
        waiting.push(resolve);
        late.onabort = () => reject(new Error("nothing was posted"));
      });
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
