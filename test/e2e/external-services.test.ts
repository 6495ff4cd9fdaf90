/**
 * What others keep, behind `--external-endpoints`: moto, which is not ours, and another region, which checks every
 * signature. What this region has to send arrives there, and what code is there runs here.
 */
import assert from "node:assert/strict";
import { after, describe, it, type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  PutSubscriptionFilterCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionEventInvokeConfigCommand,
  waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  type Message,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { zipOf } from "../api/lambda/zip.ts";
import { Recorder, TELLING } from "../api/recorder.ts";
import { MotoServer } from "../moto-server.ts";
import { TestRegion } from "../test-region.ts";
import { lacksBoto3 } from "./python-story.ts";

interface Other extends AsyncDisposable {
  readonly url: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

async function otherRegion(): Promise<Other> {
  const accountId = "111122223333";
  const keys = { accessKeyId: "ELSEWHERE", secretAccessKey: "its/secret+key" };
  const region = await TestRegion.start("process", {
    ALONZO_ACCOUNT_ID: accountId,
    ALONZO_ACCESS_KEY_ID: keys.accessKeyId,
    ALONZO_SECRET_ACCESS_KEY: keys.secretAccessKey,
  });
  const stop = async () => {
    await region.stop();
  };
  return { url: region.url, accountId, ...keys, [Symbol.asyncDispose]: stop };
}

async function moto(): Promise<Other> {
  const server = await MotoServer.start();
  const keys = { accessKeyId: "any", secretAccessKey: "any" };
  return {
    url: server.url,
    accountId: MotoServer.ACCOUNT,
    ...keys,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** What is sent from here there. */
class Here implements AsyncDisposable {
  readonly region: TestRegion;
  readonly other: Other;
  readonly #clients: { destroy(): void }[] = [];
  #made = 0;

  private constructor(region: TestRegion, other: Other) {
    this.region = region;
    this.other = other;
  }

  static async start(other: Other): Promise<Here> {
    const { url: endpoint, accessKeyId, secretAccessKey } = other;
    const region = await TestRegion.start("process", {
      ALONZO_EXTERNAL_ENDPOINTS: ["events", "lambda", "s3", "sns", "sqs"].map((one) => `${one}=${endpoint}`).join(","),
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    });
    return new Here(region, other);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.region.stop();
  }

  name(kind: string): string {
    this.#made++;
    return `${kind}-${this.#made}`;
  }

  client<T extends { destroy(): void }>(Client: new (options: object) => T, where: "here" | "there"): T {
    const keys = where === "here" ? { accessKeyId: "test", secretAccessKey: "test" } : this.other;
    const credentials = { accessKeyId: keys.accessKeyId, secretAccessKey: keys.secretAccessKey };
    const endpoint = where === "here" ? this.region.url : this.other.url;
    const client = new Client({ endpoint, region: "us-east-1", credentials, forcePathStyle: true });
    this.#clients.push(client);
    return client;
  }

  arn(service: string, name: string): string {
    return `arn:aws:${service}:us-east-1:${this.other.accountId}:${name}`;
  }

  /** A queue there, and what comes into it. */
  async queue(): Promise<{ arn: string; next(): Promise<Message> }> {
    const sqs = this.client(SQSClient, "there");
    const QueueName = this.name("queue");
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName }));
    const Principal = "*";
    const statement = { Effect: "Allow", Principal, Action: "sqs:SendMessage", Resource: this.arn("sqs", QueueName) };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    const next = async (): Promise<Message> => {
      const all = { MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All" as const] };
      const { Messages: [message] = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 10, VisibilityTimeout: 600, ...all }),
      );
      return message ?? next();
    };
    return { arn: this.arn("sqs", QueueName), next };
  }

  /** A rule here that sends what is put to a target. */
  async rule(target: object): Promise<(detail: string) => Promise<unknown>> {
    const events = this.client(EventBridgeClient, "here");
    const Name = this.name("rule");
    await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify({ source: [Name] }) }));
    await events.send(new PutTargetsCommand({ Rule: Name, Targets: [{ Id: "1", ...target } as never] }));
    const entry = { Source: Name, DetailType: "told" };
    return (Detail) => events.send(new PutEventsCommand({ Entries: [{ ...entry, Detail }] }));
  }
}

const FAILING = zipOf({ "index.mjs": `export const handler = async () => { throw new Error("as told"); };` });

function scenarios(open: () => Promise<Other>, lacks: (t: TestContext) => boolean): void {
  let other: Other | undefined;
  let here: Here;
  const tells = (name: string, story: () => Promise<void>) =>
    it(name, async (t) => {
      if (lacks(t)) return;
      if (!other) {
        other = await open();
        here = await Here.start(other);
      }
      await story();
    });
  after(async () => {
    await here?.[Symbol.asyncDispose]();
    await other?.[Symbol.asyncDispose]();
  });

  tells("takes what functions could not do: queues, topics, buses and buckets as destinations", async () => {
    const { lambda } = here.region;
    const FunctionName = await here.region.deploy({ runtime: "nodejs26.x", zip: FAILING });
    const queue = await here.queue();
    const sns = here.client(SNSClient, "there");
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: here.name("topic") }));
    const Attributes = { RawMessageDelivery: "true" };
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: queue.arn, Attributes }));
    const events = here.client(EventBridgeClient, "there");
    const Rule = here.name("rule");
    await events.send(new PutRuleCommand({ Name: Rule, EventPattern: JSON.stringify({ source: ["lambda"] }) }));
    await events.send(new PutTargetsCommand({ Rule, Targets: [{ Id: "1", Arn: queue.arn }] }));
    for (const Destination of [queue.arn, String(TopicArn), here.arn("events", "event-bus/default")]) {
      const DestinationConfig = { OnFailure: { Destination } };
      const config = { FunctionName, MaximumRetryAttempts: 0, DestinationConfig };
      await lambda.send(new PutFunctionEventInvokeConfigCommand(config));
      const Payload = Buffer.from(JSON.stringify({ for: Destination }));
      await lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event", Payload }));
      const told = JSON.parse(String((await queue.next()).Body));
      const { requestPayload, requestContext } = told.detail ?? told;
      assert.deepEqual([requestPayload, requestContext.condition], [{ for: Destination }, "RetriesExhausted"]);
    }
    const s3 = here.client(S3Client, "there");
    const Bucket = here.name("bucket");
    await s3.send(new CreateBucketCommand({ Bucket }));
    const DestinationConfig = { OnFailure: { Destination: `arn:aws:s3:::${Bucket}` } };
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({ FunctionName, DestinationConfig, MaximumRetryAttempts: 0 }),
    );
    await lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event", Payload: Buffer.from('"object"') }));
    const Key = await (async function firstKey(): Promise<string> {
      const { Contents: [object] = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
      return object?.Key ?? firstKey();
    })();
    assert.match(Key, new RegExp(`^aws/lambda/async/${FunctionName}/`));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    assert.equal(JSON.parse(String(await Body?.transformToString())).requestPayload, "object");
  });

  tells("takes the dead letters of a function", async () => {
    const { lambda } = here.region;
    const queue = await here.queue();
    const FunctionName = await here.region.deploy({
      runtime: "nodejs26.x",
      zip: FAILING,
      more: { DeadLetterConfig: { TargetArn: queue.arn } },
    });
    await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, MaximumRetryAttempts: 0 }));
    await lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event", Payload: Buffer.from('"dead"') }));
    const { Body, MessageAttributes } = await queue.next();
    assert.deepEqual([Body, MessageAttributes?.ErrorMessage?.StringValue], ['"dead"', "as told"]);
  });

  tells("takes what rules, topics and buckets of this region tell", async () => {
    const queue = await here.queue();
    const put = await here.rule({ Arn: queue.arn });
    await put('{"n":12345678901234567890}');
    assert.match(String((await queue.next()).Body), /"detail":\{"n":12345678901234567890\}/);

    const sns = here.client(SNSClient, "here");
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: here.name("topic") }));
    const Attributes = { RawMessageDelivery: "true" };
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: queue.arn, Attributes }));
    const MessageAttributes = {
      kind: { DataType: "String", StringValue: "gr\u00fcn & b=c" },
      bytes: { DataType: "Binary", BinaryValue: Buffer.from([0, 255]) },
    };
    await sns.send(new PublishCommand({ TopicArn, Message: "h\u00e9 + llo", MessageAttributes }));
    const published = await queue.next();
    assert.equal(published.Body, "h\u00e9 + llo");
    assert.equal(published.MessageAttributes?.kind?.StringValue, "gr\u00fcn & b=c");
    assert.deepEqual([...(published.MessageAttributes?.bytes?.BinaryValue ?? [])], [0, 255]);

    const s3 = here.client(S3Client, "here");
    const Bucket = here.name("bucket");
    await s3.send(new CreateBucketCommand({ Bucket }));
    const QueueConfigurations = [{ QueueArn: queue.arn, Events: ["s3:ObjectCreated:*" as const] }];
    const NotificationConfiguration = { QueueConfigurations };
    await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
    assert.equal(JSON.parse(String((await queue.next()).Body)).Event, "s3:TestEvent");
    await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "a" }));
    assert.equal(JSON.parse(String((await queue.next()).Body)).Records[0].s3.object.key, "a");
  });

  tells("refuses what is not there, which ends with the dead letters at once", async () => {
    const dead = await here.queue();
    const DeadLetterConfig = { Arn: dead.arn };
    const s3 = here.client(S3Client, "here");
    const Bucket = here.name("bucket");
    await s3.send(new CreateBucketCommand({ Bucket }));
    for (const [service, name] of [
      ["sqs", "missing"],
      ["sns", "missing"],
    ] as const) {
      const put = await here.rule({ Arn: here.arn(service, name), DeadLetterConfig });
      await put("{}");
      const { MessageAttributes: told } = await dead.next();
      assert.equal(told?.ERROR_CODE?.StringValue, "RESOURCE_NOT_FOUND");
    }
    const QueueConfigurations = [{ QueueArn: here.arn("sqs", "missing"), Events: ["s3:ObjectCreated:*" as const] }];
    await assert.rejects(
      s3.send(
        new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: { QueueConfigurations } }),
      ),
      { name: "InvalidArgument" },
    );
  });

  tells("has code that functions of this region run, under any key", async () => {
    const there = here.client(S3Client, "there");
    const S3Bucket = here.name("bucket");
    const S3Key = "code/\u00fc (1)+a!/it's.zip";
    await there.send(new CreateBucketCommand({ Bucket: S3Bucket }));
    const Role = "arn:aws:iam::000000000000:role/test";
    const zip = zipOf({ "index.mjs": `export const handler = async () => "from there";` });
    await there.send(new PutObjectCommand({ Bucket: S3Bucket, Key: S3Key, Body: zip }));
    const FunctionName = here.name("function");
    const settings = { FunctionName, Role, Runtime: "nodejs26.x", Handler: "index.handler" } as const;
    const create = (Code: { readonly S3Bucket: string; readonly S3Key: string }) =>
      here.region.lambda.send(new CreateFunctionCommand({ ...settings, Code }));
    await assert.rejects(create({ S3Bucket, S3Key: "missing" }), { message: /S3 Error Code: NoSuchKey\./ });
    await create({ S3Bucket, S3Key });
    await waitUntilFunctionActiveV2({ client: here.region.lambda, maxWaitTime: 60 }, { FunctionName });
    const { Payload } = await here.region.lambda.send(new InvokeCommand({ FunctionName }));
    assert.equal(Buffer.from(Payload ?? []).toString(), '"from there"');
  });
}

describe("moto, as what others keep,", () => {
  scenarios(moto, lacksBoto3);
});

describe("another region, as what others keep,", () => {
  scenarios(otherRegion, () => false);

  it("has functions that work on what this region tells: rules, destinations and log groups", async () => {
    await using other = await otherRegion();
    await using here = await Here.start(other);
    const there = here.client(LambdaClient, "there");
    await using recorder = await Recorder.start();
    const settings = { FunctionName: "worker", Role: `arn:aws:iam::${other.accountId}:role/test` };
    const code = { Runtime: "nodejs24.x", Handler: "index.handler", Code: { ZipFile: TELLING } } as const;
    const Environment = { Variables: { RECORDER: `${recorder.url}/told` } };
    await there.send(new CreateFunctionCommand({ ...settings, ...code, Environment, Timeout: 30 }));
    await waitUntilFunctionActiveV2({ client: there, maxWaitTime: 60 }, { FunctionName: "worker" });
    const worker = here.arn("lambda", "function:worker");
    const told = async (count: number) => JSON.parse((await recorder.until("/told", count))[count - 1]?.body ?? "");

    const put = await here.rule({ Arn: worker });
    await put('{"from":"a rule"}');
    assert.deepEqual((await told(1)).detail, { from: "a rule" });

    const { lambda } = here.region;
    const FunctionName = await here.region.deploy({ runtime: "nodejs26.x", zip: FAILING });
    const DestinationConfig = { OnFailure: { Destination: worker } };
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({ FunctionName, DestinationConfig, MaximumRetryAttempts: 0 }),
    );
    await lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event", Payload: Buffer.from('"failed"') }));
    assert.equal((await told(2)).requestPayload, "failed");

    const logs = here.client(CloudWatchLogsClient, "here");
    const logGroupName = "told";
    await logs.send(new CreateLogGroupCommand({ logGroupName }));
    const filter = { filterName: "all", filterPattern: "", destinationArn: worker };
    await logs.send(new PutSubscriptionFilterCommand({ logGroupName, ...filter }));
    const { awslogs } = await told(3);
    assert.equal(JSON.parse(gunzipSync(Buffer.from(awslogs.data, "base64")).toString()).messageType, "CONTROL_MESSAGE");
  });
});
