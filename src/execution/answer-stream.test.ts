import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { AnswerStream, MAX_STREAMED_BYTES } from "./answer-stream.ts";
import type { ResponseSink } from "./response-sink.ts";

const HEAD = { contentType: "text/plain", isStreamed: true, executedVersion: "$LATEST" };
const MB = 1024 * 1024;

function setUp({ takes = true, isClosed = false, bytesPerSecond = 2 * MB } = {}) {
  const heard: string[] = [];
  let drained = (): void => {};
  const sink: ResponseSink = {
    start: ({ contentType }) => heard.push(`start ${contentType}`),
    write: (chunk) => {
      heard.push(`write ${chunk.length}`);
      return takes;
    },
    onDrain: (listener) => {
      drained = listener;
    },
    isClosed,
  };
  let nowMs = 0;
  const stream = new AnswerStream(sink, HEAD, bytesPerSecond, () => nowMs);
  stream.onReady(() => heard.push("ready"));
  return { stream, heard, drain: () => drained(), pass: (ms: number) => (nowMs += ms) };
}

test("the head goes with the first byte, or with the end of an answer without any", () => {
  const { stream, heard } = setUp();
  assert.deepEqual(heard, []);
  stream.write(Buffer.alloc(1));
  stream.write(Buffer.alloc(2));
  stream.finish();
  assert.deepEqual(heard, ["start text/plain", "write 1", "write 2", "ready"]);
  const empty = setUp();
  empty.stream.finish();
  assert.deepEqual(empty.heard, ["start text/plain", "ready"]);
});

test("an answer that is closed before its first byte never starts, and drops what still comes", () => {
  const { stream, heard } = setUp();
  stream.close();
  assert.equal(stream.write(Buffer.alloc(1)), true);
  assert.deepEqual(heard, ["ready"]);
});

test("a full sink makes the writer wait until it has drained", () => {
  const { stream, heard, drain } = setUp({ takes: false });
  assert.equal(stream.write(Buffer.alloc(1)), false);
  drain();
  assert.deepEqual(heard.slice(2), ["ready"]);
});

test("a closed sink never makes the writer wait", () => {
  const { stream } = setUp({ takes: false, isClosed: true });
  assert.equal(stream.write(Buffer.alloc(1)), true);
});

test("6 MB go at once, then 2 MB a second", (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { stream, heard, pass } = setUp();
  assert.equal(stream.write(Buffer.alloc(6 * MB)), true);
  assert.equal(stream.write(Buffer.alloc(MB)), false);
  mock.timers.tick(499);
  assert.equal(heard.at(-1), `write ${MB}`);
  mock.timers.tick(1);
  assert.equal(heard.at(-1), "ready");
  pass(500);
  assert.equal(stream.write(Buffer.alloc(2)), false, "what was earned is spent");
  stream.close();
});

test("what is not used for a while is saved, up to 6 MB", () => {
  const { stream, pass } = setUp();
  stream.write(Buffer.alloc(6 * MB));
  pass(1000);
  assert.equal(stream.write(Buffer.alloc(2 * MB)), true);
  pass(3_600_000);
  assert.equal(stream.write(Buffer.alloc(6 * MB)), true);
  assert.equal(stream.write(Buffer.alloc(1)), false);
  stream.close();
});

test("where no rate is set, nothing waits but for whoever takes it", () => {
  const { stream } = setUp({ bytesPerSecond: Number.POSITIVE_INFINITY });
  for (let count = 0; count < 20; count++) assert.equal(stream.write(Buffer.alloc(6 * MB)), true);
  stream.close();
});

test("200 MB are not too much, one byte more is", () => {
  const { stream } = setUp();
  stream.write(Buffer.alloc(MB));
  assert.equal(stream.wouldOverflow(MAX_STREAMED_BYTES - MB), false);
  assert.equal(stream.wouldOverflow(MAX_STREAMED_BYTES - MB + 1), true);
  stream.close();
});
