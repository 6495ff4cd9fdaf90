/** From a message that is published on a topic, and from an object that is put into a bucket, to the function that is told. */
import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { HandlerStarts } from "./handler-starts.ts";
import type { RegionProcess } from "./region-process.ts";
import { median, percentile } from "./statistics.ts";

const Bucket = "bench-notices";

export interface NoticeLatency {
  readonly service: "SNS" | "S3";
  readonly sent: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export async function measureNoticeLatency(region: RegionProcess, count: number): Promise<readonly NoticeLatency[]> {
  const { endpoint, region: name, accessKeyId, secretAccessKey } = region.target;
  const settings = { endpoint, region: name, credentials: { accessKeyId, secretAccessKey } };
  const sns = new SNSClient(settings);
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  try {
    const starts = await HandlerStarts.deploy(region, "notice-latency", ["sns", "s3"]);
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "latency" }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "lambda", Endpoint: starts.arn }));
    await s3.send(new CreateBucketCommand({ Bucket }));
    const Events = ["s3:ObjectCreated:*" as const];
    const LambdaFunctionConfigurations = [{ LambdaFunctionArn: starts.arn, Events }];
    const NotificationConfiguration = { LambdaFunctionConfigurations };
    await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
    const measured = async (service: NoticeLatency["service"], send: (name: string) => Promise<unknown>) => {
      const latenciesMs = await starts.latenciesOf(service, count, send);
      return { service, sent: count, p50Ms: median(latenciesMs), p99Ms: percentile(latenciesMs, 0.99) };
    };
    return [
      await measured("SNS", (Message) => sns.send(new PublishCommand({ TopicArn, Message }))),
      await measured("S3", (Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))),
    ];
  } finally {
    sns.destroy();
    s3.destroy();
  }
}
