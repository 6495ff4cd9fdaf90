/** Cuts a byte stream into HTTP/1.1 responses: status, headers by lower-case name, body with length or in chunks. */
"use strict";

const HEAD_END = Buffer.from("\r\n\r\n");
const EMPTY = Buffer.alloc(0);

class ResponseReader {
  /** Whether this connection ever answered. */
  sawResponse = false;
  #onResponse;
  /** The beginning of a response whose end has not come: the first `#used` bytes. */
  #pending = Buffer.alloc(0);
  #used = 0;

  constructor(onResponse) {
    this.#onResponse = onResponse;
  }

  /** @param {Buffer} chunk may be used again by the caller afterwards */
  push(chunk) {
    let bytes = this.#used === 0 ? chunk : this.#append(chunk);
    for (;;) {
      const end = this.#take(bytes);
      if (end === undefined) break;
      bytes = bytes.subarray(end);
    }
    if (bytes.length === 0) {
      this.#pending = EMPTY;
      this.#used = 0;
    } else if (this.#used === 0 || bytes.length < this.#used) {
      this.#used = 0;
      this.#append(bytes);
    }
  }

  /** Room grows by doubling: a large event comes in many pieces. */
  #append(chunk) {
    const used = this.#used + chunk.length;
    if (used > this.#pending.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(used, this.#pending.length * 2));
      this.#pending.copy(larger, 0, 0, this.#used);
      this.#pending = larger;
    }
    chunk.copy(this.#pending, this.#used);
    this.#used = used;
    return this.#pending.subarray(0, used);
  }

  /** Deliver the response at the start of `bytes` and tell where it ends; undefined when it is not complete. */
  #take(bytes) {
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd < 0) return undefined;
    const lines = bytes.latin1Slice(0, headEnd).split("\r\n");
    const headers = {};
    for (let index = 1; index < lines.length; index++) {
      const line = lines[index];
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const start = headEnd + 4;
    const content =
      headers["transfer-encoding"] === "chunked"
        ? readChunks(bytes, start)
        : readLength(bytes, start, Number(headers["content-length"] ?? 0));
    if (content === undefined) return undefined;
    this.sawResponse = true;
    this.#onResponse({ status: Number(lines[0].slice(9, 12)), headers, body: content.body });
    return content.end;
  }
}

function readLength(bytes, start, length) {
  const end = start + length;
  return bytes.length < end ? undefined : { body: bytes.utf8Slice(start, end), end };
}

function readChunks(bytes, start) {
  const parts = [];
  let position = start;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", position);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.latin1Slice(position, lineEnd), 16);
    const from = lineEnd + 2;
    if (bytes.length < from + size + 2) return undefined;
    position = from + size + 2;
    if (size === 0) return { body: Buffer.concat(parts).toString("utf8"), end: position };
    parts.push(bytes.subarray(from, from + size));
  }
}

module.exports = { ResponseReader };
