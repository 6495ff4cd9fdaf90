/** Receipt handles: one receipt of one message, signed by the queue's secret. To their holder they say nothing. */
import { createHmac, timingSafeEqual } from "node:crypto";

export interface Receipt {
  /** Of the message's row. */
  readonly id: number;
  /** How often the message had been received by then, this time included. */
  readonly receiveCount: number;
}

const PREFIX = Buffer.from([1, 1, 1]);
const CONTENT_BYTES = PREFIX.length + 8 + 4;
const MAC_BYTES = 21;

export function receiptHandle(secret: string, { id, receiveCount }: Receipt): string {
  const bytes = Buffer.alloc(CONTENT_BYTES + MAC_BYTES);
  PREFIX.copy(bytes);
  bytes.writeDoubleBE(id, PREFIX.length);
  bytes.writeUInt32BE(receiveCount, PREFIX.length + 8);
  macOf(secret, bytes.subarray(0, CONTENT_BYTES)).copy(bytes, CONTENT_BYTES, 0, MAC_BYTES);
  return bytes.toString("base64");
}

/** Undefined when the queue never gave out such a handle. */
export function readReceiptHandle(secret: string, handle: string): Receipt | undefined {
  if (handle.length !== ((CONTENT_BYTES + MAC_BYTES) / 3) * 4) return undefined;
  const bytes = Buffer.from(handle, "base64");
  if (bytes.length !== CONTENT_BYTES + MAC_BYTES) return undefined;
  const mac = macOf(secret, bytes.subarray(0, CONTENT_BYTES)).subarray(0, MAC_BYTES);
  if (!timingSafeEqual(mac, bytes.subarray(CONTENT_BYTES))) return undefined;
  return { id: bytes.readDoubleBE(PREFIX.length), receiveCount: bytes.readUInt32BE(PREFIX.length + 8) };
}

const macOf = (secret: string, content: Uint8Array): Buffer => createHmac("sha256", secret).update(content).digest();
