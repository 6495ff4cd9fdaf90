/** What buckets tell functions and queues, and what their owners may let others do: notifications, policies, CORS; code in buckets. */
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, before, describe, test } from "node:test";
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  PublishLayerVersionCommand,
  PutFunctionEventInvokeConfigCommand,
  UpdateFunctionCodeCommand,
} from "@aws-sdk/client-lambda";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketCorsCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketPolicyCommand,
  type NotificationConfiguration,
  PutBucketCorsCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { TestRegion } from "../../test-region.ts";
import { settings, settled } from "../lambda/given.ts";
import { zipOf } from "../lambda/zip.ts";
import { CREDENTIALS, newBucket, put, refused, s3Client } from "./s3.ts";

const ACCOUNT = "000000000000";
const ARN = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:`;

let region: TestRegion;
let s3: S3Client;
let sqs: SQSClient;
before(async () => {
  region = await TestRegion.start();
  s3 = s3Client(region);
  sqs = new SQSClient({ endpoint: region.url, region: "us-east-1", credentials: CREDENTIALS });
});
after(() => region.stop());

const notify = (Bucket: string, NotificationConfiguration: NotificationConfiguration) =>
  s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));

interface Queue {
  readonly arn: string;
  /** The next message, once there is one. */
  next(): Promise<Record<string, unknown>>;
}

async function newQueue(name: string, bucket: string): Promise<Queue> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  const arn = `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;
  const Statement = {
    Effect: "Allow",
    Principal: { Service: "s3.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: arn,
    Condition: { ArnLike: { "aws:SourceArn": `arn:aws:s3:::${bucket}` } },
  };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  return {
    arn,
    async next() {
      for (;;) {
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
        const [message] = Messages;
        if (!message) continue;
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
        return JSON.parse(message.Body ?? "");
      }
    },
  };
}

interface EventRecord {
  readonly eventName: string;
  readonly s3: { readonly configurationId: string; readonly bucket: object; readonly object: Record<string, unknown> };
  readonly [member: string]: unknown;
}

const recordOf = (message: Record<string, unknown>): EventRecord => {
  const [record, ...others] = message.Records as EventRecord[];
  assert.deepEqual(others, []);
  assert.ok(record);
  return record;
};

describe("notifications", () => {
  test("come with everything that the contract says, for each way in which objects come and go", async () => {
    const bucket = await newBucket(s3);
    const queue = await newQueue("events", bucket);
    const Events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*"] as never;
    await notify(bucket, { QueueConfigurations: [{ Id: "all", QueueArn: queue.arn, Events }] });
    const hello = await queue.next();
    assert.deepEqual([hello.Event, hello.Service, hello.Bucket], ["s3:TestEvent", "Amazon S3", bucket]);

    await put(s3, bucket, "ä b+c/d.jpg", "12345");
    const first = recordOf(await queue.next());
    assert.deepEqual(
      [first.eventVersion, first.eventSource, first.awsRegion, first.eventName],
      ["2.1", "aws:s3", "us-east-1", "ObjectCreated:Put"],
    );
    assert.match(String(first.eventTime), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(first.s3.bucket, {
      name: bucket,
      ownerIdentity: { principalId: ACCOUNT },
      arn: `arn:aws:s3:::${bucket}`,
    });
    const { sequencer, ...object } = first.s3.object;
    assert.deepEqual(object, { key: "%C3%A4+b%2Bc/d.jpg", size: 5, eTag: "827ccb0eea8a706c4c34a16891f84e7b" });
    assert.deepEqual([first.s3.configurationId, first.requestParameters], ["all", { sourceIPAddress: "127.0.0.1" }]);

    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "ä b+c/d.jpg" }));
    const second = recordOf(await queue.next());
    assert.equal(second.eventName, "ObjectRemoved:Delete");
    assert.deepEqual(Object.keys(second.s3.object), ["key", "sequencer"]);
    assert.ok(String(second.s3.object.sequencer) > String(sequencer), "later events of a key have a greater sequencer");

    await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: "Enabled" } }));
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: "parts" }));
    const upload = { Bucket: bucket, Key: "parts", UploadId };
    const { ETag } = await s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: "part" }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    const { VersionId } = await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }));
    const third = recordOf(await queue.next());
    assert.deepEqual(
      [third.eventName, third.s3.object.versionId],
      ["ObjectCreated:CompleteMultipartUpload", VersionId],
    );
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "parts" }));
    assert.equal(recordOf(await queue.next()).eventName, "ObjectRemoved:DeleteMarkerCreated");
  });

  test("run the function that a key's prefix and suffix choose, and no other", async () => {
    const bucket = await newBucket(s3);
    const queue = await newQueue("chosen", bucket);
    const source = "exports.handler = async () => 1;";
    const name = await region.deploy({ runtime: "nodejs22.x", zip: zipOf({ "index.js": source }) });
    const LambdaFunctionConfigurations = [
      {
        LambdaFunctionArn: ARN + name,
        Events: ["s3:ObjectCreated:Put" as const],
        Filter: {
          Key: {
            FilterRules: [
              { Name: "prefix" as const, Value: "in/" },
              { Name: "suffix" as const, Value: ".jpg" },
            ],
          },
        },
      },
    ];
    const message = "Unable to validate the following destination configurations";
    await refused(notify(bucket, { LambdaFunctionConfigurations }), 400, "InvalidArgument", message);
    await region.lambda.send(
      new AddPermissionCommand({
        FunctionName: name,
        StatementId: "s3",
        Action: "lambda:InvokeFunction",
        Principal: "s3.amazonaws.com",
        SourceArn: `arn:aws:s3:::${bucket}`,
        SourceAccount: ACCOUNT,
      }),
    );
    const QueueConfigurations = [
      {
        QueueArn: queue.arn,
        Events: ["s3:ObjectCreated:Put" as const],
        Filter: { Key: { FilterRules: [{ Name: "prefix" as const, Value: "out/" }] } },
      },
    ];
    // Another account's function of that name is not ours, whatever ours allows.
    const elsewhere = (ARN + name).replace(ACCOUNT, "111122223333");
    const others = LambdaFunctionConfigurations.map((one) => ({ ...one, LambdaFunctionArn: elsewhere }));
    await refused(notify(bucket, { LambdaFunctionConfigurations: others }), 400, "InvalidArgument", message);
    await notify(bucket, { LambdaFunctionConfigurations, QueueConfigurations });
    await queue.next();
    const kept = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: bucket }));
    assert.deepEqual(kept.LambdaFunctionConfigurations?.[0]?.Filter, {
      Key: {
        FilterRules: [
          { Name: "Prefix", Value: "in/" },
          { Name: "Suffix", Value: ".jpg" },
        ],
      },
    });
    const told = await newQueue("told", bucket);
    const DestinationConfig = { OnSuccess: { Destination: told.arn } };
    await region.lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName: name, DestinationConfig }));
    for (const key of ["in/a.png", "other/a.jpg", "in/b.jpg", "out/c", "in/c.jpg"]) await put(s3, bucket, key);
    assert.equal(recordOf(await queue.next()).s3.object.key, "out/c");
    const run = [await told.next(), await told.next()].map(({ requestPayload }) => recordOf(requestPayload as never));
    assert.deepEqual(run.map((record) => record.s3.object.key).sort(), ["in/b.jpg", "in/c.jpg"]);
  });

  test("that are accepted survive a crash", async () => {
    const bucket = await newBucket(s3);
    const queue = await newQueue("crash", bucket);
    await notify(bucket, { QueueConfigurations: [{ QueueArn: queue.arn, Events: ["s3:ObjectCreated:*"] }] });
    await queue.next();
    await Promise.all(Array.from({ length: 20 }, (_, i) => put(s3, bucket, `k${i}`)));
    await region.kill();
    await region.startAgain();
    s3 = s3Client(region);
    sqs = new SQSClient({ endpoint: region.url, region: "us-east-1", credentials: CREDENTIALS });
    const again = await newQueue("crash", bucket);
    const seen = new Set<unknown>();
    while (seen.size < 20) seen.add(recordOf(await again.next()).s3.object.key);
  });

  test("that make no sense are refused", async () => {
    const bucket = await newBucket(s3);
    const arn = `arn:aws:sqs:us-east-1:${ACCOUNT}:none`;
    const one = { QueueArn: arn, Events: ["s3:ObjectCreated:*" as const] };
    const message = "Unable to validate the following destination configurations";
    await refused(notify(bucket, { QueueConfigurations: [one] }), 400, "InvalidArgument", message);
    const overlap = "Configurations overlap. Configurations on the same bucket cannot share a common event type.";
    const two = { ...one, Events: ["s3:ObjectCreated:Put" as const] };
    await refused(notify(bucket, { QueueConfigurations: [one, two] }), 400, "InvalidArgument", overlap);
    const unknown = { ...one, Events: ["s3:Nothing" as never] };
    await refused(notify(bucket, { QueueConfigurations: [unknown] }), 400, "InvalidArgument");
  });
});

describe("what owners let others do", () => {
  interface Page {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: string;
  }
  const visit = (method: string, path: string, headers: Record<string, string> = {}): Promise<Page> =>
    new Promise((resolve, reject) => {
      const request = httpRequest(`${region.url}${path}`, { method, headers }, async (response) => {
        const body = Buffer.concat(await response.toArray()).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
      request.on("error", reject);
      request.end();
    });

  test("a policy opens a bucket to everybody for what it says, and to nobody for the rest", async () => {
    const Bucket = await newBucket(s3);
    await put(s3, Bucket, "public/a", "seen");
    await put(s3, Bucket, "private/a", "hidden");
    assert.equal((await visit("GET", `/${Bucket}/public/a`)).status, 403);
    const Resource = `arn:aws:s3:::${Bucket}/public/*`;
    const Policy = JSON.stringify({
      Statement: [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource }],
    });
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    assert.equal((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy, Policy);
    assert.deepEqual(await visit("GET", `/${Bucket}/public/a`).then(({ status, body }) => [status, body]), [
      200,
      "seen",
    ]);
    assert.equal((await visit("GET", `/${Bucket}/private/a`)).status, 403);
    assert.equal((await visit("GET", `/${Bucket}`)).status, 403);
    assert.equal((await visit("PUT", `/${Bucket}/public/b`)).status, 403);
    const PublicAccessBlockConfiguration = { RestrictPublicBuckets: true, BlockPublicPolicy: true };
    await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
    assert.equal((await visit("GET", `/${Bucket}/public/a`)).status, 403);
    await refused(s3.send(new PutBucketPolicyCommand({ Bucket, Policy })), 403, "AccessDenied");
    await refused(s3.send(new PutBucketPolicyCommand({ Bucket, Policy: "{" })), 400, "MalformedPolicy");
  });

  test("rules for pages of other origins are kept, and answered to browsers", async () => {
    const Bucket = await newBucket(s3);
    await put(s3, Bucket, "k", "v");
    await refused(s3.send(new GetBucketCorsCommand({ Bucket })), 404, "NoSuchCORSConfiguration");
    const origin = "https://app.example.org";
    const preflight = {
      origin,
      "access-control-request-method": "PUT",
      "access-control-request-headers": "content-type",
    };
    assert.equal((await visit("OPTIONS", `/${Bucket}/k`, preflight)).status, 403);
    const rule = {
      AllowedOrigins: ["https://*.example.org"],
      AllowedMethods: ["GET", "PUT"],
      AllowedHeaders: ["*"],
      ExposeHeaders: ["ETag"],
      MaxAgeSeconds: 60,
    };
    await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [rule] } }));
    assert.deepEqual((await s3.send(new GetBucketCorsCommand({ Bucket }))).CORSRules, [rule]);
    const answer = await visit("OPTIONS", `/${Bucket}/k`, preflight);
    assert.equal(answer.status, 200);
    assert.deepEqual(
      [
        answer.headers["access-control-allow-origin"],
        answer.headers["access-control-allow-methods"],
        answer.headers["access-control-allow-headers"],
        answer.headers["access-control-max-age"],
      ],
      [origin, "GET, PUT", "content-type", "60"],
    );
    const stranger = { ...preflight, origin: "https://evil.test" };
    assert.equal((await visit("OPTIONS", `/${Bucket}/k`, stranger)).status, 403);
    const wrong = { ...preflight, "access-control-request-method": "DELETE" };
    assert.equal((await visit("OPTIONS", `/${Bucket}/k`, wrong)).status, 403);
    // The page is let in, and then asked for a signature like everybody.
    const read = await visit("GET", `/${Bucket}/k`, { origin });
    assert.deepEqual([read.status, read.headers["access-control-allow-origin"]], [403, origin]);
    assert.match(read.body, /<Code>AccessDenied<\/Code>/);
  });
});

describe("code in buckets", () => {
  test("becomes functions and layers, in the version that is named", async () => {
    const bucket = await newBucket(s3);
    await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: "Enabled" } }));
    const zip = (value: number) => zipOf({ "index.js": `exports.handler = async () => ${value};` });
    const { VersionId } = await put(s3, bucket, "code.zip", zip(1));
    await put(s3, bucket, "code.zip", zip(2));
    const Code = { S3Bucket: bucket, S3Key: "code.zip", S3ObjectVersion: VersionId };
    const { FunctionName = "" } = await region.lambda.send(new CreateFunctionCommand(settings({ Code })));
    await settled(region, FunctionName);
    const invoke = async () => {
      const { Payload } = await region.lambda.send(new InvokeCommand({ FunctionName }));
      return Buffer.from(Payload ?? []).toString();
    };
    assert.equal(await invoke(), "1");
    await region.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, S3Bucket: bucket, S3Key: "code.zip" }));
    await settled(region, FunctionName);
    assert.equal(await invoke(), "2");
    const { Code: shown } = await region.lambda.send(new GetFunctionCommand({ FunctionName }));
    assert.equal(shown?.RepositoryType, "S3");
    const layer = { LayerName: "from-s3", Content: { S3Bucket: bucket, S3Key: "code.zip" } };
    assert.equal((await region.lambda.send(new PublishLayerVersionCommand(layer))).Version, 1);
  });

  test("that cannot be had is refused in Lambda's words", async () => {
    const bucket = await newBucket(s3);
    const create = (S3Bucket: string, S3Key: string) =>
      region.lambda.send(new CreateFunctionCommand(settings({ Code: { S3Bucket, S3Key } })));
    const name = "InvalidParameterValueException";
    const of = (code: string, message: string) =>
      `Error occurred while GetObject. S3 Error Code: ${code}. S3 Error Message: ${message}`;
    const noKey = of("NoSuchKey", "The specified key does not exist.");
    await refused(create(bucket, "gone"), 400, name, noKey);
    await refused(create("not-there", "gone"), 400, name, of("NoSuchBucket", "The specified bucket does not exist"));
    await put(s3, bucket, "text", "no zip");
    const unzip = "Could not unzip uploaded file. Please check your file, then try to upload again.";
    await refused(create(bucket, "text"), 400, name, unzip);
  });
});
