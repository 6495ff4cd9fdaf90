/** The global `awslambda`, by which functions say that they stream their answers, and what it says of a handler. */
"use strict";
const { RuntimeError } = require("./errors.cjs");

/** As AWS's own runtime names them: instrumentation libraries carry them over to the handlers that they wrap. */
const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");

const HTTP_INTEGRATION = "application/vnd.awslambda.http-integration-response";
/** bytes between the head of an HTTP response and its body; JSON has no NUL */
const DELIMITER_BYTES = 8;

function streamifyResponse(handler, options) {
  handler[STREAMING] = "response";
  if (typeof options?.highWaterMark === "number") handler[HIGH_WATER_MARK] = Number.parseInt(options.highWaterMark, 10);
  return handler;
}

// biome-ignore lint/complexity/noStaticOnlyClass: AWS's is a class, too
class HttpResponseStream {
  /** The same stream; before its first write goes the head of an HTTP response. */
  static from(responseStream, metadata) {
    responseStream.setContentType(HTTP_INTEGRATION);
    const head = JSON.stringify(metadata);
    responseStream._onBeforeFirstWrite = (write) => {
      write(head);
      write(new Uint8Array(DELIMITER_BYTES));
    };
    return responseStream;
  }
}

function installGlobal(env) {
  if (["1", "true"].includes(env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  globalThis.awslambda = { ...globalThis.awslambda, streamifyResponse, HttpResponseStream };
}

/** @returns how a handler streams; undefined when it answers by what it returns */
function streamingOf(handler) {
  const mode = handler[STREAMING];
  if (!mode) return undefined;
  if (mode !== "response") throw new RuntimeError("MalformedStreamingHandler", "Only response streaming is supported.");
  return { highWaterMark: handler[HIGH_WATER_MARK] || undefined };
}

module.exports = { installGlobal, streamingOf };
