/**
 * Frames of AWS event streams (vnd.amazon.eventstream): prelude, headers, payload, each half with its checksum; all
 * numbers big-endian (contract/03 §1). Our own rather than the SDK's codec because payloads here are megabytes that need
 * not be copied, nor their checksum be computed in JavaScript.
 */
import { crc32 } from "node:zlib";

const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
const TYPE_STRING = 7;

/** One kind of event: its headers, encoded once. */
export class EventFrame {
  readonly #headers: Buffer;

  constructor(headers: Readonly<Record<string, string>>) {
    this.#headers = Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)));
  }

  /** @returns what goes before the payload and what goes behind it */
  around(payload: Uint8Array): { readonly before: Buffer; readonly behind: Buffer } {
    const headers = this.#headers;
    const before = Buffer.allocUnsafe(PRELUDE_BYTES + headers.length);
    before.writeUInt32BE(before.length + payload.length + CHECKSUM_BYTES, 0);
    before.writeUInt32BE(headers.length, 4);
    before.writeUInt32BE(crc32(before.subarray(0, 8)), 8);
    headers.copy(before, PRELUDE_BYTES);
    const behind = Buffer.allocUnsafe(CHECKSUM_BYTES);
    behind.writeUInt32BE(crc32(payload, crc32(before)), 0);
    return { before, behind };
  }

  /** The frame in one piece. */
  encode(payload: Uint8Array): Buffer {
    const { before, behind } = this.around(payload);
    return Buffer.concat([before, payload, behind]);
  }
}

function encodeHeader(name: string, value: string): Buffer {
  const text = Buffer.from(value);
  const head = Buffer.alloc(1 + name.length + 3);
  head.writeUInt8(name.length, 0);
  head.write(name, 1, "latin1");
  head.writeUInt8(TYPE_STRING, 1 + name.length);
  head.writeUInt16BE(text.length, 2 + name.length);
  return Buffer.concat([head, text]);
}
