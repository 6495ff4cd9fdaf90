/** The `context` that a handler gets: what the Runtime API's headers and the environment say about this invocation. */
"use strict";

/** Headers carry UTF-8 as bytes; the reader has read them as Latin-1. */
function jsonHeader(text) {
  return text === undefined ? undefined : JSON.parse(Buffer.from(text, "latin1").toString("utf8"));
}

// Read once: each look into the environment is a call out of JavaScript.
const {
  AWS_LAMBDA_FUNCTION_VERSION: functionVersion,
  AWS_LAMBDA_FUNCTION_NAME: functionName,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memoryLimitInMB,
  AWS_LAMBDA_LOG_GROUP_NAME: logGroupName,
  AWS_LAMBDA_LOG_STREAM_NAME: logStreamName,
} = process.env;

function makeContext(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    functionVersion,
    functionName,
    memoryLimitInMB,
    logGroupName,
    logStreamName,
    clientContext: jsonHeader(headers["lambda-runtime-client-context"]),
    identity: jsonHeader(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

module.exports = { makeContext };
