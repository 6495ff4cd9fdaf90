import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnswerStream } from "./answer-stream.ts";
import { invocation, type PlayedRuntime, play, serving } from "./played-runtime.ts";
import type { ResponseHead, ResponseSink } from "./response-sink.ts";

function listening() {
  const heard: unknown[] = [];
  const sink: ResponseSink = {
    start: (head: ResponseHead) => heard.push(head),
    write: (chunk: Buffer) => heard.push(chunk.toString()) > 0,
    onDrain: () => {},
    isClosed: false,
  };
  return { heard, sink };
}

/** A function that streams "one" and then does as the test says. */
const streaming = (then: (stream: AnswerStream, runtime: PlayedRuntime) => void) => (runtime: PlayedRuntime) =>
  runtime.next((requestId) => {
    const stream = runtime.slot.stream(requestId, "text/plain");
    if (!stream) throw new Error("the slot takes no stream");
    stream.write(Buffer.from("one"));
    then(stream, runtime);
  });

const HEAD = { contentType: "text/plain", isStreamed: true, executedVersion: "$LATEST" };
const ended = { kind: "response", body: Buffer.alloc(0) } as const;

test("with a sink, a whole answer goes there in one piece and the outcome's payload is empty", async () => {
  const { environment } = play(serving(() => '"out"'));
  await environment.init();
  const { heard, sink } = listening();
  const outcome = await environment.invoke({ ...invocation(1), sink }, false);
  assert.deepEqual(heard, [
    { contentType: "application/json", isStreamed: false, executedVersion: "$LATEST" },
    '"out"',
  ]);
  assert.deepEqual([outcome.kind, outcome.payload.length], ["ok", 0]);
});

test("without a sink the slot takes no stream: the answer is collected", async () => {
  const taken: unknown[] = [];
  const { environment } = play((runtime) =>
    runtime.next((requestId) => {
      taken.push(runtime.slot.stream(requestId, "text/plain"));
      runtime.respond(requestId, "1");
    }),
  );
  await environment.init();
  assert.equal((await environment.invoke(invocation(1), false)).payload.toString(), "1");
  assert.deepEqual(taken, [undefined]);
});

test("the outcome comes when the stream has ended, and the environment is offered when the runtime is back", async () => {
  const { heard, sink } = listening();
  const { environment, untilIdle, calls } = play(
    streaming((stream, runtime) => {
      environment.freeze();
      runtime.slot.endStream(stream, ended);
      runtime.next(() => {});
    }),
  );
  await environment.init();
  const outcome = await environment.invoke({ ...invocation(1), sink }, true);
  assert.deepEqual(heard, [HEAD, "one"]);
  assert.deepEqual([outcome.kind, outcome.payload.length], ["ok", 0]);
  assert.match(outcome.logTail.toString(), /^START .*\nEND .*\nREPORT /);
  await untilIdle(1);
  assert.deepEqual(calls, ["start"], "no freeze amid the stream");
});

test("a stream that reaches the function's timeout is cut: nothing goes to the sink after the outcome", async () => {
  const { heard, sink } = listening();
  let late: AnswerStream | undefined;
  const { environment, calls, untilIdle } = play(
    streaming((stream) => {
      late = stream;
    }),
    0.05,
  );
  await environment.init();
  const outcome = await environment.invoke({ ...invocation(1), sink }, false);
  assert.deepEqual([outcome.kind, outcome.errorType], ["timeout", "Sandbox.Timedout"]);
  late?.write(Buffer.from("late"));
  assert.deepEqual(heard, [HEAD, "one"]);
  await untilIdle(1);
  assert.deepEqual(calls, ["start", "reset"]);
});

test("a runtime that ends amid its stream is judged by how the stream ends", async () => {
  for (const [answer, kind, errorType] of [
    [{ ...ended, kind: "truncated" }, "function-error", "Runtime.TruncatedResponse"],
    [ended, "ok", undefined],
  ] as const) {
    const { sink } = listening();
    const { environment, untilIdle, calls } = play(
      streaming((stream, runtime) => {
        runtime.exit(1);
        setImmediate(() => setImmediate(() => runtime.slot.endStream(stream, answer)));
      }),
    );
    await environment.init();
    const outcome = await environment.invoke({ ...invocation(1), sink }, false);
    assert.deepEqual([outcome.kind, outcome.errorType], [kind, errorType]);
    await untilIdle(1);
    assert.deepEqual(calls, ["start", "reset"]);
  }
});

test("a stream that is too large fails with its own limit in words, and the environment lives on", async () => {
  const { sink } = listening();
  const { environment, untilIdle, calls } = play(
    streaming((stream, runtime) => {
      runtime.slot.endStream(stream, { ...ended, kind: "too-large" });
      runtime.next(() => {});
    }),
  );
  await environment.init();
  const outcome = await environment.invoke({ ...invocation(1), sink }, false);
  assert.deepEqual(JSON.parse(outcome.payload.toString()), {
    errorMessage: "Response payload size exceeded maximum allowed payload size (209715200 bytes).",
    errorType: "Function.ResponseSizeTooLarge",
  });
  await untilIdle(1);
  assert.deepEqual(calls, ["start"]);
});
