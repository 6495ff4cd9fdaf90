/** examples/s3-thumbnail: photos are put into a bucket, and their thumbnails come into another. */
import { readFile } from "node:fs/promises";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  type ListObjectVersionsCommandOutput,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { until } from "../sender.ts";
import type { Stage } from "../stage.ts";
import type { Story } from "../story.ts";

const PHOTO = new URL("../../../examples/thumbnail/rocket.jpg", import.meta.url);

export async function photos(stage: Stage): Promise<Story> {
  const { s3 } = stage.clients;
  for (const Bucket of ["photos", "photos-thumbnails"]) await s3.send(new CreateBucketCommand({ Bucket }));
  // Who is made twice has two versions.
  const VersioningConfiguration = { Status: "Enabled" as const };
  await s3.send(new PutBucketVersioningCommand({ Bucket: "photos-thumbnails", VersioningConfiguration }));
  const LambdaFunctionArn = await stage.deployExample("s3-thumbnail", { caller: "s3" });
  const FilterRules = [{ Name: "suffix" as const, Value: ".jpg" }];
  const Events = ["s3:ObjectCreated:*" as const];
  const LambdaFunctionConfigurations = [{ LambdaFunctionArn, Events, Filter: { Key: { FilterRules } } }];
  const NotificationConfiguration = { LambdaFunctionConfigurations };
  await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: "photos", NotificationConfiguration }));
  // A thumbnail is a photo, too, and a small one: what is asked is whether each comes, not how fast it is scaled.
  const put = (Key: string, Body: Uint8Array) =>
    stage.clients.s3.send(new PutObjectCommand({ Bucket: "photos", Key, Body }));
  await put("first.jpg", await readFile(PHOTO));
  await until(async () => (await thumbnails(stage)).length > 0, 60_000);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: "photos-thumbnails", Key: "first.jpg" }));
  const photo = (await Body?.transformToByteArray()) ?? new Uint8Array();
  return {
    groups: [],
    paceMs: 100,
    send: async (message) => void (await put(`in/${message}.jpg`, photo)),
    ends: { thumbnails: { expects: () => true, arrived: () => thumbnails(stage) } },
  };
}

/** Of which messages there are thumbnails, as often as each was made. */
async function thumbnails(stage: Stage): Promise<string[]> {
  const names: string[] = [];
  let at: ListObjectVersionsCommandInput | undefined = { Bucket: "photos-thumbnails" };
  while (at !== undefined) {
    const page: ListObjectVersionsCommandOutput = await stage.clients.s3.send(new ListObjectVersionsCommand(at));
    names.push(...(page.Versions ?? []).map(({ Key = "" }) => Key.replace(/^in\/|\.jpg$/g, "")));
    const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page;
    at = KeyMarker === undefined ? undefined : { Bucket: "photos-thumbnails", KeyMarker, VersionIdMarker };
  }
  return names;
}
