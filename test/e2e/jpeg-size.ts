/** What the tests look at in pictures. */
import assert from "node:assert/strict";

/** Width and height in the frame header of a JPEG. */
export function jpegSize(image: Buffer): { width: number; height: number } {
  assert.equal(image.readUInt16BE(0), 0xffd8, "no JPEG");
  assert.equal(image.readUInt16BE(image.length - 2), 0xffd9, "a JPEG without its end");
  for (let position = 2; ; ) {
    const marker = image.readUInt8(position + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: image.readUInt16BE(position + 5), width: image.readUInt16BE(position + 7) };
    position += 2 + image.readUInt16BE(position + 2);
  }
}
