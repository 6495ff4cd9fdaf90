/** The Ruby bootstrap as a real process, on every Ruby that is found, against a fake Runtime API. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type RuntimeInstallation, Runtimes } from "../../src/execution/runtimes.ts";
import { onlyDocument, requestId, run, type Scenario } from "../fake-runtime-api.ts";

const installed = (await Runtimes.discover({ pythonDirectories: [] }))
  .list()
  .filter(({ runtime }) => runtime.startsWith("ruby"));

function app(code: string, more: Partial<Scenario> = {}): Scenario {
  return { files: { "app.rb": code }, handler: "app.handler", ...more };
}

/** A handler whose body is one expression. */
const returning = (expression: string, more: Partial<Scenario> = {}): Scenario =>
  app(`def handler(event:, context:)\n  ${expression}\nend\n`, more);

function answering(ruby: RuntimeInstallation) {
  it("answers events over a unix socket and over TCP, also when they come in chunks", async () => {
    const events = ['{"text":"é"}', JSON.stringify({ text: "x".repeat(300_000) })];
    const scenario = returning("[event['text'].length, event['text'].end_with?('é')]", { events });
    for (const more of [
      { transport: "unix" },
      { transport: "tcp" },
      { chunked: true, events: events.slice(0, 1) },
    ] as const) {
      const { answers, log } = await run(ruby, { ...scenario, ...more });
      assert.equal(answers[0]?.path, `/invocation/${requestId(1)}/response`, log);
      assert.equal(answers[0]?.body, "[1,true]");
      if (!("chunked" in more)) assert.equal(answers[1]?.body, "[300000,false]");
    }
  });

  it("gives the handler a context with AWS's members", async () => {
    const code = `def handler(event:, context:)
  names = %i[aws_request_id invoked_function_arn log_group_name log_stream_name memory_limit_in_mb function_name
             function_version identity client_context]
  names.to_h { |name| [name, context.send(name)] }.merge(
    left: context.get_remaining_time_in_millis, trace: ENV['_X_AMZN_TRACE_ID'],
    alonzo: ENV.keys.select { |name| name.start_with?('ALONZO_') })
end
`;
    const headers = {
      "Lambda-Runtime-Client-Context": '{"custom":{"a":"b"}}',
      "Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId":"i"}',
    };
    const { left, ...context } = onlyDocument(await run(ruby, app(code, { headers })));
    assert.ok(Number(left) > 0 && Number(left) <= 3000);
    assert.deepEqual(context, {
      aws_request_id: requestId(1),
      invoked_function_arn: "arn:aws:lambda:us-east-1:000000000000:function:f",
      log_group_name: "/aws/lambda/f",
      log_stream_name: "2026/11/21/[$LATEST]0123456789abcdef0123456789abcdef",
      memory_limit_in_mb: "128",
      function_name: "f",
      function_version: "$LATEST",
      identity: { cognitoIdentityId: "i" },
      client_context: { custom: { a: "b" } },
      trace: "Root=1-5e34a614-10bdxmplf1fb44f07bc535a1;Sampled=0",
      alonzo: [],
    });
  });

  it("sends a StringIO as it is, and goes on after an answer that the platform found too large", async () => {
    const { answers } = await run(ruby, returning('StringIO.new("<b>")'));
    assert.deepEqual([answers[0]?.body, answers[0]?.contentType], ["<b>", "application/unknown"]);
    const large = await run(ruby, returning("1", { events: ["{}", "{}"], responseStatus: 413 }));
    assert.equal(large.answers.length, 2);
  });

  it("tells of an answer that was refused because the invocation had one, and goes on", async () => {
    const { answers, log } = await run(ruby, returning("1", { events: ["{}", "{}"], responseStatus: 400 }));
    assert.equal(answers.length, 2);
    assert.match(log, /The Runtime API answered 400/);
  });
}

function failing(ruby: RuntimeInstallation) {
  it("reports what a handler raises, with the function's own frames, and serves on", async () => {
    const scenario = app(
      "def handler(event:, context:)\n  raise ArgumentError, 'no' if event['n'] == 1\n  event['n']\nend\n",
      {
        events: ['{"n":1}', '{"n":2}'],
      },
    );
    const { answers, log } = await run(ruby, scenario);
    assert.equal(answers[0]?.errorType, "Function<ArgumentError>");
    const { stackTrace, ...document } = JSON.parse(answers[0]?.body ?? "{}");
    assert.deepEqual(document, { errorMessage: "no", errorType: "Function<ArgumentError>" });
    assert.equal(stackTrace.length, 1);
    assert.match(stackTrace[0], /\/task\/app\.rb:2:in [`'].*handler'$/);
    assert.match(log, /Error raised from handler method\n\{"errorMessage":"no"/);
    assert.equal(answers[1]?.body, "2");
  });

  const inits: Record<string, [Scenario, string, RegExp]> = {
    "a file that is not there": [
      { ...app(""), handler: "nope.handler" },
      "Init<LoadError>",
      /cannot load such file -- nope/,
    ],
    "a syntax error": [app("def ("), "Init<SyntaxError>", /app\.rb/],
    "an error at load": [app("raise 'early'"), "Init<RuntimeError>", /^early$/],
    "a handler that names no method": [
      { ...app(""), handler: "app" },
      "Init<ArgumentError>",
      /^Invalid handler app, must be/,
    ],
  };
  for (const [what, [scenario, type, message]] of Object.entries(inits)) {
    it(`reports ${what} as an error of the init, and ends`, async () => {
      const { answers, exitCode } = await run(ruby, scenario);
      assert.deepEqual([answers[0]?.path, answers[0]?.errorType, exitCode], ["/init/error", type, 1]);
      assert.match(JSON.parse(answers[0]?.body ?? "{}").errorMessage, message);
    });
  }

  it("reports a method that is not there when it is called, as AWS's runtime does", async () => {
    const { answers } = await run(ruby, { ...app(""), handler: "app.nobody" });
    assert.equal(answers[0]?.errorType, "Function<NoMethodError>");
  });
}

function logging(ruby: RuntimeInstallation) {
  it("calls methods of classes in modules", async () => {
    const code = "module Shop\n  class Orders\n    def self.process(event:, context:) = { ok: true }\n  end\nend\n";
    const { answers } = await run(ruby, { ...app(code), handler: "app.Shop::Orders.process" });
    assert.equal(answers[0]?.body, '{"ok":true}');
  });

  it("has Logger write the request id, or JSON at the level of the logging configuration", async () => {
    const code = `require 'logger'
LOG = Logger.new($stdout)
def handler(event:, context:)
  LOG.debug('fine')
  LOG.warn('careful')
end
`;
    const text = await run(ruby, app(code));
    assert.match(text.log, new RegExp(`^D, \\[.* #\\d+\\] DEBUG ${requestId(1)} -- : fine\\nW, .*: careful\\n`));
    const environment = { AWS_LAMBDA_LOG_FORMAT: "JSON", AWS_LAMBDA_LOG_LEVEL: "WARN" };
    const { timestamp, ...line } = JSON.parse((await run(ruby, app(code, { environment }))).log);
    assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(line, { log_level: "WARN", message: "careful", aws_request_id: requestId(1) });
  });
}

for (const ruby of installed) {
  describe(`the bootstrap of ${ruby.runtime}`, () => {
    answering(ruby);
    failing(ruby);
    logging(ruby);
  });
}
if (installed.length === 0) it("the bootstrap of Ruby", { skip: "no Ruby on this machine" }, () => {});
