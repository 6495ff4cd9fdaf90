// Photos have come into a bucket: their thumbnails go into the bucket beside it, under the same keys.
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Jimp } from "jimp";

// Region, credentials and endpoint stand in the environment.
const s3 = new S3Client();

export async function handler(event) {
  const made = [];
  for (const { s3: source } of event.Records ?? []) {
    const Bucket = source.bucket.name;
    // S3 writes keys as forms do.
    const Key = decodeURIComponent(source.object.key.replaceAll("+", " "));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId: source.object.versionId }));
    const photo = await Jimp.read(Buffer.from(await Body.transformToByteArray()));
    const { width, height } = photo.scaleToFit({ w: 128, h: 128 });
    const thumbnail = { Bucket: `${Bucket}-thumbnails`, Key, ContentType: "image/jpeg" };
    await s3.send(new PutObjectCommand({ ...thumbnail, Body: await photo.getBuffer("image/jpeg", { quality: 80 }) }));
    console.log(`${Bucket}/${Key} became ${width}x${height}`);
    made.push({ bucket: thumbnail.Bucket, key: Key, width, height });
  }
  return made;
}
