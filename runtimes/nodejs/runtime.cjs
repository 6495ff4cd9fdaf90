/** Runs invocations one after the other: event in, handler, answer out. Knows when each ends, also when it ends silently. */
"use strict";
const { streamingOf } = require("./awslambda.cjs");
const { makeContext } = require("./context.cjs");
const { RuntimeError, toLogText, toPayload } = require("./errors.cjs");
const { makeFlush } = require("./log.cjs");

/** Named so because its name stands in every stack trace of a function: `at Runtime.handler (file:///var/task/...)`. */
class Runtime {
  /** `init`, `idle` (waiting for an invocation), `running` or `dying`. */
  phase = "init";
  requestId;
  handler;
  #isAsync;
  /** How the handler streams; undefined when it answers by what it returns. */
  #streaming;
  #streamed;
  #api;
  #log;
  #nodeMajor;
  #flush = makeFlush();
  #whenEmpty;

  constructor(api, log, nodeMajor) {
    this.#api = api;
    this.#log = log;
    this.#nodeMajor = nodeMajor;
  }

  serve(handler) {
    if (this.phase === "dying") return;
    this.handler = handler;
    this.#streaming = streamingOf(handler);
    this.#isAsync = handler.constructor?.name === "AsyncFunction";
    this.phase = "idle";
    this.#api.start((headers, body) => this.#invoke(headers, body));
  }

  /** Nothing is left that could still answer: what the invocation comes to then was decided before. */
  eventLoopIsEmpty() {
    const decide = this.#whenEmpty;
    this.#whenEmpty = undefined;
    decide?.();
  }

  /** Tell whoever waits for an answer that there will be none, or no more of it. */
  lastError(payload, done) {
    if (this.#streamed?.isOpen) this.#streamed.end(payload, done);
    else this.#api.lastError(this.requestId, payload, done);
  }

  #invoke(headers, body) {
    this.phase = "running";
    this.requestId = headers["lambda-runtime-aws-request-id"];
    this.#log.requestId = this.requestId;
    this.#log.tenantId = headers["lambda-runtime-aws-tenant-id"];
    const trace = headers["lambda-runtime-trace-id"];
    if (trace === undefined) delete process.env._X_AMZN_TRACE_ID;
    else process.env._X_AMZN_TRACE_ID = trace;
    if (this.#streaming !== undefined) return void this.#stream(headers, body);
    const answers = this.#answers(this.requestId);
    try {
      const event = JSON.parse(body);
      const context = makeContext(headers);
      if (this.#nodeMajor < 24) this.#callWithCallback(event, context, answers);
      else this.#call(event, context, answers);
    } catch (error) {
      answers.fail(error);
    }
  }

  /** The handler writes its answer; the invocation is over when the stream has ended and the handler is done. */
  async #stream(headers, body) {
    const { StreamedAnswer } = require("./streamed-answer.cjs");
    const answer = new StreamedAnswer(this.#api, this.requestId, this.#flush, this.#streaming.highWaterMark);
    this.#streamed = answer;
    this.#api.hold();
    try {
      const result = this.handler(JSON.parse(body), answer.stream, makeContext(headers));
      if (!isThenable(result)) throw new Error("Streaming does not support non-async handlers.");
      if ((await result) !== undefined) console.warn("Streaming handlers ignore return values.");
      await answer.finished;
    } catch (error) {
      if (this.phase === "dying") return;
      this.#log.error("Invoke Error", error, toLogText(error));
      await new Promise((resolve) => answer.end(toPayload(error), resolve));
    }
    if (this.phase === "dying") return;
    this.#streamed = undefined;
    this.phase = "idle";
    this.#api.next();
  }

  /** The two ends of one invocation; only the first that is called counts. */
  #answers(requestId) {
    let open = true;
    const close = (send) => {
      if (!open || this.phase === "dying") return;
      open = false;
      this.#whenEmpty = undefined;
      this.#flush(() => {
        this.phase = "idle";
        send();
      });
    };
    const fail = (error) => {
      if (!open || this.phase === "dying") return;
      this.#log.error("Invoke Error", error, toLogText(error));
      close(() => this.#api.fail(requestId, toPayload(error)));
    };
    const succeed = (result) => {
      let text;
      try {
        text = JSON.stringify(result === undefined ? null : result) ?? "null";
      } catch {
        const message = "Unable to stringify response body";
        return fail(this.#nodeMajor < 24 ? new Error(message) : new RuntimeError("JSONStringifyError", message));
      }
      close(() => this.#api.respond(requestId, text));
    };
    return { succeed, fail };
  }

  /** Node 24 and later: what the handler returns, or its promise comes to, is the answer. */
  #call(event, context, { succeed, fail }) {
    const result = this.handler(event, context);
    if (!isThenable(result)) return succeed(result);
    this.#whenEmpty = () => fail(exitedEarly());
    result.then(succeed, fail);
  }

  /** Node 22: callback, context methods, or a promise; a plain return value is not an answer. */
  #callWithCallback(event, context, { succeed, fail }) {
    let waits = true;
    const done = (error, result) => (error === undefined || error === null ? succeed(result) : fail(error));
    const callback = (error, result) => {
      if ((error === undefined || error === null) && waits) this.#whenEmpty = () => succeed(result);
      else done(error, result);
    };
    Object.defineProperty(context, "callbackWaitsForEmptyEventLoop", {
      enumerable: true,
      configurable: true,
      get: () => waits,
      set: (value) => {
        waits = value;
      },
    });
    context.done = done;
    context.succeed = succeed;
    context.fail = (error) => fail(error ?? "handled");
    // A handler declared async that never settles has failed; any other answers null when nothing more can happen.
    this.#whenEmpty = this.#isAsync ? () => fail(exitedEarly()) : () => succeed(null);
    const result = this.handler(event, context, callback);
    if (isThenable(result)) result.then(succeed, fail);
  }
}

function isThenable(value) {
  return typeof value?.then === "function";
}

function exitedEarly() {
  return new RuntimeError(
    "NodeJsExit",
    "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes",
  );
}

module.exports = { Runtime };
