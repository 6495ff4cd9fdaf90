import assert from "node:assert/strict";
import { test } from "node:test";
import { plainError } from "./plain-error.ts";
import { refusal } from "./refusal.ts";

const ERROR = refusal("UnknownOperationException", "The service '<sts>\u0000&' is not served");
const bodyOf = (headers: Record<string, string>) => String(plainError(ERROR, headers, "request-1").body);

test("a client of the query protocol gets XML, with the caller's text escaped", () => {
  const answer = plainError(ERROR, { "content-type": "application/x-www-form-urlencoded; charset=utf-8" }, "request-1");
  assert.equal(answer.headers["Content-Type"], "text/xml");
  assert.equal(
    String(answer.body),
    `<?xml version="1.0" encoding="UTF-8"?>
<ErrorResponse><Error><Type>Sender</Type><Code>UnknownOperationException</Code><Message>The service '&lt;sts&gt;?&amp;' is not served</Message></Error><RequestId>request-1</RequestId></ErrorResponse>`,
  );
});

test("a client of Amazon S3 gets S3's XML", () => {
  const authorization = "AWS4-HMAC-SHA256 Credential=test/20261121/us-east-1/s3/aws4_request, SignedHeaders=host";
  assert.match(
    bodyOf({ authorization }),
    /<Error><Code>UnknownOperationException<\/Code>.*<RequestId>request-1<\/RequestId><\/Error>$/,
  );
});

test("everyone else gets JSON", () => {
  assert.deepEqual(JSON.parse(bodyOf({ "content-type": "application/x-amz-json-1.0" })), {
    __type: "UnknownOperationException",
    message: "The service '<sts>\u0000&' is not served",
  });
});
