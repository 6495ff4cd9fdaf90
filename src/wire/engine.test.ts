import assert from "node:assert/strict";
import { test } from "node:test";
import { createService } from "./engine.ts";
import { failFor } from "./fail.ts";
import type { Handlers } from "./handlers.ts";
import { loadModel } from "./model.ts";
import type { CallContext } from "./service.ts";

type Lambda = typeof import("@aws-sdk/client-lambda");

const model = loadModel<Lambda>("lambda");
const fail = failFor(model);
const context = { requestId: "r-1" } as CallContext;

async function call(handlers: Handlers<Lambda>, method: string, pathAndQuery: string, body: string | Buffer = "") {
  const faults: unknown[] = [];
  const service = createService({ model, handlers, onFault: (error) => faults.push(error) });
  const [path = "", query = ""] = pathAndQuery.split("?");
  const request = { method, path, query, headers: {}, body: Buffer.from(body as string) };
  const response = await service.handle(request, context);
  assert.ok(Buffer.isBuffer(response.body));
  return { status: response.status, headers: response.headers, body: response.body.toString(), faults };
}

test("an operation without handler answers 501 and names itself", async () => {
  const { status, headers, body } = await call({}, "GET", "/2015-03-31/functions/f");
  assert.equal(status, 501);
  assert.equal(headers["x-amzn-ErrorType"], "NotImplementedException");
  assert.match(body, /lambda GetFunction/);
});

test("errors carry status, name and AWS's casing of the message key", async () => {
  const notFound = await call(
    { GetFunction: () => fail("ResourceNotFoundException", "gone") },
    "GET",
    "/2015-03-31/functions/f",
  );
  assert.equal(notFound.status, 404);
  assert.equal(notFound.headers["x-amzn-ErrorType"], "ResourceNotFoundException");
  assert.equal(notFound.headers["x-amzn-RequestId"], "r-1");
  assert.equal(notFound.headers["content-type"], "application/json");
  assert.equal(notFound.body, '{"Type":"User","Message":"gone"}');
  const conflict = await call(
    { GetFunction: () => fail("ResourceConflictException", "no") },
    "GET",
    "/2015-03-31/functions/f",
  );
  assert.equal(conflict.status, 409);
  assert.equal(conflict.body, '{"Type":"User","message":"no"}');
  const throttled = await call(
    { GetFunction: () => fail("TooManyRequestsException", "Rate exceeded", { retryAfterSeconds: "3", Reason: "x" }) },
    "GET",
    "/2015-03-31/functions/f",
  );
  assert.equal(throttled.headers["retry-after"], "3");
  assert.equal(throttled.body, '{"Type":"User","message":"Rate exceeded","Reason":"x"}');
});

test("a ValidationException has only a message", async () => {
  const { status, body } = await call({ GetFunction: () => ({}) }, "GET", "/2015-03-31/functions/bad%20name");
  assert.equal(status, 400);
  assert.deepEqual(Object.keys(JSON.parse(body)), ["message"]);
});

test("a fault of ours is told to the operator, not to the caller", async () => {
  const boom = new Error("secret path /var/lib");
  const { status, headers, body, faults } = await call(
    { ListFunctions: () => Promise.reject(boom) },
    "GET",
    "/2015-03-31/functions",
  );
  assert.equal(status, 500);
  assert.equal(headers["x-amzn-ErrorType"], "ServiceException");
  assert.equal(body, '{"Type":"Service","Message":"An error occurred and the request cannot be processed."}');
  assert.deepEqual(faults, [boom]);
});

test("an answer holds what the model knows and nothing else", async () => {
  const answer = { FunctionName: "f", Description: undefined, secret: 1, State: "Active", Tags: { a: "b" } };
  const { body } = await call(
    { GetFunctionConfiguration: () => answer },
    "GET",
    "/2015-03-31/functions/f/configuration",
  );
  assert.deepEqual(JSON.parse(body), { FunctionName: "f", State: "Active" });
});

test("unknown path and wrong method are told apart as AWS does", async () => {
  const unknown = await call({}, "GET", "/2015-03-31/nothing");
  assert.equal(unknown.status, 404);
  assert.equal(unknown.headers["x-amzn-ErrorType"], "UnknownOperationException");
  const method = await call({}, "DELETE", "/2015-03-31/functions");
  assert.equal(method.status, 403);
  assert.equal(method.body, '{"Message":"Unable to determine service/operation name to be authorized"}');
});

const MALFORMED: [what: string, method: string, path: string, body?: string | Buffer][] = [
  ["broken percent-encoding in a label", "GET", "/2015-03-31/functions/%zz"],
  ["invalid UTF-8 in a label", "GET", "/2015-03-31/functions/%ff%fe"],
  ["broken percent-encoding in the query", "GET", "/2015-03-31/functions/f?Qualifier=%"],
  ["a number that is none", "GET", "/2015-03-31/functions?MaxItems=abc"],
  ["an empty number", "GET", "/2015-03-31/functions?MaxItems="],
  ["a query of too many parameters", "GET", `/2015-03-31/functions?${"a=b&".repeat(5000)}`],
  ["truncated JSON", "POST", "/2015-03-31/functions", '{"FunctionName":"f"'],
  ["no JSON at all", "POST", "/2015-03-31/functions", "<xml/>"],
  ["a list for a body", "POST", "/2015-03-31/functions", "[]"],
  ["text for a body", "POST", "/2015-03-31/functions", '"f"'],
  ["null for a body", "POST", "/2015-03-31/functions", "null"],
  ["a body that is not UTF-8", "POST", "/2015-03-31/functions", Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ["a depth bomb", "POST", "/2015-03-31/functions", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
  ["prototype keys with wrong types", "POST", "/2015-03-31/functions", '{"__proto__":{"FunctionName":"f"},"Code":5}'],
];
for (const [what, method, path, body] of MALFORMED) {
  test(`${what} gets a SerializationException`, async () => {
    const handlers = { GetFunction: () => ({}), ListFunctions: () => ({}), CreateFunction: () => ({}) };
    const { status, headers, faults } = await call(handlers, method, path, body);
    assert.equal(headers["x-amzn-ErrorType"], "SerializationException");
    assert.equal(status, 400);
    assert.deepEqual(faults, []);
  });
}

test("of a repeated query parameter the first counts", async () => {
  const seen: unknown[] = [];
  const handlers: Handlers<Lambda> = {
    ListFunctions: (input) => {
      seen.push(input.MaxItems);
      return {};
    },
  };
  await call(handlers, "GET", "/2015-03-31/functions?MaxItems=5&MaxItems=7");
  assert.deepEqual(seen, [5]);
});

test("a body over the operation's limit is refused with the service's 413", async () => {
  const body = Buffer.alloc(1024 * 1024 + 1, 0x20);
  const {
    status,
    headers,
    body: text,
  } = await call({ AddPermission: () => ({}) }, "POST", "/2015-03-31/functions/f/policy", body);
  assert.equal(status, 413);
  assert.equal(headers["x-amzn-ErrorType"], "RequestEntityTooLargeException");
  assert.match(text, /Request must be smaller than 1048576 bytes for the AddPermission operation/);
  const service = createService({ model, handlers: {}, onFault: () => {} });
  assert.equal(service.maxBodyBytes("CreateFunction"), 70_167_211);
  assert.equal(service.maxBodyBytes("Invoke"), 6_291_556);
});

test("an answer of no content has no body", async () => {
  const { status, body } = await call(
    { DeleteFunction: () => ({ StatusCode: 204 }) },
    "DELETE",
    "/2015-03-31/functions/f",
  );
  assert.equal(status, 204);
  assert.equal(body, "");
});
