import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { Extensions } from "../extensions.ts";
import type { Invocation } from "../invocation.ts";
import { InvocationSlot, type RuntimeAnswer } from "../invocation-slot.ts";
import { MAX_RESPONSE_BYTES } from "../outcome.ts";
import { SILENT, VERSION } from "../played-runtime.ts";
import { RuntimeApi } from "./runtime-api.ts";

const requestId = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
const invocation: Invocation = {
  requestId,
  payload: Buffer.from('{"a":"ü"}'),
  invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:f:live",
  traceId: "Root=1-5-a;Parent=b;Sampled=0",
  clientContext: '{"custom":\r\n{"k":"ü"}}',
};

let slot: InvocationSlot;
let answers: RuntimeAnswer[];
let initErrors: string[];
let api: RuntimeApi;
const server = createServer((socket) => api.accept(socket));
before(() => once(server.listen(0, "127.0.0.1"), "listening"));
after(() => server.close());

function freshSlot(): void {
  slot = new InvocationSlot();
  api = new RuntimeApi(slot, { extensions: new Extensions(), telemetry: SILENT, version: VERSION });
  answers = [];
  initErrors = [];
  slot.listen({
    onNext: () => {},
    onStream: () => undefined,
    onAnswer: (answer) => answers.push(answer),
    onInitError: (body, errorType) => initErrors.push(`${errorType} ${body}`),
  });
}

function dial(): { socket: Socket; until(pattern: RegExp): Promise<string> } {
  const address = server.address();
  assert(address && typeof address === "object");
  const socket = connect(address.port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("utf8");
  });
  socket.on("error", () => {});
  const until = async (pattern: RegExp) => {
    while (!pattern.test(text)) {
      if (socket.closed) throw new Error(`connection closed after: ${text}`);
      await Promise.race([once(socket, "data"), once(socket, "close")]);
    }
    const all = text;
    text = "";
    return all;
  };
  return { socket, until };
}

const NEXT = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: x\r\n\r\n";
const post = (path: string, body: string, headers = "") =>
  `POST /2018-06-01/runtime/${path} HTTP/1.1\r\nhost: x\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** Let a runtime take the invocation. */
async function running() {
  freshSlot();
  const { socket, until } = dial();
  socket.write(NEXT);
  while (slot.state !== "Ready") await new Promise((resolve) => setImmediate(resolve));
  slot.deliver(invocation, 1234);
  const head = await until(/\r\n\r\n.*\}$/s);
  return { socket, until, head };
}

test("next hands over the event byte for byte with the invocation's headers", async () => {
  const { socket, head } = await running();
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(head, new RegExp(`\r\nLambda-Runtime-Aws-Request-Id: ${requestId}\r\n`));
  assert.match(head, /\r\nLambda-Runtime-Deadline-Ms: 1234\r\n/);
  assert.match(
    head,
    /\r\nLambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:f:live\r\n/,
  );
  assert.match(head, /\r\nLambda-Runtime-Trace-Id: Root=1-5-a;Parent=b;Sampled=0\r\n/);
  assert.match(head, /\r\nLambda-Runtime-Client-Context: \{"custom": \{"k":"ü"\}\}\r\n/);
  assert.ok(head.endsWith('\r\n\r\n{"a":"ü"}'));
  socket.destroy();
});

test("a runtime that answers and asks for more in one packet is answered both at once", async () => {
  const { socket, until } = await running();
  socket.write(post(`invocation/${requestId}/response`, '"done"') + NEXT);
  while (slot.state !== "Ready") await new Promise((resolve) => setImmediate(resolve));
  assert.equal(answers[0]?.body.toString(), '"done"');
  slot.deliver(invocation, 99);
  const text = await until(/\}$/);
  assert.match(text, /^HTTP\/1\.1 202 Accepted\r\n.*OK"\}\nHTTP\/1\.1 200 OK\r\n.*Deadline-Ms: 99\r\n/s);
  socket.destroy();
});

test("an answer is not held back for a request of which only a part has come", async () => {
  const { socket, until } = await running();
  socket.write(post(`invocation/${requestId}/response`, "1") + NEXT.slice(0, 20));
  await until(/202 Accepted.*OK"\}\n$/s);
  socket.destroy();
});

test("a request that arrives byte by byte is understood", async () => {
  const { socket, until } = await running();
  for (const byte of Buffer.from(post(`invocation/${requestId}/response`, "1"))) socket.write(Buffer.from([byte]));
  await until(/202 Accepted/);
  assert.equal(answers[0]?.body.toString(), "1");
  socket.destroy();
});

test("a chunked response is put together and its error trailers are read", async () => {
  const { socket, until } = await running();
  const error = Buffer.from('{"errorMessage":"late"}').toString("base64");
  socket.write(
    `POST /2018-06-01/runtime/invocation/${requestId}/response HTTP/1.1\r\nhost: x\r\n` +
      "lambda-runtime-function-response-mode: streaming\r\ntransfer-encoding: chunked\r\n\r\n" +
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n" +
      `Lambda-Runtime-Function-Error-Type: Function.Late\r\nLambda-Runtime-Function-Error-Body: ${error}\r\n\r\n`,
  );
  await until(/202 Accepted/);
  assert.equal(answers[0]?.kind, "error");
  assert.equal(answers[0]?.body.toString(), '{"errorMessage":"late"}');
  socket.destroy();
});

test("a chunked response without trailers is the response", async () => {
  const { socket, until } = await running();
  socket.write(
    `POST /2018-06-01/runtime/invocation/${requestId}/response HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n` +
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
  );
  await until(/202 Accepted/);
  assert.deepEqual([answers[0]?.kind, answers[0]?.body.toString()], ["response", "abcde"]);
  socket.destroy();
});

test("the largest response is taken whole, one byte more is refused with 413 and told to the invocation", async () => {
  const largest = await running();
  largest.socket.write(post(`invocation/${requestId}/response`, "x".repeat(MAX_RESPONSE_BYTES)));
  await largest.until(/202 Accepted/);
  assert.equal(answers[0]?.body.length, MAX_RESPONSE_BYTES);
  largest.socket.destroy();
  const over = await running();
  over.socket.write(post(`invocation/${requestId}/response`, "x".repeat(MAX_RESPONSE_BYTES + 1)) + NEXT);
  assert.match(
    await over.until(/RequestEntityTooLarge"\}$/),
    /413.*Exceeded maximum allowed payload size \(6291556 bytes\)\./s,
  );
  assert.equal(answers[0]?.kind, "too-large");
  assert.equal(slot.state, "Ready");
  over.socket.destroy();
});

test("a response that breaks off is truncated", async () => {
  const { socket } = await running();
  socket.end(`POST /2018-06-01/runtime/invocation/${requestId}/response HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc`);
  while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(answers[0]?.kind, "truncated");
});

test("an answer for another request id is refused with 400 InvalidRequestID", async () => {
  const { socket, until } = await running();
  socket.write(post("invocation/0/response", "1"));
  assert.match(await until(/InvalidRequestID"\}$/), /400 Bad Request.*"errorMessage":"Invalid request ID"/s);
  socket.destroy();
});

test("an unknown response mode is refused with 400", async () => {
  const { socket, until } = await running();
  socket.write(post(`invocation/${requestId}/response`, "1", "Lambda-Runtime-Function-Response-Mode: other\r\n"));
  await until(/InvalidFunctionResponseMode/);
  assert.equal(answers[0]?.kind, "bad-mode");
  socket.destroy();
});

test("a function error carries its body and a type that the platform knows", async () => {
  for (const [reported, kept] of [
    ["Runtime.MyError", "Runtime.MyError"],
    ["Function.odd", "Function.Unknown"],
    ["TypeError", "Runtime.Unknown"],
  ]) {
    const { socket, until } = await running();
    socket.write(
      post(
        `invocation/${requestId}/error`,
        '{"errorMessage":"x"}',
        `Lambda-Runtime-Function-Error-Type: ${reported}\r\n`,
      ),
    );
    await until(/202 Accepted/);
    assert.deepEqual([answers[0]?.kind, answers[0]?.errorType], ["error", kept]);
    socket.destroy();
  }
});

test("next while an invocation runs is refused with the state transition in words", async () => {
  const { socket, until } = await running();
  socket.write(NEXT);
  const text = await until(/InvalidStateTransition"\}$/);
  assert.match(text, /403 Forbidden/);
  assert.match(
    text,
    /State transition from Running to Ready failed for runtime\. Error: State transition is not allowed/,
  );
  socket.destroy();
});

test("an init error is heard before the first next and refused after it", async () => {
  freshSlot();
  const { socket, until } = dial();
  socket.write(post("init/error", "{}", "Lambda-Runtime-Function-Error-Type: Runtime.ImportModuleError\r\n"));
  await until(/202 Accepted/);
  assert.deepEqual(initErrors, ["Runtime.ImportModuleError {}"]);
  socket.destroy();
  const late = await running();
  late.socket.write(post("init/error", "{}"));
  await late.until(/403 Forbidden/);
  late.socket.destroy();
});

test("ping answers, an unknown path is 404, a wrong method 405", async () => {
  freshSlot();
  const { socket, until } = dial();
  socket.write("GET /2018-06-01/ping HTTP/1.1\r\n\r\n");
  await until(/pong$/);
  socket.write("GET /2018-06-01/../x HTTP/1.1\r\n\r\n");
  await until(/404 Not Found/);
  socket.write("POST /2018-06-01/runtime/invocation/next HTTP/1.1\r\ncontent-length: 0\r\n\r\n");
  await until(/405 Method Not Allowed/);
  socket.destroy();
});

test("what is not HTTP, and heads without end, close the connection and nothing else", async () => {
  for (const junk of [
    "\0\0\0\r\n\r\n",
    "GET /\r\n\r\n",
    `GET / HTTP/1.1\r\n${"a: b\r\n".repeat(20_000)}`,
    "GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
  ]) {
    freshSlot();
    const { socket } = dial();
    socket.write(junk);
    await once(socket, "close");
  }
});

test("thousands of pipelined requests are answered in order without exhausting the stack", async () => {
  freshSlot();
  const { socket } = dial();
  let pongs = 0;
  socket.on("data", (chunk) => {
    pongs += chunk.toString().split("pong").length - 1;
  });
  socket.write("GET /2018-06-01/ping HTTP/1.1\r\n\r\n".repeat(20_000));
  while (pongs < 19_990) await once(socket, "data");
  socket.destroy();
});

test("a chunk size that never ends ends the connection", async () => {
  freshSlot();
  const { socket } = dial();
  socket.write("POST /2018-06-01/runtime/init/error HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n");
  socket.write("1".repeat(200_000));
  await once(socket, "close");
  assert.deepEqual(initErrors, []);
});

test("a body in many small chunks arrives whole", async () => {
  freshSlot();
  const { socket, until } = dial();
  socket.write("POST /2018-06-01/runtime/init/error HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n");
  socket.write(`${"1\r\nx\r\n".repeat(100_000)}2000\r\n${"y".repeat(8192)}\r\n1\r\nz\r\n0\r\n\r\n`);
  await until(/202 Accepted/);
  assert.equal(initErrors[0], `Runtime.Unknown ${"x".repeat(100_000)}${"y".repeat(8192)}z`);
  socket.destroy();
});

test("a peer that does not read its answers is not read from either", async () => {
  freshSlot();
  const accepted = once(server, "connection");
  const { socket } = dial();
  const [inside] = (await accepted) as [Socket];
  socket.pause();
  const flood = "GET /2018-06-01/ping HTTP/1.1\r\n\r\n".repeat(10_000);
  while (!inside.isPaused()) {
    socket.write(flood);
    await new Promise(setImmediate);
  }
  assert.ok(inside.writableLength < 1024 * 1024);
  socket.resume();
  while (inside.isPaused() || socket.writableLength > 0) await new Promise(setImmediate);
  socket.destroy();
});

test("unfinished bodies of one sandbox share a budget, which comes back with the connections", async () => {
  freshSlot();
  const path = "POST /2018-06-01/runtime/init/error HTTP/1.1\r\n";
  const hoarders: { socket: Socket; inside: Socket }[] = [];
  for (let count = 0; count < 3; count++) {
    const accepted = once(server, "connection");
    const { socket } = dial();
    const [inside] = (await accepted) as [Socket];
    socket.write(`${path}content-length: ${MAX_RESPONSE_BYTES}\r\n\r\n`);
    socket.write(Buffer.alloc(MAX_RESPONSE_BYTES - 1));
    while (inside.bytesRead < MAX_RESPONSE_BYTES) await new Promise(setImmediate);
    hoarders.push({ socket, inside });
  }
  const { socket, until } = dial();
  socket.write(`${path}content-length: 10\r\n\r\n0123456789`);
  await until(/202 Accepted/);
  assert.equal(initErrors[0], "Runtime.Unknown ", "nothing was left to keep it in");
  for (const hoarder of hoarders) {
    hoarder.socket.destroy();
    if (!hoarder.inside.closed) await once(hoarder.inside, "close");
  }
  slot.reset();
  socket.write(`${path}content-length: 10\r\n\r\n0123456789`);
  await until(/202 Accepted/);
  assert.equal(initErrors.at(-1), "Runtime.Unknown 0123456789");
  socket.destroy();
});
