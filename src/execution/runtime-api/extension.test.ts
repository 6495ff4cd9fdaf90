/** The Extensions API as it is spoken: status, headers and bodies of every call. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { Extensions } from "../extensions.ts";
import { InvocationSlot } from "../invocation-slot.ts";
import { invocation, SILENT, VERSION } from "../played-runtime.ts";
import { RuntimeApi } from "./runtime-api.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const STRANGER = "00000000-0000-4000-8000-000000000000";

let extensions: Extensions;
let api: RuntimeApi;
const server = createServer((socket) => api.accept(socket));
before(() => once(server.listen(0, "127.0.0.1"), "listening"));
after(() => server.close());
beforeEach(() => {
  extensions = new Extensions(["outer"]);
  api = new RuntimeApi(new InvocationSlot(), {
    extensions,
    telemetry: SILENT,
    version: { ...VERSION, handler: "index.handler" },
  });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

async function call(method: string, path: string, headers: Record<string, string> = {}, body = ""): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  const sent = httpRequest({ host: "127.0.0.1", port, method, path, headers, agent: false });
  sent.end(body);
  const [answer] = await once(sent, "response");
  let text = "";
  for await (const chunk of answer) text += chunk;
  const isJson = answer.headers["content-type"] === "application/json";
  return { status: answer.statusCode, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
}

const ROOT = "/2020-01-01/extension";
const identified = (id: string) => ({ "Lambda-Extension-Identifier": id });
const register = (name: string, body: string, headers = {}) =>
  call("POST", `${ROOT}/register`, { "Lambda-Extension-Name": name, ...headers }, body);

async function registered(body = '{"events":["INVOKE","SHUTDOWN"]}'): Promise<string> {
  const { status, headers } = await register("outer", body);
  assert.equal(status, 200);
  return String(headers["lambda-extension-identifier"]);
}

test("register answers with an identifier and the function's names", async () => {
  const { status, headers, body } = await register("outer", '{"events":["INVOKE"]}');
  assert.equal(status, 200);
  assert.match(String(headers["lambda-extension-identifier"]), UUID);
  assert.deepEqual(body, { functionName: "f", functionVersion: "$LATEST", handler: "index.handler" });
});

test("the account is told to who accepts it", async () => {
  const { body } = await register("outer", "{}", { "Lambda-Extension-Accept-Feature": "accountId" });
  assert.equal((body as { accountId: string }).accountId, "000000000000");
});

test("register refuses what is no name, no JSON, no list, and what is out of date", async () => {
  const refusals = [
    ["", "{}", "Extension.InvalidExtensionName", "Empty extension name"],
    ["outer", "{", "InvalidRequestFormat"],
    ["outer", "[]", "InvalidRequestFormat"],
    ["outer", '{"events":"INVOKE"}', "InvalidRequestFormat"],
    ["outer", '{"events":[1]}', "InvalidRequestFormat"],
    [
      "outer",
      '{"events":[],"configurationKeys":[]}',
      "InvalidRequestFormat",
      "configurationKeys are deprecated; use environment variables instead",
    ],
  ] as const;
  for (const [name, text, errorType, errorMessage] of refusals) {
    const { status, body } = await register(name, text);
    assert.equal(status, 403);
    const document = body as { errorType: string; errorMessage: string };
    assert.equal(document.errorType, errorType);
    if (errorMessage !== undefined) assert.equal(document.errorMessage, errorMessage);
  }
});

test("next waits for the event, which has an identifier of its own", async () => {
  const id = await registered();
  const waiting = call("GET", `${ROOT}/event/next`, identified(id));
  while (!extensions.areReady) await new Promise(setImmediate);
  extensions.invoke(invocation(1), 42);
  const { status, headers, body } = await waiting;
  assert.equal(status, 200);
  assert.match(String(headers["lambda-extension-event-identifier"]), UUID);
  assert.equal((body as { requestId: string }).requestId, invocation(1).requestId);
});

test("calls need an identifier that is one and is known", async () => {
  await registered();
  for (const [method, path] of [
    ["GET", "event/next"],
    ["POST", "init/error"],
    ["POST", "exit/error"],
  ] as const) {
    const header = { "Lambda-Extension-Function-Error-Type": "X" };
    const refusalOf = async (headers: Record<string, string>) => {
      const { status, body } = await call(method, `${ROOT}/${path}`, { ...header, ...headers });
      assert.equal(status, 403);
      return body;
    };
    assert.deepEqual(await refusalOf({}), {
      errorType: "Extension.MissingExtensionIdentifier",
      errorMessage: "Missing Lambda-Extension-Identifier header",
    });
    assert.deepEqual(await refusalOf(identified("me")), {
      errorType: "Extension.InvalidExtensionIdentifier",
      errorMessage: "Invalid Lambda-Extension-Identifier",
    });
    assert.deepEqual(await refusalOf(identified(STRANGER)), {
      errorType: "Extension.UnknownExtensionIdentifier",
      errorMessage: `Unknown extension ${STRANGER}`,
    });
  }
});

test("errors are taken with their type only", async () => {
  const id = await registered();
  const without = await call("POST", `${ROOT}/init/error`, identified(id), "{}");
  assert.deepEqual(
    [without.status, without.body],
    [403, { errorType: "Extension.MissingHeader", errorMessage: "Lambda-Extension-Function-Error-Type not found" }],
  );
  const header = { "Lambda-Extension-Function-Error-Type": "Extension.NoKey" };
  const taken = await call("POST", `${ROOT}/init/error`, { ...identified(id), ...header }, "{}");
  assert.deepEqual([taken.status, taken.body], [202, { status: "OK" }]);
  assert.equal(extensions.reportedError, "Extension.InitError");
});

test("other paths are not there, other methods are not allowed", async () => {
  assert.equal((await call("GET", `${ROOT}/register`)).status, 405);
  assert.equal((await call("POST", `${ROOT}/event/next`)).status, 405);
  assert.equal((await call("GET", `${ROOT}/event/other`)).status, 404);
  assert.equal((await call("GET", "/2020-01-01/other")).status, 404);
});
