/** The MD5 sums by which clients see that SQS understood them: of a body, and of attributes (developer guide, "Calculating the MD5 message digest for message attributes"). */
import { createHash, hash } from "node:crypto";
import type { MessageAttributeValues } from "./message.ts";

const STRING = Buffer.from([1]);
const BINARY = Buffer.from([2]);

export const md5OfText = (text: string): string => hash("md5", text, "hex");

/** Undefined when there are none. */
export function md5OfAttributes(attributes: MessageAttributeValues | undefined): string | undefined {
  const names = Object.keys(attributes ?? {}).sort(byCodePoints);
  if (!attributes || names.length === 0) return undefined;
  const digest = createHash("md5");
  const add = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    digest.update(length).update(bytes);
  };
  for (const name of names) {
    const { dataType = "", stringValue, binaryValue } = attributes[name] ?? {};
    add(Buffer.from(name));
    add(Buffer.from(dataType));
    digest.update(binaryValue === undefined ? STRING : BINARY);
    add(binaryValue === undefined ? Buffer.from(stringValue ?? "") : Buffer.from(binaryValue, "base64"));
  }
  return digest.digest("hex");
}

const byCodePoints = (one: string, other: string): number => (one < other ? -1 : 1);
