/** What the tests of S3 start from: clients of a region's S3, buckets of their own, and requests that no client would send. */
import assert from "node:assert/strict";
import { CreateBucketCommand, PutObjectCommand, S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import type { TestRegion } from "../../test-region.ts";

export const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" };

export function s3Client(region: TestRegion, more: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint: region.url,
    region: "us-east-1",
    credentials: CREDENTIALS,
    forcePathStyle: true,
    maxAttempts: 1,
    ...more,
  });
}

let buckets = 0;

export async function newBucket(s3: S3Client): Promise<string> {
  buckets += 1;
  const Bucket = `bucket-${process.pid}-${buckets}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

export function put(s3: S3Client, Bucket: string, Key: string, Body: string | Uint8Array = Key, more: object = {}) {
  return s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
}

export async function putAll(s3: S3Client, bucket: string, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => put(s3, bucket, key)));
}

interface SdkError extends Error {
  readonly $metadata: { readonly httpStatusCode: number };
}

export async function refused(call: Promise<unknown>, status: number, code: string, message?: string): Promise<void> {
  await assert.rejects(call, (error: SdkError) => {
    assert.deepEqual([error.$metadata?.httpStatusCode, error.name], [status, code], error.message);
    if (message !== undefined) assert.equal(error.message, message);
    return true;
  });
}
