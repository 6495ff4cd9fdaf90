/** The Telemetry API and the Logs API as they are spoken: who may subscribe, to what, and what is refused. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { Extensions } from "../extensions.ts";
import { InvocationSlot } from "../invocation-slot.ts";
import { VERSION } from "../played-runtime.ts";
import type { SubscriptionOrder } from "../telemetry/subscription.ts";
import { Telemetry } from "../telemetry/telemetry.ts";
import { RuntimeApi } from "./runtime-api.ts";

const STRANGER = "00000000-0000-4000-8000-000000000000";

let telemetry: Telemetry;
let api: RuntimeApi;
let id: string;
let orders: SubscriptionOrder[];
const server = createServer((socket) => api.accept(socket));
before(() => once(server.listen(0, "127.0.0.1"), "listening"));
after(() => server.close());
beforeEach(() => {
  const extensions = new Extensions(["outer"]);
  id = extensions.register("outer", []) as string;
  orders = [];
  telemetry = new Telemetry((port) => connect(port, "127.0.0.1"), false);
  telemetry.listen({ onSubscribed: (order) => orders.push(order), onDropped() {} });
  api = new RuntimeApi(new InvocationSlot(), { extensions, telemetry, version: VERSION });
});

const TELEMETRY = "/2022-07-01/telemetry";
const LOGS = "/2020-08-15/logs";
const BODY = {
  schemaVersion: "2022-12-13",
  types: ["platform", "function"],
  destination: { protocol: "HTTP", URI: "http://sandbox.localdomain:8080/a?b=c" },
};

async function call(method: string, path: string, headers: Record<string, string>, text = "") {
  const { port } = server.address() as AddressInfo;
  const sent = httpRequest({ host: "127.0.0.1", port, method, path, headers, agent: false });
  sent.end(text);
  const [answer] = await once(sent, "response");
  let body = "";
  for await (const chunk of answer) body += chunk;
  return { status: answer.statusCode, body: JSON.parse(body) as Record<string, string> | string };
}

async function put(path: string, body: unknown, identifier: string | undefined = id) {
  const headers: Record<string, string> = identifier === "" ? {} : { "Lambda-Extension-Identifier": identifier };
  return call("PUT", path, headers, typeof body === "string" ? body : JSON.stringify(body));
}

test("a subscription is accepted with the defaults of what it does not say", async () => {
  assert.deepEqual(await put(TELEMETRY, BODY), { status: 200, body: "OK" });
  assert.deepEqual(orders, [
    {
      name: "outer",
      api: "Telemetry",
      schemaVersion: "2022-12-13",
      types: ["platform", "function"],
      buffering: { maxItems: 10_000, maxBytes: 262_144, timeoutMs: 1000 },
      destination: { protocol: "HTTP", method: "POST", port: 8080, target: "/a?b=c" },
    },
  ]);
});

test("the Logs API takes its own schemas, PUT, TCP, and no schema at all", async () => {
  const tcp = { types: ["extension"], destination: { protocol: "TCP", port: 9000 } };
  assert.equal((await put(LOGS, tcp)).status, 200);
  const http = { ...BODY, schemaVersion: "2021-03-18", destination: { ...BODY.destination, method: "PUT" } };
  assert.equal((await put(LOGS, http)).status, 200);
  assert.deepEqual(
    orders.map(({ schemaVersion, destination }) => [schemaVersion, destination.protocol]),
    [
      ["2020-08-15", "TCP"],
      ["2021-03-18", "HTTP"],
    ],
  );
});

test("what is wrong with a subscription is said at once, in the words of AWS", async () => {
  const buffering = { maxItems: 999, maxBytes: 262_143, timeoutMs: 24 };
  const destination = (URI: string) => ({ ...BODY, destination: { protocol: "HTTP", URI } });
  const refusals: [unknown, string][] = [
    [
      { ...BODY, types: [], destination: { protocol: "HTTP", URI: "http://sandbox.localdomain" } },
      "URI port is not provided; types should not be empty",
    ],
    [
      { ...BODY, buffering },
      "maxItems should be between 1000 and 10000; maxBytes should be between 262144 and 1048576; timeoutMs should be between 25 and 30000",
    ],
    [{ ...BODY, types: ["platform", "platform"] }, "types should be unique"],
    [{ ...BODY, types: ["platform", 1] }, "types should be of platform, function, extension"],
    [{ ...BODY, schemaVersion: "2021-03-18" }, "schemaVersion should be one of 2022-07-01, 2022-12-13, 2025-01-29"],
    [destination("https://sandbox.localdomain:1"), "Only 'http' scheme is supported."],
    [destination("http://127.0.0.1:1"), "Only 'sandbox.localdomain' hostname is supported."],
    [destination("http://sandbox.localdomain:9001"), "URI port 9001 is reserved"],
    [destination("nonsense"), "URI is not valid"],
    [{ ...BODY, destination: { protocol: "TCP" } }, "port is not provided"],
    [{ ...BODY, destination: { protocol: "TCP", port: 65_536 } }, "port should be between 1 and 65535"],
    [{ ...BODY, destination: { protocol: "UDP" } }, "protocol should be one of HTTP, TCP"],
    [{ ...BODY, destination: undefined }, "destination is not provided"],
    [{ ...BODY, buffering: 1 }, "buffering should be an object"],
    ["[]", "the request body is no JSON object"],
    [JSON.stringify({ ...BODY, more: "x".repeat(20_000) }), "the request body is too long, or was cut off"],
  ];
  for (const [body, errorMessage] of refusals) {
    assert.deepEqual(await put(TELEMETRY, body), { status: 400, body: { errorType: "ValidationError", errorMessage } });
  }
  const broken = await put(LOGS, "{");
  assert.equal(broken.status, 400);
  assert.equal((broken.body as { errorType: string }).errorType, "Logs.ValidationError");
  assert.deepEqual(orders, []);
});

test("only a registered extension may subscribe", async () => {
  for (const [identifier, errorType] of [
    ["", "Extension.MissingExtensionIdentifier"],
    ["me", "Extension.InvalidExtensionIdentifier"],
    [STRANGER, "Extension.UnknownExtensionIdentifier"],
  ]) {
    const { status, body } = await put(TELEMETRY, BODY, identifier);
    assert.deepEqual([status, (body as { errorType: string }).errorType], [403, errorType]);
  }
});

test("after init it is too late, for each API in its own name", async () => {
  telemetry.close();
  assert.deepEqual(await put(TELEMETRY, BODY), {
    status: 403,
    body: { errorType: "Telemetry.SubscriptionClosed", errorMessage: "Telemetry API subscription is closed" },
  });
  const { body } = await put(LOGS, { ...BODY, schemaVersion: "2020-08-15" });
  assert.equal((body as { errorType: string }).errorType, "Logs.SubscriptionClosed");
});

test("an extension has one subscription, by one of the two APIs", async () => {
  await put(TELEMETRY, BODY);
  const { status, body } = await put(LOGS, { ...BODY, schemaVersion: "2020-08-15" });
  assert.equal(status, 403);
  assert.match(JSON.stringify(body), /The extension outer is already subscribed to the TelemetryAPI/);
  assert.equal((await put(TELEMETRY, { ...BODY, types: ["extension"] })).status, 200);
});

test("other methods are not allowed", async () => {
  assert.equal((await call("GET", TELEMETRY, {})).status, 405);
});

test("floods, garbage and lies at the Telemetry API are refused, and the next honest call is served", async () => {
  const { port } = server.address() as AddressInfo;
  const flood = connect(port, "127.0.0.1");
  flood.on("error", () => {});
  const many = `PUT ${TELEMETRY} HTTP/1.1\r\nLambda-Extension-Identifier: ${STRANGER}\r\ncontent-length: 2\r\n\r\n{}`;
  flood.write(many.repeat(2000));
  flood.write("\0\xff garbage\r\n\r\n");
  let answers = "";
  flood.setEncoding("latin1").on("data", (text: string) => {
    answers += text;
  });
  await once(flood, "close");
  assert.equal(answers.match(/403 Forbidden/g)?.length, 2000);
  const endless = { ...BODY, types: Array.from({ length: 100_000 }, () => "platform") };
  assert.equal((await put(TELEMETRY, endless)).status, 400);
  for (const types of [{ length: 3 }, "platform", [["platform"]], [null]]) {
    assert.equal((await put(TELEMETRY, { ...BODY, types })).status, 400);
  }
  assert.equal((await put(TELEMETRY, BODY)).status, 200);
  assert.equal(orders.length, 1);
});
