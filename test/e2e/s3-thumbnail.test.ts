/** The story of examples/s3-thumbnail: a photo comes into a bucket, its thumbnail into another; also when the region dies between. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { AddPermissionCommand } from "@aws-sdk/client-lambda";
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketNotificationConfigurationCommand,
  waitUntilObjectExists,
} from "@aws-sdk/client-s3";
import { buildExample, exampleFunction } from "../../examples/build.ts";
import { put, s3Client } from "../api/s3/s3.ts";
import { TestRegion } from "../test-region.ts";
import { jpegSize } from "./jpeg-size.ts";
import { lacksBoto3, tellStory } from "./python-story.ts";

const ACCOUNT = "000000000000";
const PHOTO = new URL("../../examples/thumbnail/rocket.jpg", import.meta.url);

let region: TestRegion;
before(async () => {
  region = await TestRegion.start("auto");
});
after(() => region.stop());

async function thumbnail(Key: string) {
  const s3 = s3Client(region);
  const where = { Bucket: "photos-thumbnails", Key };
  await waitUntilObjectExists({ client: s3, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, where);
  const { Body, ContentType } = await s3.send(new GetObjectCommand(where));
  return { ContentType, ...jpegSize(Buffer.from((await Body?.transformToByteArray()) ?? [])) };
}

test("photos that are uploaded become thumbnails in another bucket, over a crash of the region too", async () => {
  const s3 = s3Client(region);
  for (const Bucket of ["photos", "photos-thumbnails"]) await s3.send(new CreateBucketCommand({ Bucket }));
  const zip = await readFile(await buildExample("s3-thumbnail"));
  const { Runtime, MemorySize, Timeout } = await exampleFunction("s3-thumbnail");
  const FunctionName = await region.deploy({ runtime: Runtime, zip, more: { MemorySize, Timeout } });
  await region.lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: "photos",
      Action: "lambda:InvokeFunction",
      Principal: "s3.amazonaws.com",
      SourceArn: "arn:aws:s3:::photos",
      SourceAccount: ACCOUNT,
    }),
  );
  const NotificationConfiguration = {
    LambdaFunctionConfigurations: [
      {
        LambdaFunctionArn: `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${FunctionName}`,
        Events: ["s3:ObjectCreated:*" as const],
        Filter: { Key: { FilterRules: [{ Name: "suffix" as const, Value: ".jpg" }] } },
      },
    ],
  };
  await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: "photos", NotificationConfiguration }));
  const photo = await readFile(PHOTO);
  const expected = { ContentType: "image/jpeg", width: 128, height: 85 };
  await put(s3, "photos", "in/ä rocket+1.jpg", photo);
  assert.deepEqual(await thumbnail("in/ä rocket+1.jpg"), expected);
  await put(s3, "photos", "in/2.jpg", photo);
  await region.kill();
  await region.startAgain();
  assert.deepEqual(await thumbnail("in/2.jpg"), expected);
});

test("boto3 uploads photos, and finds their thumbnails", async (t) => {
  if (lacksBoto3(t)) return;
  await tellStory(t, region, "photos_story.py", [fileURLToPath(PHOTO)]);
});
