/** Streamed answers as callers see them: the unmodified SDK and a region, the function played by real code. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import {
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  type InvokeWithResponseStreamCommandInput,
  type InvokeWithResponseStreamCompleteEvent,
  ResourceNotFoundException,
} from "@aws-sdk/client-lambda";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";

const MB = 1024 * 1024;

/** Each event names what to do; `gate` is an address that answers when the test lets the function go on. */
const HANDLERS = `import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
const tasks = {
  async gated({ gate }, stream) { stream.write("first"); await fetch(gate); stream.end("second"); },
  async large({ bytes }, stream) {
    const chunks = function* () { for (let left = bytes; left > 0; left -= 50_000) yield Buffer.alloc(Math.min(left, 50_000), "x"); };
    await pipeline(Readable.from(chunks()), stream);
  },
  async early() { throw new RangeError("early"); },
  async late(_, stream) { stream.write("half"); throw new RangeError("late"); },
  async endless(_, stream) { stream.write("half"); await new Promise(() => {}); },
  async exits(_, stream) { await new Promise((resolve) => stream.write("half", resolve)); process.exit(3); },
  async logs(_, stream) { console.log("seen"); stream.end("logged"); },
  async abandoned({ gate }, stream) {
    stream.on("error", () => {});
    for (let count = 0; count < 200; count++) {
      if (!stream.write(Buffer.alloc(50_000))) await new Promise((resolve) => stream.once("drain", resolve));
    }
    stream.end();
    await fetch(gate);
  },
};
export const handler = awslambda.streamifyResponse((event, stream) => tasks[event.task](event, stream));
export const whole = async (event) => ({ whole: event });
`;

let region: TestRegion;
let streaming: string;

before(async () => {
  region = await TestRegion.start("process", { ALONZO_STREAMING_RATE: "0" });
  streaming = await deploy({});
});
after(() => region.stop());

const deploy = (more: object, handler = "index.handler") =>
  region.deploy({ runtime: "nodejs24.x", handler, zip: zipOf({ "index.mjs": HANDLERS }), more });

/** All of a streamed answer: its text, how many chunks it came in, and its last event. */
async function streamed(name: string, event: object, more: Partial<InvokeWithResponseStreamCommandInput> = {}) {
  const answer = await region.lambda.send(
    new InvokeWithResponseStreamCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(event)), ...more }),
  );
  const chunks: Buffer[] = [];
  let complete: InvokeWithResponseStreamCompleteEvent | undefined;
  for await (const { PayloadChunk, InvokeComplete } of answer.EventStream ?? []) {
    assert.equal(complete, undefined, "nothing follows InvokeComplete");
    if (PayloadChunk?.Payload) chunks.push(Buffer.from(PayloadChunk.Payload));
    if (InvokeComplete) complete = InvokeComplete;
  }
  assert.ok(complete, "the stream ends with InvokeComplete");
  const { ErrorCode, ErrorDetails, LogResult } = complete;
  return { answer, chunks: chunks.length, text: Buffer.concat(chunks).toString(), ErrorCode, ErrorDetails, LogResult };
}

/** How much of a streamed answer comes, none of it kept. */
async function measured(event: object) {
  const Payload = Buffer.from(JSON.stringify(event));
  const command = new InvokeWithResponseStreamCommand({ FunctionName: streaming, Payload });
  const { EventStream } = await region.lambda.send(command);
  let bytes = 0;
  let error: string | undefined;
  for await (const { PayloadChunk, InvokeComplete } of EventStream ?? []) {
    bytes += PayloadChunk?.Payload?.length ?? 0;
    if (InvokeComplete) error = InvokeComplete.ErrorDetails;
  }
  return { bytes, error };
}

/** A server beside the region at which functions wait for the test. */
async function gate() {
  const waiting = Promise.withResolvers<ServerResponse>();
  const server = createServer((_, response) => waiting.resolve(response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reached: waiting.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("InvokeWithResponseStream", () => {
  it("hands over each chunk as it is written: the function goes on only after the first has arrived", async () => {
    await using door = await gate();
    const answer = await region.lambda.send(
      new InvokeWithResponseStreamCommand({
        FunctionName: streaming,
        Payload: JSON.stringify({ task: "gated", gate: door.url }),
      }),
    );
    assert.deepEqual([answer.StatusCode, answer.ExecutedVersion], [200, "$LATEST"]);
    assert.equal(answer.ResponseStreamContentType, "application/vnd.amazon.eventstream");
    const seen: string[] = [];
    for await (const { PayloadChunk, InvokeComplete } of answer.EventStream ?? []) {
      if (PayloadChunk?.Payload) seen.push(Buffer.from(PayloadChunk.Payload).toString());
      if (InvokeComplete) seen.push(JSON.stringify(InvokeComplete));
      if (seen.length === 1) (await door.reached).end();
    }
    assert.deepEqual(seen, ["first", "second", "{}"]);
  });

  it("carries more than a buffered answer may have, whole", async () => {
    const { text, chunks, ErrorCode } = await streamed(streaming, { task: "large", bytes: 7 * MB });
    assert.equal(ErrorCode, undefined);
    assert.equal(text.length, 7 * MB);
    assert.ok(chunks > 7);
    assert.doesNotMatch(text, /[^x]/);
  });

  it("carries 200 MB, and of one byte more tells that it was too much", async () => {
    const most = 200 * MB;
    assert.deepEqual(await measured({ task: "large", bytes: most }), { bytes: most, error: undefined });
    const { bytes, error } = await measured({ task: "large", bytes: most + 1 });
    assert.match(error ?? "", /Response payload size exceeded maximum allowed payload size \(209715200 bytes\)/);
    assert.ok(bytes <= most, `${bytes} bytes came`);
  });

  it("tells an error before the first chunk and after it", async () => {
    for (const [task, text] of [
      ["early", ""],
      ["late", "half"],
    ] as const) {
      const answer = await streamed(streaming, { task });
      assert.deepEqual([answer.text, answer.ErrorCode], [text, "Unhandled"]);
      const { errorType, errorMessage } = JSON.parse(answer.ErrorDetails ?? "");
      assert.deepEqual([errorType, errorMessage], ["RangeError", task]);
    }
  });

  it("ends a stream that never ends at the function's timeout, and the function works again", async () => {
    const short = await deploy({ Timeout: 1 });
    const answer = await streamed(short, { task: "endless" }, { LogType: "Tail" });
    assert.deepEqual([answer.text, answer.ErrorCode], ["half", "Unhandled"]);
    const { errorType, errorMessage } = JSON.parse(answer.ErrorDetails ?? "");
    assert.equal(errorType, "Sandbox.Timedout");
    assert.match(errorMessage, /^RequestId: \S+ Error: Task timed out after 1\.00 seconds$/);
    assert.match(Buffer.from(answer.LogResult ?? "", "base64").toString(), /\tStatus: timeout/);
    assert.equal((await streamed(short, { task: "logs" })).text, "logged");
  });

  it("tells that a stream was truncated when its runtime ended, and the function works again", async () => {
    const answer = await streamed(streaming, { task: "exits" });
    assert.deepEqual([answer.text, answer.ErrorCode], ["half", "Unhandled"]);
    assert.equal(JSON.parse(answer.ErrorDetails ?? "").errorType, "Runtime.TruncatedResponse");
    assert.equal((await streamed(streaming, { task: "logs" })).text, "logged");
  });

  it("gives the log's tail with the last event when it is asked for", async () => {
    const { text, LogResult } = await streamed(streaming, { task: "logs" }, { LogType: "Tail" });
    assert.equal(text, "logged");
    assert.match(Buffer.from(LogResult ?? "", "base64").toString(), /^START .*\tINFO\tseen\nEND .*\nREPORT /s);
    assert.equal((await streamed(streaming, { task: "logs" })).LogResult, undefined);
  });

  it("serves functions that do not stream, their errors too", async () => {
    const whole = await deploy({}, "index.whole");
    const { text, chunks, ErrorCode } = await streamed(whole, { n: 1 });
    assert.deepEqual([text, chunks, ErrorCode], ['{"whole":{"n":1}}', 1, undefined]);
    const missing = await deploy({}, "index.missing");
    const failed = await streamed(missing, {});
    assert.deepEqual([failed.chunks, failed.ErrorCode], [0, "Unhandled"]);
    assert.equal(JSON.parse(failed.ErrorDetails ?? "").errorType, "Runtime.HandlerNotFound");
  });

  it("tries without running, and refuses before the stream what is not there", async () => {
    const command = { FunctionName: streaming, InvocationType: "DryRun" } as const;
    const { StatusCode } = await region.lambda.send(new InvokeWithResponseStreamCommand(command));
    assert.equal(StatusCode, 204);
    await assert.rejects(streamed("nobody", {}), ResourceNotFoundException);
  });

  it("lets the function run on when its caller is gone, and serves the next", async () => {
    await using door = await gate();
    const abort = new AbortController();
    const answer = await region.lambda.send(
      new InvokeWithResponseStreamCommand({
        FunctionName: streaming,
        Payload: JSON.stringify({ task: "abandoned", gate: door.url }),
      }),
      { abortSignal: abort.signal },
    );
    for await (const { PayloadChunk } of answer.EventStream ?? []) if (PayloadChunk) break;
    abort.abort();
    (await door.reached).end();
    assert.equal((await streamed(streaming, { task: "logs" })).text, "logged");
  });
});

describe("Invoke of a function that streams", () => {
  const invoke = async (event: object) => {
    const { Payload, FunctionError } = await region.lambda.send(
      new InvokeCommand({ FunctionName: streaming, Payload: JSON.stringify(event) }),
    );
    return { text: Buffer.from(Payload ?? []).toString(), FunctionError };
  };

  it("collects the stream, and its error", async () => {
    assert.deepEqual(await invoke({ task: "logs" }), { text: "logged", FunctionError: undefined });
    const { text, FunctionError } = await invoke({ task: "late" });
    assert.deepEqual([FunctionError, JSON.parse(text).errorMessage], ["Unhandled", "late"]);
  });

  it("holds it to the limit of buffered answers", async () => {
    assert.equal((await invoke({ task: "large", bytes: 6 * MB })).text.length, 6 * MB);
    const { text, FunctionError } = await invoke({ task: "large", bytes: 6 * MB + 101 });
    assert.equal(FunctionError, "Unhandled");
    assert.equal(JSON.parse(text).errorType, "Function.ResponseSizeTooLarge");
  });
});
