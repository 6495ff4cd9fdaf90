/** Events on their way to subscribers that behave, and to those that do not: real listeners, played by the test. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import type { Destination } from "./delivery.ts";
import type { Dropped, SubscriptionOrder } from "./subscription.ts";
import { Telemetry } from "./telemetry.ts";
import type { SchemaVersion } from "./telemetry-event.ts";

interface Event {
  readonly time: string;
  readonly type: string;
  readonly record: unknown;
}

async function listening(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** A subscriber over HTTP that takes everything, unless `behave` says otherwise. */
async function subscriber(t: TestContext, behave?: (response: ServerResponse, request: IncomingMessage) => boolean) {
  const batches: Event[][] = [];
  const server = createHttpServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    if (behave?.(response, request)) return;
    batches.push(JSON.parse(text));
    response.end();
  });
  return { port: await listening(t, server as unknown as Server), batches, events: () => batches.flat() };
}

function orderOf(port: number, more: Partial<SubscriptionOrder> = {}): SubscriptionOrder {
  return {
    name: "outer",
    api: "Telemetry",
    schemaVersion: "2022-12-13",
    types: ["platform", "function", "extension"],
    buffering: { maxItems: 10_000, maxBytes: 262_144, timeoutMs: 25 },
    destination: { protocol: "HTTP", method: "POST", port, target: "/" },
    ...more,
  };
}

function played(isStructured = false) {
  const dropped: Dropped[] = [];
  const telemetry = new Telemetry((port) => connect(port, "127.0.0.1"), isStructured);
  telemetry.listen({ onSubscribed() {}, onDropped: (one) => dropped.push(one) });
  return { telemetry, dropped };
}

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
};

test("who subscribes gets what happened before, in order, as a JSON array of events", async (t) => {
  const { port, events } = await subscriber(t);
  const { telemetry } = played();
  telemetry.emit("platform", "platform.initStart", { phase: "init" });
  telemetry.emit("function", "function", "hello\n");
  assert.equal(telemetry.subscribe(orderOf(port)), undefined);
  telemetry.emit("platform", "platform.start", { requestId: "1" });
  await telemetry.flush();
  assert.deepEqual(
    events().map(({ type, record }) => [type, record]),
    [
      ["platform.initStart", { phase: "init" }],
      ["function", "hello\n"],
      ["platform.start", { requestId: "1" }],
    ],
  );
  for (const { time } of events()) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test("events come when their time is over, although they make no batch", async (t) => {
  const { port, events } = await subscriber(t);
  const { telemetry } = played();
  telemetry.subscribe(orderOf(port));
  telemetry.emit("function", "function", "alone\n");
  const keepAlive = setInterval(() => {}, 1000);
  await until(() => events().length === 1);
  clearInterval(keepAlive);
});

test("a subscriber gets the streams that it asked for and no others", async (t) => {
  const { port, events } = await subscriber(t);
  const { telemetry } = played();
  telemetry.subscribe(orderOf(port, { types: ["extension"] }));
  telemetry.emit("function", "function", "no");
  telemetry.emit("platform", "platform.start", {});
  telemetry.emit("extension", "extension", "yes");
  await telemetry.flush();
  assert.deepEqual(
    events().map(({ record }) => record),
    ["yes"],
  );
});

test("no batch has more items than the subscriber asked for", async (t) => {
  const { port, batches, events } = await subscriber(t);
  const { telemetry } = played();
  telemetry.subscribe(orderOf(port, { buffering: { maxItems: 1000, maxBytes: 262_144, timeoutMs: 30_000 } }));
  for (let n = 0; n < 2500; n++) telemetry.emit("function", "function", `${n}`);
  await telemetry.flush();
  assert.equal(events().length, 2500);
  assert.ok(batches.every(({ length }) => length <= 1000));
});

test("over TCP each event is a line, on one connection", async (t) => {
  const lines: string[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const parts = text.split("\n");
      text = parts.pop() ?? "";
      lines.push(...parts);
    });
  });
  const destination: Destination = { protocol: "TCP", port: await listening(t, server) };
  const { telemetry } = played();
  telemetry.subscribe(orderOf(0, { destination }));
  telemetry.emit("function", "function", "one\n");
  await telemetry.flush();
  telemetry.emit("function", "function", "two\n");
  await telemetry.flush();
  await until(() => lines.length === 2);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).record),
    ["one\n", "two\n"],
  );
  assert.equal(connections, 1);
  telemetry.reset();
});

test("a function's JSON lines are objects where format and schema have them so, and strings elsewhere", async (t) => {
  const records = async (isStructured: boolean, schemaVersion: SchemaVersion) => {
    const { port, events } = await subscriber(t);
    const { telemetry } = played(isStructured);
    telemetry.subscribe(orderOf(port, { schemaVersion }));
    telemetry.emit("function", "function", '{"level":"INFO"}\n');
    telemetry.emit("function", "function", "{no json}\n");
    await telemetry.flush();
    return events().map(({ record }) => record);
  };
  assert.deepEqual(await records(true, "2022-12-13"), [{ level: "INFO" }, "{no json}\n"]);
  assert.deepEqual(await records(true, "2022-07-01"), ['{"level":"INFO"}\n', "{no json}\n"]);
  assert.deepEqual(await records(false, "2022-12-13"), ['{"level":"INFO"}\n', "{no json}\n"]);
});

test("the Logs API has its own events, with less in them", async (t) => {
  const { port, events } = await subscriber(t);
  const { telemetry } = played();
  telemetry.emit("platform", "platform.initStart", {});
  telemetry.subscribe(orderOf(port, { api: "Logs", schemaVersion: "2020-08-15" }));
  telemetry.emit("platform", "platform.start", { requestId: "1", version: "$LATEST", functionArn: "arn" });
  telemetry.emit("platform", "platform.runtimeDone", { requestId: "1", status: "success" });
  telemetry.emit("platform", "platform.fault", "RequestId: 1 Process exited before completing request");
  telemetry.emit("platform", "platform.end", { requestId: "1" });
  telemetry.emit("platform", "platform.report", { requestId: "1", status: "success", metrics: { durationMs: 1 } });
  await telemetry.flush();
  assert.deepEqual(
    events().map(({ type, record }) => [type, record]),
    [
      ["platform.start", { requestId: "1", version: "$LATEST" }],
      ["platform.fault", "RequestId: 1 Process exited before completing request"],
      ["platform.end", { requestId: "1" }],
      ["platform.report", { requestId: "1", metrics: { durationMs: 1 } }],
    ],
  );
});

test("a delivery that fails is tried again, and nothing is lost by it", async (t) => {
  let attempts = 0;
  const { port, events } = await subscriber(t, (response) => {
    attempts++;
    if (attempts > 2) return false;
    if (attempts === 1) response.writeHead(500).end();
    else response.destroy();
    return true;
  });
  const { telemetry, dropped } = played();
  telemetry.subscribe(orderOf(port));
  telemetry.emit("function", "function", "kept");
  await telemetry.flush();
  assert.deepEqual(
    events().map(({ record }) => record),
    ["kept"],
  );
  assert.deepEqual(dropped, []);
});

test("what cannot be delivered is dropped, which is told when there is more to tell", async () => {
  const { telemetry, dropped } = played();
  // Nobody listens there.
  telemetry.subscribe(orderOf(1));
  telemetry.emit("function", "function", "lost");
  await telemetry.flush();
  assert.equal(dropped.length, 0);
  telemetry.emit("function", "function", "next");
  const [loss] = dropped;
  assert.equal(loss?.droppedRecords, 1);
  assert.match(loss?.reason ?? "", /^could not send events: .*ECONNREFUSED/);
});

test("a redirect is not followed", async (t) => {
  const elsewhere = await subscriber(t);
  const { port } = await subscriber(t, (response) => {
    response.writeHead(307, { location: `http://127.0.0.1:${elsewhere.port}/` }).end();
    return true;
  });
  const { telemetry, dropped } = played();
  telemetry.subscribe(orderOf(port));
  telemetry.emit("function", "function", "x");
  await telemetry.flush();
  telemetry.emit("function", "function", "y");
  assert.match(dropped[0]?.reason ?? "", /answered 307/);
  assert.deepEqual(elsewhere.batches, []);
});

test("an endless answer and one that is no HTTP are given up", async (t) => {
  const garbage = createServer((socket) => {
    socket.on("error", () => {});
    const more = (): void => {
      while (socket.writable && socket.write(Buffer.alloc(65_536, "z")));
    };
    socket.on("drain", more);
    more();
  });
  const { telemetry, dropped } = played();
  telemetry.subscribe(orderOf(await listening(t, garbage)));
  telemetry.emit("function", "function", "x");
  await telemetry.flush();
  telemetry.emit("function", "function", "y");
  assert.match(dropped[0]?.reason ?? "", /the answer is too long/);
});

test("a subscriber that takes nothing makes the region hold a bounded amount, and is told what it missed", async (t) => {
  const held: ServerResponse[] = [];
  let isSlow = true;
  const { port, events } = await subscriber(t, (response) => {
    if (isSlow) held.push(response);
    return isSlow;
  });
  const { telemetry, dropped } = played();
  telemetry.subscribe(orderOf(port));
  const line = "x".repeat(9_000);
  for (let n = 0; n < 1000; n++) telemetry.emit("function", "function", line);
  await until(() => held.length > 0);
  isSlow = false;
  for (const response of held) response.destroy();
  await telemetry.flush();
  telemetry.emit("function", "function", "last");
  await telemetry.flush();
  const kept = events().filter(({ record }) => record === line).length;
  // One batch on its way and two that wait, each of 262,144 bytes.
  assert.ok(kept >= 58 && kept <= 100, `${kept} kept`);
  const [loss] = dropped;
  assert.equal(loss?.droppedRecords, 1000 - kept);
  assert.ok((loss?.droppedBytes ?? 0) >= 9_000 * (1000 - kept));
  assert.match(loss?.reason ?? "", /downstream consumer is slower/);
});

test("what breaks off for a freeze is delivered after the thaw", async (t) => {
  const held: ServerResponse[] = [];
  let isSlow = true;
  const { port, events } = await subscriber(t, (response) => {
    if (isSlow) held.push(response);
    return isSlow;
  });
  const { telemetry, dropped } = played();
  telemetry.subscribe(orderOf(port));
  telemetry.emit("function", "function", "kept");
  const flushing = telemetry.flush();
  await until(() => held.length > 0);
  telemetry.suspend();
  await flushing;
  assert.equal(telemetry.isSettled, false);
  telemetry.emit("function", "function", "later");
  isSlow = false;
  telemetry.resume();
  await until(() => events().length === 2);
  assert.deepEqual(
    events().map(({ record }) => record),
    ["kept", "later"],
  );
  assert.deepEqual(dropped, []);
});

test("after init nothing is kept for who might come", () => {
  const { telemetry } = played();
  assert.equal(telemetry.isHeard, true);
  telemetry.close();
  assert.equal(telemetry.isHeard, false);
  assert.equal(telemetry.subscribe(orderOf(1))?.errorType, "Telemetry.SubscriptionClosed");
  telemetry.reset();
  assert.equal(telemetry.isOpen, true);
});
