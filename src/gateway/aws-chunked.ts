/**
 * Bodies in aws-chunked encoding: `<hex size>[;chunk-signature=<hex>]CRLF data CRLF ... 0 ... trailers`. Decodes a body
 * that was read whole, verifying the chain of chunk signatures and the checksum in the trailer.
 */
import { hash, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { refusal } from "./refusal.ts";
import { hmacHex } from "./signing-keys.ts";

export interface ChunkForm {
  readonly signed: boolean;
  readonly trailer: boolean;
}

export interface ChunkSigning {
  readonly date: string;
  /** date/region/service/aws4_request */
  readonly scope: string;
  readonly key: Buffer;
  readonly seedSignature: string;
  /** X-Amz-Decoded-Content-Length, as received. */
  readonly decodedLength: string | undefined;
}

const EMPTY_HASH = hash("sha256", "", "hex");
const MAX_LINE = 4096;

const malformed = (what: string): Error =>
  refusal("InvalidRequestContentException", `The aws-chunked body is malformed: ${what}`);

/** What a chunked wire form may add to a body of so many bytes: chunk heads (8 KB is S3's smallest chunk) and trailer. */
export function chunkedWireBytes(bodyBytes: number): number {
  return bodyBytes + Math.ceil(bodyBytes / 64) + 16_384;
}

/**
 * @throws ServiceError InvalidRequestContent when the encoding is broken, InvalidSignature when a chunk's signature or
 * the trailer's is wrong
 */
export function decodeAwsChunked(wire: Buffer, form: ChunkForm, signing: ChunkSigning): Buffer {
  const chunks: Buffer[] = [];
  let signature = signing.seedSignature;
  let at = 0;
  for (;;) {
    const head = readLine(wire, at);
    if (head === undefined) throw malformed("it ends within a chunk");
    const { size, given } = chunkHead(head.text);
    const data = wire.subarray(head.next, head.next + size);
    if (data.length < size) throw malformed("it ends within a chunk");
    if (form.signed) {
      const expected = hmacHex(
        signing.key,
        `AWS4-HMAC-SHA256-PAYLOAD\n${signing.date}\n${signing.scope}\n${signature}\n${EMPTY_HASH}\n${hash("sha256", data, "hex")}`,
      );
      compareSignatures(given, expected);
      signature = expected;
    }
    at = head.next + size;
    if (size === 0) break;
    if (wire[at] !== 13 || wire[at + 1] !== 10) throw malformed("a chunk does not end with CRLF");
    at += 2;
    chunks.push(data);
  }
  const body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
  if (signing.decodedLength !== undefined && signing.decodedLength !== String(body.length)) {
    throw malformed("its length is not X-Amz-Decoded-Content-Length");
  }
  if (form.trailer) checkTrailer(wire, at, body, form, signing, signature);
  return body;
}

function readLine(wire: Buffer, from: number): { text: string; next: number } | undefined {
  const end = wire.subarray(from, from + MAX_LINE).indexOf("\r\n");
  return end < 0 ? undefined : { text: wire.toString("latin1", from, from + end), next: from + end + 2 };
}

function chunkHead(line: string): { size: number; given: string } {
  const [hex = "", ...extensions] = line.split(";");
  if (hex === "" || hex.length > 8 || /[^0-9a-fA-F]/.test(hex)) throw malformed("a chunk size is not a number");
  const prefix = "chunk-signature=";
  const extension = extensions.find((text) => text.startsWith(prefix));
  return { size: Number.parseInt(hex, 16), given: extension?.slice(prefix.length) ?? "" };
}

function compareSignatures(given: string, expected: string): void {
  const bytes = Buffer.from(given, "latin1");
  if (bytes.length === 64 && timingSafeEqual(bytes, Buffer.from(expected, "latin1"))) return;
  throw refusal(
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
  );
}

function checkTrailer(
  wire: Buffer,
  from: number,
  body: Buffer,
  form: ChunkForm,
  signing: ChunkSigning,
  lastSignature: string,
): void {
  let at = from;
  let signed = "";
  let given = "";
  for (;;) {
    const line = readLine(wire, at);
    if (line === undefined) break;
    at = line.next;
    if (line.text === "") continue;
    const colon = line.text.indexOf(":");
    if (colon <= 0) throw malformed("a trailer is not a header");
    const name = line.text.slice(0, colon).trim().toLowerCase();
    const value = line.text.slice(colon + 1).trim();
    if (name === "x-amz-trailer-signature") given = value;
    else {
      signed += `${name}:${value}\n`;
      checkChecksum(name, value, body);
    }
  }
  if (at !== wire.length) throw malformed("it ends within a trailer");
  if (!form.signed) return;
  compareSignatures(
    given,
    hmacHex(
      signing.key,
      `AWS4-HMAC-SHA256-TRAILER\n${signing.date}\n${signing.scope}\n${lastSignature}\n${hash("sha256", signed, "hex")}`,
    ),
  );
}

/** The checksums that Node computes natively; others (crc32c, crc64nvme) pass on unchecked. */
const CHECKSUMS: Readonly<Record<string, (body: Buffer) => string>> = {
  "x-amz-checksum-crc32": (body) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(crc32(body));
    return bytes.toString("base64");
  },
  "x-amz-checksum-sha1": (body) => hash("sha1", body, "base64"),
  "x-amz-checksum-sha256": (body) => hash("sha256", body, "base64"),
};

function checkChecksum(name: string, value: string, body: Buffer): void {
  const checksum = Object.hasOwn(CHECKSUMS, name) ? CHECKSUMS[name] : undefined;
  if (checksum && checksum(body) !== value) {
    throw refusal("InvalidRequestContentException", `The value of ${name} does not match the body.`);
  }
}
