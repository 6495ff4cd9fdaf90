/** One streamed answer: the stream that the handler writes to, and its way over the Runtime API. */
"use strict";
const { Writable } = require("node:stream");
const { RuntimeError } = require("./errors.cjs");

class StreamedAnswer {
  contentType = "application/octet-stream";
  /** What the handler gets. */
  stream;
  /** Settles when the answer has ended and the platform has taken it, or when it never will. */
  finished;
  #api;
  #requestId;
  #flush;
  #isOpen = false;
  #isEnded = false;

  constructor(api, requestId, flush, highWaterMark) {
    this.#api = api;
    this.#requestId = requestId;
    this.#flush = flush;
    this.stream = new ResponseStream(this, highWaterMark);
    this.finished = new Promise((resolve, reject) => {
      this.stream.once("error", reject);
      this.stream.once("close", () => {
        if (this.stream.writableFinished) resolve();
        else reject(new Error("Response stream is not finished."));
      });
    });
    // The handler may fail first: then nobody asks how its stream ended.
    this.finished.catch(() => {});
    this.stream.on("error", () => {});
  }

  /** Something went out and the end did not yet: an error can be told only here. */
  get isOpen() {
    return this.#isOpen && !this.#isEnded;
  }

  send(chunks, done) {
    if (this.#isEnded) return done();
    this.#open();
    this.#api.sendChunks(
      chunks.filter(({ length }) => length > 0),
      done,
    );
  }

  /** @param payload the error's document; undefined when all is well */
  end(payload, done) {
    if (this.#isEnded) return done();
    this.#open();
    this.#isEnded = true;
    this.#flush(() => this.#api.endStream(payload, done));
  }

  #open() {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#api.openStream(this.#requestId, this.contentType);
  }
}

class ResponseStream extends Writable {
  /** Called before the first write with a function that writes ahead of it: HttpResponseStream.from() sets it. */
  _onBeforeFirstWrite;
  #answer;
  #isWritten = false;

  constructor(answer, highWaterMark) {
    super(highWaterMark === undefined ? {} : { highWaterMark });
    this.#answer = answer;
  }

  setContentType(contentType) {
    if (this.#isWritten) throw new RuntimeError("InvalidStreamingOperation", "Cannot set content-type, too late.");
    const text = String(contentType);
    if (/[^\t\x20-\x7e\x80-\xff]/.test(text)) {
      throw Object.assign(new TypeError('Invalid character in header content ["Content-Type"]'), {
        code: "ERR_INVALID_CHAR",
      });
    }
    this.#answer.contentType = text;
  }

  write(chunk, encoding, callback) {
    const data = typeof chunk === "string" || chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk);
    if (!this.#isWritten) {
      this.#isWritten = true;
      this._onBeforeFirstWrite?.((part) => super.write(part));
    }
    return super.write(data, encoding, callback);
  }

  _write(chunk, _encoding, done) {
    this.#answer.send([chunk], done);
  }

  _writev(chunks, done) {
    this.#answer.send(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  _final(done) {
    this.#answer.end(undefined, () => done());
  }
}

module.exports = { StreamedAnswer };
