/**
 * Bodies in aws-chunked encoding: `<hex size>[;chunk-signature=<hex>]CRLF data CRLF ... 0 ... trailers`. Decoded piece by
 * piece as they come, with the chain of chunk signatures verified, so that a body of gigabytes need not be held.
 */
import { createHash, type Hash, hash, timingSafeEqual } from "node:crypto";
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

/** Headers that came behind the body, names in lower case. */
export type Trailers = Readonly<Record<string, string>>;

const EMPTY_HASH = hash("sha256", "", "hex");
const MAX_LINE = 4096;
const MAX_TRAILERS = 20;
const SIGNATURE_TRAILER = "x-amz-trailer-signature";

const malformed = (what: string): Error =>
  refusal("InvalidRequestContentException", `The aws-chunked body is malformed: ${what}`);

/** What a chunked wire form may add to a body of so many bytes: chunk heads (8 KB is S3's smallest chunk) and trailer. */
export function chunkedWireBytes(bodyBytes: number): number {
  return bodyBytes + Math.ceil(bodyBytes / 64) + 16_384;
}

/**
 * The body of a request that was read whole, its checksum in the trailer verified.
 * @throws ServiceError InvalidRequestContent when the encoding is broken, InvalidSignature when a chunk's signature or
 * the trailer's is wrong
 */
export function decodeAwsChunked(wire: Buffer, form: ChunkForm, signing: ChunkSigning): Buffer {
  const decoder = new AwsChunkedDecoder(form, signing);
  const pieces = decoder.push(wire);
  const trailers = decoder.end();
  const body = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  for (const [name, value] of Object.entries(trailers)) checkChecksum(name, value, body);
  return body;
}

/** Its methods throw what decodeAwsChunked throws. Pieces are handed out before the signature of their chunk is known to be good. */
export class AwsChunkedDecoder {
  readonly #form: ChunkForm;
  readonly #signing: ChunkSigning;
  readonly #trailers = new Map<string, string>();
  #expected: "chunk head" | "chunk end" | "trailer" = "chunk head";
  /** What has come of a line that is not whole yet. */
  #line = "";
  /** Bytes of the current chunk that are still to come. */
  #left = 0;
  #decoded = 0;
  #lastSignature: string;
  #givenSignature = "";
  #chunkHash: Hash | undefined;

  constructor(form: ChunkForm, signing: ChunkSigning) {
    this.#form = form;
    this.#signing = signing;
    this.#lastSignature = signing.seedSignature;
  }

  /** @returns the pieces of the body in these bytes: parts of them, not copies */
  push(wire: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    let at = 0;
    while (at < wire.length) {
      if (this.#left > 0) {
        const piece = wire.subarray(at, at + this.#left);
        at += piece.length;
        this.#onData(piece);
        pieces.push(piece);
        continue;
      }
      const feed = wire.indexOf(10, at);
      const next = feed < 0 ? wire.length : feed + 1;
      this.#line += wire.toString("latin1", at, Math.min(next, at + MAX_LINE + 1));
      if (this.#line.length > MAX_LINE) throw malformed("a line is too long");
      at = next;
      if (feed < 0) break;
      const line = this.#line;
      this.#line = "";
      if (!line.endsWith("\r\n")) throw malformed("a line does not end with CRLF");
      this.#onLine(line.slice(0, -2));
    }
    return pieces;
  }

  /** Nothing comes any more. @returns the trailers */
  end(): Trailers {
    if (this.#expected !== "trailer") throw malformed("it ends within a chunk");
    if (this.#line !== "") throw malformed("it ends within a trailer");
    const { decodedLength } = this.#signing;
    if (decodedLength !== undefined && decodedLength !== String(this.#decoded)) {
      throw malformed("its length is not X-Amz-Decoded-Content-Length");
    }
    if (this.#form.trailer && this.#form.signed) this.#checkTrailers();
    return Object.fromEntries([...this.#trailers].filter(([name]) => name !== SIGNATURE_TRAILER));
  }

  #onData(piece: Buffer): void {
    this.#left -= piece.length;
    this.#decoded += piece.length;
    this.#chunkHash?.update(piece);
    if (this.#left > 0) return;
    this.#checkChunk(this.#chunkHash?.digest("hex") ?? "");
    this.#expected = "chunk end";
  }

  #onLine(text: string): void {
    switch (this.#expected) {
      case "chunk head":
        this.#beginChunk(text);
        return;
      case "chunk end":
        if (text !== "") throw malformed("a chunk does not end with CRLF");
        this.#expected = "chunk head";
        return;
      case "trailer":
        this.#onTrailer(text);
    }
  }

  #beginChunk(line: string): void {
    const { size, given } = chunkHead(line);
    this.#givenSignature = given;
    this.#left = size;
    if (size > 0) {
      this.#chunkHash = this.#form.signed ? createHash("sha256") : undefined;
      return;
    }
    this.#checkChunk(EMPTY_HASH);
    this.#expected = "trailer";
  }

  #onTrailer(line: string): void {
    if (line === "") return;
    const colon = line.indexOf(":");
    if (colon <= 0 || !this.#form.trailer || this.#trailers.size >= MAX_TRAILERS) {
      throw malformed("a trailer is not a header");
    }
    this.#trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }

  #checkChunk(chunkHash: string): void {
    if (!this.#form.signed) return;
    const { key, date, scope } = this.#signing;
    const expected = hmacHex(
      key,
      `AWS4-HMAC-SHA256-PAYLOAD\n${date}\n${scope}\n${this.#lastSignature}\n${EMPTY_HASH}\n${chunkHash}`,
    );
    compareSignatures(this.#givenSignature, expected);
    this.#lastSignature = expected;
  }

  #checkTrailers(): void {
    const { key, date, scope } = this.#signing;
    let signed = "";
    for (const [name, value] of this.#trailers) if (name !== SIGNATURE_TRAILER) signed += `${name}:${value}\n`;
    const expected = hmacHex(
      key,
      `AWS4-HMAC-SHA256-TRAILER\n${date}\n${scope}\n${this.#lastSignature}\n${hash("sha256", signed, "hex")}`,
    );
    compareSignatures(this.#trailers.get(SIGNATURE_TRAILER) ?? "", expected);
  }
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
