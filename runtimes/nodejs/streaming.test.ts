/** Streaming handlers in the Node.js bootstrap as a real process, on every Node that is installed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type RuntimeInstallation, Runtimes } from "../../src/execution/runtimes.ts";
import { type Answer, requestId, run, type Scenario } from "../fake-runtime-api.ts";

const installed = (await Runtimes.discover({ pythonDirectories: [] }))
  .list()
  .filter(({ runtime }) => runtime.startsWith("nodejs"));

/** A scenario whose handler is one streaming function of (event, stream, context). */
const streaming = (code: string, more: Partial<Scenario> = {}): Scenario => ({
  files: {
    "index.mjs": `import { pipeline } from "node:stream/promises"; import { Readable } from "node:stream";
    export const handler = awslambda.streamifyResponse(${code}, { highWaterMark: 4096 });`,
  },
  handler: "index.handler",
  ...more,
});

const errorOf = ({ trailers }: Answer) => ({
  type: trailers["lambda-runtime-function-error-type"],
  document: JSON.parse(
    Buffer.from(trailers["lambda-runtime-function-error-body"] ?? "", "base64").toString() || "null",
  ),
});

function first(answers: readonly Answer[]): Answer {
  assert.ok(answers[0]);
  return answers[0];
}

function answering(node: RuntimeInstallation) {
  it("streams what the handler writes, in order and of its content type, and takes the next event", async () => {
    const code = `async (event, stream, context) => { stream.setContentType("text/plain");
      stream.write(context.awsRequestId + " "); stream.write(Buffer.from(event.text)); stream.write({ a: 1 });
      stream.write(""); stream.end("!"); }`;
    for (const transport of ["unix", "tcp"] as const) {
      const { answers } = await run(node, streaming(code, { events: ['{"text":"é"}', '{"text":"2"}'], transport }));
      assert.equal(answers.length, 2);
      const { path, body, mode, contentType, trailers } = first(answers);
      assert.equal(path, `/invocation/${requestId(1)}/response`);
      assert.deepEqual([mode, contentType, { ...trailers }], ["streaming", "text/plain", {}]);
      assert.equal(body, `${requestId(1)} é{"a":1}!`);
      assert.equal(answers[1]?.body, `${requestId(2)} 2{"a":1}!`);
    }
  });

  it("takes what is piped into it, however much", async () => {
    const code = `async (event, stream) => {
      await pipeline(Readable.from((function* () { for (let n = 0; n < 300; n++) yield Buffer.alloc(10_000, "x"); })()), stream); }`;
    const { answers } = await run(node, streaming(code));
    assert.equal(first(answers).body, "x".repeat(3_000_000));
    assert.equal(first(answers).contentType, "application/octet-stream");
  });

  it("writes the head of an HTTP response before the first write", async () => {
    const code = `async (event, stream) => { const http = awslambda.HttpResponseStream.from(stream,
      { statusCode: 201, headers: { a: "b" }, cookies: ["c=d"] }); http.write("body"); http.end(); }`;
    const { answers } = await run(node, streaming(code));
    assert.equal(first(answers).contentType, "application/vnd.awslambda.http-integration-response");
    const head = '{"statusCode":201,"headers":{"a":"b"},"cookies":["c=d"]}';
    assert.equal(first(answers).body, `${head}${"\0".repeat(8)}body`);
  });

  it("answers an empty stream, and goes on when the handler works on after the end", async () => {
    const code = `async (event, stream) => { stream.end(); await new Promise((resolve) => setTimeout(resolve, 20));
      console.log("worked on"); }`;
    const { answers, log } = await run(node, streaming(code, { events: ["{}", "{}"] }));
    assert.deepEqual(
      answers.map(({ body, mode }) => [body, mode]),
      [
        ["", "streaming"],
        ["", "streaming"],
      ],
    );
    assert.equal(log.split("worked on").length, 3);
  });

  it("warns that what the handler returns is ignored", async () => {
    const { answers, log } = await run(node, streaming("async (event, stream) => { stream.end('a'); return 1; }"));
    assert.equal(first(answers).body, "a");
    assert.match(log, /\tWARN\tStreaming handlers ignore return values\.\n/);
  });

  it("is told by the symbols alone, as wrappers carry them over, and has no global where it is not wanted", async () => {
    const scenario: Scenario = {
      files: {
        "index.mjs": `export const handler = async (event, stream, context) => { stream.end(typeof awslambda); };
          handler[Symbol.for("aws.lambda.runtime.handler.streaming")] = "response";`,
      },
      handler: "index.handler",
    };
    assert.equal(first((await run(node, scenario)).answers).body, "object");
    const environment = { AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA: "1" };
    assert.equal(first((await run(node, { ...scenario, environment })).answers).body, "undefined");
  });
}

function failing(node: RuntimeInstallation) {
  const failures: Record<string, [string, string, string, string]> = {
    "before the first write": ["async () => { throw new RangeError('early'); }", "", "RangeError", "early"],
    "after it": ["async (e, s) => { s.write('half'); throw new RangeError('late'); }", "half", "RangeError", "late"],
    "of what is piped into it": [
      "async (e, s) => pipeline(Readable.from((function* () { yield 'half'; throw new TypeError('source'); })()), s)",
      "half",
      "TypeError",
      "source",
    ],
    "of a handler that is not async": [
      "(e, s) => { s.end('x'); }",
      "",
      "Error",
      "Streaming does not support non-async handlers.",
    ],
    "of a content type that comes too late": [
      "async (e, s) => { s.write('x'); s.setContentType('text/html'); }",
      "x",
      "Runtime.InvalidStreamingOperation",
      "Cannot set content-type, too late.",
    ],
    "of a stream that is destroyed": [
      "async (e, s) => { s.destroy(); }",
      "",
      "Error",
      "Response stream is not finished.",
    ],
  };
  for (const [what, [code, body, errorType, errorMessage]] of Object.entries(failures)) {
    it(`tells an error ${what} in the trailers, logs it, and goes on`, async () => {
      const { answers, log } = await run(node, streaming(code, { events: ["{}", "{}"] }));
      assert.equal(answers.length, 2);
      const { type, document } = errorOf(first(answers));
      assert.equal(type, errorType);
      assert.deepEqual([document.errorType, document.errorMessage], [errorType, errorMessage]);
      assert.ok(Array.isArray(document.trace));
      // A handler that is not async has ended its stream in vain; whether its bytes left is its own race.
      if (what !== "of a handler that is not async") assert.equal(first(answers).body, body);
      assert.match(log, /\tERROR\tInvoke Error \t\{/);
    });
  }

  it("tells a document that is too large for a trailer without its trace", async () => {
    const code = "async (e, s) => { s.write('x'); throw new Error('long'.repeat(50_000)); }";
    const { document } = errorOf(first((await run(node, streaming(code))).answers));
    assert.deepEqual([document.errorType, document.errorMessage, document.trace], ["Error", "long".repeat(1024), []]);
  });

  it("tells an uncaught exception amid the stream in the trailers and exits with 129", async () => {
    const code = `async (e, s) => { s.write("half"); await new Promise(() => setTimeout(() => { throw new Error("gone"); }, 5)); }`;
    const { answers, exitCode } = await run(node, streaming(code));
    assert.equal(exitCode, 129);
    assert.equal(first(answers).body, "half");
    assert.equal(errorOf(first(answers)).document.errorMessage, "gone");
  });

  it("tells an uncaught exception before the first write as any other function does", async () => {
    const code = `async () => { await new Promise(() => setTimeout(() => { throw new Error("gone"); }, 5)); }`;
    const { answers, exitCode } = await run(node, streaming(code));
    assert.deepEqual([exitCode, first(answers).path], [129, `/invocation/${requestId(1)}/error`]);
  });

  it("refuses a handler that streams in another way", async () => {
    const scenario = {
      files: {
        "index.mjs": `export const handler = async () => {};
        handler[Symbol.for("aws.lambda.runtime.handler.streaming")] = "request";`,
      },
      handler: "index.handler",
    };
    const { answers } = await run(node, scenario);
    assert.equal(first(answers).path, "/init/error");
    const { errorType, errorMessage } = JSON.parse(first(answers).body);
    assert.deepEqual(
      [errorType, errorMessage],
      ["Runtime.MalformedStreamingHandler", "Only response streaming is supported."],
    );
  });
}

for (const node of installed) {
  describe(`${node.runtime} (${node.version}), streaming`, { concurrency: 2 }, () => {
    describe("answering", () => answering(node));
    describe("failing", () => failing(node));
  });
}
