/** The `context` that a handler gets: what the Runtime API's headers and the environment say about this invocation. */
"use strict";

/** Headers carry UTF-8 as bytes; the reader has read them as Latin-1. */
function jsonHeader(text) {
  return text === undefined ? undefined : JSON.parse(Buffer.from(text, "latin1").toString("utf8"));
}

/** Read once: each look into the environment is a call out of JavaScript. */
let environment;

function readEnvironment() {
  const { env } = process;
  return {
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
  };
}

function makeContext(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  environment ??= readEnvironment();
  return {
    ...environment,
    clientContext: jsonHeader(headers["lambda-runtime-client-context"]),
    identity: jsonHeader(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

module.exports = { makeContext };
