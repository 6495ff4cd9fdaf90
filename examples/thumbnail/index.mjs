// Makes a thumbnail of a photo with sharp: of the one that comes in the event, or of the one beside this file.
import { readFile } from "node:fs/promises";
import sharp from "sharp";

export async function handler(event) {
  const photo = event.photo
    ? Buffer.from(event.photo, "base64")
    : await readFile(new URL("rocket.jpg", import.meta.url));
  const { data, info } = await sharp(photo)
    .resize({ width: event.width ?? 128, height: event.height ?? 128, fit: "inside" })
    .jpeg({ quality: 80 })
    .toBuffer({ resolveWithObject: true });
  console.log(`${photo.length} bytes became ${info.width}x${info.height}, ${data.length} bytes`);
  return { width: info.width, height: info.height, format: info.format, thumbnail: data.toString("base64") };
}
