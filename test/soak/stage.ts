/** What stories are set up with: the AWS SDK's clients on a region that comes and goes, functions of examples/, queues to look into. */
import { readFile } from "node:fs/promises";
import { ApiGatewayV2Client } from "@aws-sdk/client-apigatewayv2";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { AddPermissionCommand, PutFunctionEventInvokeConfigCommand } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SNSClient } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { buildExample, exampleFunction } from "../../examples/build.ts";
import { Runtimes } from "../../src/execution/runtimes.ts";
import { RUNTIMES, type TestRegion } from "../test-region.ts";

export const LAMBDA_ARN = "arn:aws:lambda:us-east-1:000000000000:function:";
export const QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:";

class Clients {
  readonly url: string;
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly s3: S3Client;
  readonly events: EventBridgeClient;
  readonly scheduler: SchedulerClient;
  readonly apis: ApiGatewayV2Client;

  constructor(url: string) {
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    // What was not answered is not sent again behind the story's back.
    const settings = { endpoint: url, region: "us-east-1", credentials, maxAttempts: 1 };
    this.url = url;
    this.sqs = new SQSClient(settings);
    this.sns = new SNSClient(settings);
    this.s3 = new S3Client({ ...settings, forcePathStyle: true });
    this.events = new EventBridgeClient(settings);
    this.scheduler = new SchedulerClient(settings);
    this.apis = new ApiGatewayV2Client(settings);
  }

  close(): void {
    for (const client of [this.sqs, this.sns, this.s3, this.events, this.scheduler, this.apis]) client.destroy();
  }
}

export class Stage {
  readonly region: TestRegion;
  #clients: Clients;

  constructor(region: TestRegion) {
    this.region = region;
    this.#clients = new Clients(region.url);
  }

  /** Of the region as it is now: each life of it has another port. */
  get clients(): Clients {
    if (this.#clients.url !== this.region.url) {
      this.#clients.close();
      this.#clients = new Clients(this.region.url);
    }
    return this.#clients;
  }

  close(): void {
    this.#clients.close();
  }

  /**
   * Deploy an example as it is.
   * @param caller the service that may invoke it
   * @param told the queue that gets what it returns
   * @returns its ARN
   */
  async deployExample(example: string, { handler, caller, told }: Playing): Promise<string> {
    const { Runtime, Handler, MemorySize, Timeout } = await exampleFunction(example);
    const runtime = (handler ?? Handler).startsWith("app.") ? await somePython() : Runtime;
    const zip = await readFile(await buildExample(example));
    const more = { MemorySize, Timeout };
    const FunctionName = await this.region.deploy({ runtime, handler: handler ?? Handler, zip, more });
    const permission = { FunctionName, StatementId: "story", Action: "lambda:InvokeFunction" };
    await this.region.lambda.send(new AddPermissionCommand({ ...permission, Principal: `${caller}.amazonaws.com` }));
    if (told !== undefined) {
      const DestinationConfig = { OnSuccess: { Destination: QUEUE_ARN + told } };
      await this.region.lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, DestinationConfig }));
    }
    return LAMBDA_ARN + FunctionName;
  }

  /** A queue that other services may send to. */
  async queue(QueueName: string, attributes: Readonly<Record<string, string>> = {}): Promise<Inbox> {
    const Principal = { Service: ["sns.amazonaws.com", "events.amazonaws.com"] };
    const Statement = [{ Effect: "Allow", Principal, Action: "sqs:SendMessage", Resource: QUEUE_ARN + QueueName }];
    const fifo = QueueName.endsWith(".fifo") && { FifoQueue: "true", ContentBasedDeduplication: "true" };
    const Attributes = { Policy: JSON.stringify({ Version: "2012-10-17", Statement }), ...fifo, ...attributes };
    await this.clients.sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
    return new Inbox(this, QueueName);
  }
}

export interface Playing {
  /** If not the one that the example names. */
  readonly handler?: string;
  readonly caller: string;
  readonly told?: string;
}

/** The bodies of all messages that come to a queue. */
export class Inbox {
  readonly #stage: Stage;
  readonly #name: string;
  readonly #bodies: string[] = [];

  constructor(stage: Stage, name: string) {
    this.#stage = stage;
    this.#name = name;
  }

  async bodies(): Promise<readonly string[]> {
    const { sqs } = this.#stage.clients;
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: this.#name }));
    for (;;) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) return this.#bodies;
      this.#bodies.push(...Messages.map(({ Body = "" }) => Body));
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
  }

  /** What bodies say, as JSON, of those that say anything. */
  async told<Told>(read: (body: never) => Told | undefined): Promise<Told[]> {
    const told = (await this.bodies()).map((body) => read(JSON.parse(body) as never));
    return told.filter((one) => one !== undefined);
  }
}

async function somePython(): Promise<string> {
  const installed = (await Runtimes.discover({ runtimesDirectory: RUNTIMES })).list();
  const python = installed.find(({ runtime }) => runtime.startsWith("python"))?.runtime;
  if (python === undefined) throw new Error("no Python on this machine");
  return python;
}
