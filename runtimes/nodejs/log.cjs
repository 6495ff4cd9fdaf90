/** The function's log: `console` in Lambda's line formats, text or JSON, written before anything else happens. */
"use strict";
const fs = require("node:fs");
const { format } = require("node:util");

const LEVELS = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };
const CONSOLE = {
  trace: "TRACE",
  debug: "DEBUG",
  log: "INFO",
  info: "INFO",
  warn: "WARN",
  error: "ERROR",
  fatal: "FATAL",
};

/** Type words of the telemetry framing: text and JSON, the level in the low bits. */
const FRAME_TEXT = 0xa55a0003;
const FRAME_JSON = 0xa55a0002;

class Log {
  requestId;
  tenantId;
  #json;
  #threshold;
  #telemetryFd;

  constructor(env) {
    this.#json = env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === "JSON";
    this.#threshold = this.#json ? (LEVELS[env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()] ?? LEVELS.TRACE) : 0;
    if (env._LAMBDA_TELEMETRY_LOG_FD) {
      this.#telemetryFd = Number(env._LAMBDA_TELEMETRY_LOG_FD);
      delete env._LAMBDA_TELEMETRY_LOG_FD;
    }
  }

  patchConsole(target) {
    for (const [method, level] of Object.entries(CONSOLE)) {
      target[method] = (...values) => this.#write(level, values);
    }
  }

  /** @param {string} text how the error looks in a text log; a JSON log shows the error itself */
  error(title, error, text) {
    this.#write("ERROR", [title, this.#json ? error : text]);
  }

  #write(level, values) {
    if (LEVELS[level] < this.#threshold) return;
    const now = new Date();
    const message = this.#json
      ? this.#jsonLine(now, level, values)
      : `${now.toISOString()}\t${this.requestId}\t${level}\t${format(...values)}`;
    if (this.#telemetryFd === undefined) {
      // One record is one line: a carriage return stands for each line break within.
      writeFully(1, Buffer.from(`${this.#json ? message : message.replaceAll("\n", "\r")}\n`));
    } else {
      writeFully(this.#telemetryFd, this.#frame(now, level, message));
    }
  }

  #jsonLine(now, level, values) {
    const line = { timestamp: now.toISOString(), level, requestId: this.requestId };
    if (this.tenantId !== undefined) line.tenantId = this.tenantId;
    if (values.length === 1) {
      try {
        return JSON.stringify({ ...line, message: values[0] }, (_key, value) =>
          value instanceof Error ? { ...errorMembers(value), ...value } : value,
        );
      } catch {
        return JSON.stringify({ ...line, message: format(values[0]) });
      }
    }
    const error = values.find((value) => value instanceof Error);
    return JSON.stringify({ ...line, message: format(...values), ...(error && errorMembers(error)) });
  }

  #frame(now, level, message) {
    const body = Buffer.from(message);
    const head = Buffer.alloc(16);
    head.writeUInt32BE(((this.#json ? FRAME_JSON : FRAME_TEXT) | (LEVELS[level] << 2)) >>> 0, 0);
    head.writeUInt32BE(body.length, 4);
    head.writeBigUInt64BE(BigInt(now.getTime()) * 1000n, 8);
    return Buffer.concat([head, body]);
  }
}

function errorMembers(error) {
  return {
    errorType: error.constructor?.name ?? "UnknownError",
    errorMessage: error.message,
    stackTrace: typeof error.stack === "string" ? error.stack.split("\n") : [],
  };
}

/** The descriptor stops blocking as soon as user code touches process.stdout: then a full pipe is waited for here. */
function writeFully(fd, bytes) {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += fs.writeSync(fd, bytes, written);
    } catch (error) {
      if (error.code !== "EAGAIN") return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** Calls `done` when what was written to process.stdout and process.stderr has left the process. */
function makeFlush() {
  const used = [];
  for (const name of ["stdout", "stderr"]) {
    const { get } = Object.getOwnPropertyDescriptor(process, name);
    let stream;
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get() {
        if (stream === undefined) {
          stream = get.call(process);
          used.push(stream);
        }
        return stream;
      },
    });
  }
  return function flush(done) {
    const busy = used.find((stream) => stream.writableLength > 0);
    if (busy === undefined) done();
    else busy.write("", () => flush(done));
  };
}

module.exports = { Log, makeFlush };
