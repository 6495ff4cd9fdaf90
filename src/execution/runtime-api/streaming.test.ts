/** Streamed responses over a real connection: what arrives goes on at once, and what is not HTTP breaks only itself. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { AnswerStream } from "../answer-stream.ts";
import { Extensions } from "../extensions.ts";
import { InvocationSlot, type RuntimeAnswer } from "../invocation-slot.ts";
import { SILENT, VERSION } from "../played-runtime.ts";
import type { ResponseSink } from "../response-sink.ts";
import { RuntimeApi } from "./runtime-api.ts";

const ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
const RESPONSE = `POST /2018-06-01/runtime/invocation/${ID}/response HTTP/1.1\r\n`;
const STREAMING = `${RESPONSE}Lambda-Runtime-Function-Response-Mode: streaming\r\ntransfer-encoding: chunked\r\n`;
const NEXT = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n";
const turn = () => new Promise(setImmediate);

let api: RuntimeApi;
let inside: Socket;
const server = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on("error", () => {});
  inside = socket;
  api.accept(socket);
});
before(() => once(server.listen(0, "127.0.0.1"), "listening"));
after(() => server.close());

/** A runtime amid an invocation, and all that the invocation's sink and environment hear. */
async function running() {
  const slot = new InvocationSlot();
  api = new RuntimeApi(slot, { extensions: new Extensions(), telemetry: SILENT, version: VERSION });
  const answers: RuntimeAnswer[] = [];
  const heard: string[] = [];
  let drained = (): void => {};
  let takes = true;
  const sink: ResponseSink = {
    start: ({ contentType, isStreamed }) => heard.push(`${contentType} ${isStreamed}`),
    write: (chunk) => {
      heard.push(chunk.toString("latin1"));
      return takes;
    },
    onDrain: (listener) => {
      drained = listener;
    },
    isClosed: false,
  };
  let stream: AnswerStream | undefined;
  slot.listen({
    onNext: () => {},
    onStream: (contentType) => {
      stream = new AnswerStream(sink, { contentType, isStreamed: true, executedVersion: "1" }, 2 * 1024 * 1024);
      return stream;
    },
    onAnswer: (answer) => {
      answers.push(answer);
      if (answer.kind === "response") stream?.finish();
      else stream?.close();
    },
    onInitError: () => {},
  });
  const address = server.address();
  assert(address && typeof address === "object");
  const dial = () => {
    const socket = connect(address.port, "127.0.0.1");
    socket.on("error", () => {});
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
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
  };
  const { socket, until } = dial();
  socket.write(NEXT);
  while (slot.state !== "Ready") await turn();
  const invocation = { requestId: ID, payload: Buffer.from("{}"), invokedFunctionArn: "arn", traceId: "Root=1-0-0" };
  slot.deliver(invocation, 1);
  await until(/\{\}$/);
  const untilHeard = async (count: number) => {
    while (heard.length < count) await turn();
  };
  const untilAnswered = async () => {
    while (answers.length === 0) await turn();
    return answers[0];
  };
  const fill = (isFull: boolean) => {
    takes = !isFull;
    if (!isFull) drained();
  };
  const state = () => slot.state;
  return { slot, state, socket, until, dial, heard, untilHeard, answers, untilAnswered, fill };
}

test("each chunk goes on before the next has come, and the end is accepted", async () => {
  const { socket, until, heard, untilHeard, answers, state } = await running();
  socket.write(`${STREAMING}content-type: text/html\r\n\r\n`);
  socket.write("3\r\nabc\r\n");
  await untilHeard(2);
  assert.equal(state(), "InvocationResponse");
  socket.write("2;x=y\r\nd");
  await untilHeard(3);
  socket.write("e\r\n0\r\n\r\n");
  await until(/202 Accepted/);
  assert.deepEqual(heard, ["text/html true", "abc", "d", "e"]);
  assert.deepEqual([answers[0]?.kind, answers[0]?.body.length, answers.length], ["response", 0, 1]);
  socket.write(NEXT);
  while (state() !== "Ready") await turn();
  socket.destroy();
});

test("a streamed body may have a length, and no content type or an impossible one is octets", async () => {
  for (const header of ["", "content-type: a\x01b\r\n"]) {
    const { socket, until, heard } = await running();
    const head = STREAMING.replace("transfer-encoding: chunked", "content-length: 3");
    socket.write(`${head}${header}\r\nabc`);
    await until(/202 Accepted/);
    assert.deepEqual(heard, ["application/octet-stream true", "abc"]);
    socket.destroy();
  }
});

test("trailers tell an error before the first byte and amid the answer; others mean nothing", async () => {
  const document = '{"errorMessage":"late"}';
  const trailers =
    "Lambda-Runtime-Function-Error-Type: TypeError\r\n" +
    `Lambda-Runtime-Function-Error-Body: ${Buffer.from(document).toString("base64")}\r\n`;
  for (const [chunks, count] of [
    ["", 0],
    ["3\r\nabc\r\n", 2],
  ] as const) {
    const { socket, until, heard, answers } = await running();
    socket.write(`${STREAMING}\r\n${chunks}0\r\n${trailers}\r\n`);
    await until(/202 Accepted/);
    assert.equal(heard.length, count);
    assert.deepEqual(
      { ...answers[0], body: String(answers[0]?.body) },
      {
        kind: "error",
        body: document,
        errorType: "Runtime.Unknown",
      },
    );
    socket.destroy();
  }
  const { socket, until, answers } = await running();
  socket.write(`${STREAMING}\r\n0\r\nX-Other: 1\r\nLambda-Runtime-Function-Response-Mode: bad\r\n\r\n`);
  await until(/202 Accepted/);
  assert.equal(answers[0]?.kind, "response");
  socket.destroy();
});

test("while the sink is full the runtime is not read from, and nothing piles up", async () => {
  const { socket, until, heard, untilHeard, fill } = await running();
  fill(true);
  socket.write(`${STREAMING}\r\n`);
  const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
  socket.write(chunk);
  await untilHeard(2);
  while (!inside.isPaused()) {
    socket.write(chunk);
    await turn();
  }
  const before = heard.length;
  for (let count = 0; count < 100; count++) await turn();
  assert.equal(heard.length, before, "no byte goes to a full sink");
  assert.ok(inside.readableLength < 1024 * 1024);
  fill(false);
  socket.write("0\r\n\r\n");
  await until(/202 Accepted/);
  assert.equal(heard.slice(1).join("").length % 65_536, 0);
  socket.destroy();
});

test("what came before a full sink's runtime hung up still arrives, to its end", async () => {
  const { socket, untilHeard, fill, untilAnswered, heard } = await running();
  fill(true);
  socket.write(`${STREAMING}\r\n3\r\nabc\r\n`);
  await untilHeard(2);
  socket.end("3\r\ndef\r\n0\r\n\r\n");
  for (let count = 0; count < 100; count++) await turn();
  fill(false);
  assert.equal((await untilAnswered())?.kind, "response");
  assert.deepEqual(heard.slice(1), ["abc", "def"]);
});

test("a stream that breaks off is truncated, whether its connection ends or is reset", async () => {
  for (const breakOff of ["end", "resetAndDestroy"] as const) {
    const { socket, untilHeard, untilAnswered } = await running();
    socket.write(`${STREAMING}\r\n3\r\nabc\r\n5\r\nx`);
    await untilHeard(2);
    socket[breakOff]();
    assert.equal((await untilAnswered())?.kind, "truncated");
  }
});

test("what is no chunk ends the connection and truncates the answer", async () => {
  for (const rubbish of [
    "zz\r\n",
    "-1\r\n",
    "1x\r\n",
    "\r\n",
    "0x3\r\n",
    "fffffffffffffffffff\r\n",
    "3\r\nabcX\r\n0\r\n\r\n",
    `3;${"x".repeat(200_000)}`,
    `0\r\nno header\r\n\r\n`,
    `0\r\n${"a: b\r\n".repeat(20_000)}`,
  ]) {
    const { socket, untilAnswered } = await running();
    socket.write(`${STREAMING}\r\n${rubbish}`);
    assert.equal((await untilAnswered())?.kind, "truncated", rubbish.slice(0, 20));
    socket.destroy();
  }
});

test("a second response, an error and a next amid the stream are invalid states; after it the id is invalid", async () => {
  const { socket, until, dial, untilHeard, answers } = await running();
  socket.write(`${STREAMING}\r\n3\r\nabc\r\n`);
  await untilHeard(2);
  const other = dial();
  for (const [request, to] of [
    [`${RESPONSE}content-length: 1\r\n\r\n1`, "InvocationResponse"],
    [`${STREAMING}\r\n1\r\n1\r\n0\r\n\r\n`, "InvocationResponse"],
    [`${RESPONSE.replace("/response", "/error")}content-length: 2\r\n\r\n{}`, "InvocationErrorResponse"],
    [NEXT, "Ready"],
  ] as const) {
    other.socket.write(request);
    const text = await other.until(/InvalidStateTransition"\}$/);
    assert.match(text, new RegExp(`403 Forbidden.*from InvocationResponse to ${to} failed`, "s"));
  }
  assert.deepEqual(answers, []);
  socket.write("0\r\n\r\n");
  await until(/202 Accepted/);
  other.socket.write(`${STREAMING}\r\n1\r\n1\r\n0\r\n\r\n`);
  await other.until(/400 Bad Request.*InvalidRequestID"\}$/s);
  assert.equal(answers.length, 1);
  socket.destroy();
  other.socket.destroy();
});

test("a stream whose invocation is over is read away, and its runtime may go on", async () => {
  const { slot, socket, until, untilHeard, heard, answers } = await running();
  socket.write(`${STREAMING}\r\n3\r\nabc\r\n`);
  await untilHeard(2);
  slot.reset();
  socket.write("3\r\ndef\r\n0\r\n\r\n");
  await until(/202 Accepted/);
  assert.deepEqual(answers, []);
  assert.equal(heard.length, 3);
  socket.destroy();
});
