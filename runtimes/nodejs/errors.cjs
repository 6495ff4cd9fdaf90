/** Errors of the runtime itself, and the two forms in which any error leaves: the caller's document and the log's. */
"use strict";

class RuntimeError extends Error {
  constructor(name, message) {
    super(message);
    this.name = `Runtime.${name}`;
    Error.captureStackTrace(this, new.target); // again, so that the stack begins with this name
  }
}

class UnhandledPromiseRejection extends RuntimeError {
  constructor(reason, promise) {
    super("UnhandledPromiseRejection", String(reason));
    this.reason = reason;
    this.promise = promise;
  }
}

function isErrorLike(value) {
  return value instanceof Error || (value?.name && value.message && value.stack);
}

/** DEL breaks the platform's log transport; AWS escapes it. */
function escapeDelete(text) {
  return String(text ?? "").replaceAll("\x7f", "%7F");
}

function describe(error, stackKey) {
  if (!isErrorLike(error)) {
    return { errorType: typeof error, errorMessage: describeThrown(error), [stackKey]: [] };
  }
  const own = error instanceof UnhandledPromiseRejection ? { reason: undefined, promise: {} } : {};
  if ("reason" in own) own.reason = describe(error.reason, stackKey);
  return {
    errorType: escapeDelete(error.name),
    errorMessage: escapeDelete(error.message),
    ...own,
    [stackKey]: typeof error.stack === "string" ? escapeDelete(error.stack).split("\n") : [],
  };
}

/** `throw undefined` and objects without a prototype have no toString(). */
function describeThrown(value) {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** The document that the caller of the function gets (contract/02 §5). */
function toPayload(error) {
  return describe(error, "trace");
}

/** The tab and JSON that follow `Invoke Error` in a text log; own members of the error, such as `code`, included. */
function toLogText(error) {
  const described = describe(error, "stack");
  const { stack, ...head } = described;
  const members = isErrorLike(error) && !("reason" in described) ? { ...error } : {};
  delete members.name;
  try {
    return `\t${JSON.stringify({ ...head, ...members, stack })}`;
  } catch {
    return `\t${JSON.stringify(described)}`;
  }
}

module.exports = { RuntimeError, UnhandledPromiseRejection, toPayload, toLogText };
