/** The Node.js bootstrap as a real process, on every Node that is installed, against a fake Runtime API. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type RuntimeInstallation, Runtimes } from "../../src/execution/runtimes.ts";
import { onlyDocument, requestId, run, type Scenario, telemetryFrames } from "../fake-runtime-api.ts";

const installed = (await Runtimes.discover({ pythonDirectories: [] }))
  .list()
  .filter(({ runtime }) => runtime.startsWith("nodejs"));
assert.ok(installed.length > 0, "no Node.js runtime is installed: run npm ci");

/** A scenario whose code is one ES module. */
function module(code: string, more: Partial<Scenario> = {}): Scenario {
  return { files: { "index.mjs": code }, handler: "index.handler", ...more };
}

function common(code: string, more: Partial<Scenario> = {}): Scenario {
  return { files: { "index.js": code }, handler: "index.handler", ...more };
}

function answering(node: RuntimeInstallation) {
  it("answers events over a unix socket and over TCP, also when they come in chunks", async () => {
    const code = "export const handler = async (event) => ({ got: event.text.length, last: event.text.at(-1) });";
    const events = [`{"text":"é"}`, JSON.stringify({ text: "x".repeat(300_000) })];
    for (const more of [
      { transport: "unix" },
      { transport: "tcp" },
      { chunked: true, events: events.slice(0, 1) },
    ] as const) {
      const { answers } = await run(node, module(code, { events, ...more }));
      assert.equal(answers[0]?.path, `/invocation/${requestId(1)}/response`);
      assert.equal(answers[0]?.body, '{"got":1,"last":"é"}');
      if (!("chunked" in more)) assert.equal(answers[1]?.body, '{"got":300000,"last":"x"}');
    }
  });

  it("gives the handler a context with AWS's members", async () => {
    const code = `export const handler = async (event, context) => ({ ...context,
      left: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID,
      alonzo: Object.keys(process.env).filter((name) => name.startsWith("ALONZO_")) });`;
    const headers = {
      "Lambda-Runtime-Client-Context": Buffer.from('{"custom":{"a":"é"}}').toString("latin1"),
      "Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
      "Lambda-Runtime-Aws-Tenant-Id": "blue",
    };
    const {
      left,
      callbackWaitsForEmptyEventLoop: _,
      ...context
    } = onlyDocument(await run(node, module(code, { headers })));
    assert.ok(Number(left) > 0 && Number(left) <= 3000);
    assert.deepEqual(context, {
      functionVersion: "$LATEST",
      functionName: "f",
      memoryLimitInMB: "128",
      logGroupName: "/aws/lambda/f",
      logStreamName: "2026/11/21/[$LATEST]0123456789abcdef0123456789abcdef",
      clientContext: { custom: { a: "é" } },
      identity: { cognitoIdentityId: "i", cognitoIdentityPoolId: "p" },
      invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:f",
      awsRequestId: requestId(1),
      tenantId: "blue",
      trace: "Root=1-5e34a614-10bdxmplf1fb44f07bc535a1;Sampled=0",
      alonzo: [],
    });
  });

  it("answers null for undefined, and keeps module state between invocations", async () => {
    const { answers } = await run(
      node,
      module("let n = 0; export const handler = async () => (n++ ? n : undefined);", { events: ["{}", "{}"] }),
    );
    assert.deepEqual(
      answers.map(({ body }) => body),
      ["null", "2"],
    );
  });

  it("goes on after a response that the platform found too large", async () => {
    const scenario = module("export const handler = async () => 1;", { events: ["{}", "{}"], responseStatus: 413 });
    assert.equal((await run(node, scenario)).answers.length, 2);
  });

  it("tells of an answer that was refused because the invocation had one, and goes on", async () => {
    const scenario = module("export const handler = async () => 1;", { events: ["{}", "{}"], responseStatus: 400 });
    const { answers, log } = await run(node, scenario);
    assert.equal(answers.length, 2);
    assert.match(log, /The Runtime API answered 400/);
  });
}

function loading(node: RuntimeInstallation) {
  const cases: Record<string, Scenario> = {
    CommonJS: common("exports.handler = async () => 'ok';"),
    "CommonJS in .cjs": { files: { "index.cjs": "exports.handler = async () => 'ok';" }, handler: "index.handler" },
    "ES modules with top-level await": module(
      "const v = await Promise.resolve('ok'); export const handler = async () => v;",
    ),
    "ES modules by package.json": {
      files: { "package.json": '{"type":"module"}', "src/index.js": "export const handler = async () => 'ok';" },
      handler: "src/index.handler",
    },
    "nested exports": common("exports.api = { v1: { get: async () => 'ok' } };", { handler: "index.api.v1.get" }),
    "modules of a layer": {
      files: { "index.js": "exports.handler = async () => require('dep');" },
      layer: { "nodejs/node_modules/dep/index.js": "module.exports = 'ok';" },
      handler: "index.handler",
    },
    "a package's handler": {
      files: { "node_modules/pkg/index.js": "exports.handler = async () => 'ok';" },
      handler: "pkg.handler",
    },
  };
  for (const [what, scenario] of Object.entries(cases)) {
    it(`loads ${what}`, async () => assert.equal((await run(node, scenario)).answers[0]?.body, '"ok"'));
  }

  const failures: Record<string, [Scenario, string, string | RegExp]> = {
    "a handler setting without a dot": [
      common("", { handler: "index" }),
      "Runtime.MalformedHandlerName",
      "Bad handler",
    ],
    "a handler setting that climbs": [
      common("", { handler: "../x.handler" }),
      "Runtime.MalformedHandlerName",
      /^'\.\.\/x\.handler' is not a valid handler name/,
    ],
    "a missing file": [
      common("", { handler: "nope.handler" }),
      "Runtime.ImportModuleError",
      /^Error: Cannot find module 'nope'\nRequire stack:\n- .*\/index\.mjs$/,
    ],
    "a missing dependency": [
      common("require('nope')"),
      "Runtime.ImportModuleError",
      /^Error: Cannot find module 'nope'\nRequire stack:\n- .*\/index\.js\n- .*\/index\.mjs$/,
    ],
    "a missing export": [common("", {}), "Runtime.HandlerNotFound", "index.handler is undefined or not exported"],
    "an export that is no function": [
      common("exports.handler = 3"),
      "Runtime.HandlerNotFound",
      "index.handler is not a function",
    ],
    "a syntax error": [common("exports.handler = ("), "Runtime.UserCodeSyntaxError", /^SyntaxError: /],
    "an error while loading": [module("throw new RangeError('early')"), "RangeError", "early"],
  };
  for (const [what, [scenario, errorType, message]] of Object.entries(failures)) {
    it(`reports ${what} as an init error and exits with 1`, async () => {
      const result = await run(node, scenario);
      const document = onlyDocument(result);
      assert.equal(result.answers[0]?.path, "/init/error");
      assert.equal(result.answers[0]?.errorType, errorType);
      assert.equal(document.errorType, errorType);
      if (typeof message === "string") assert.equal(document.errorMessage, message);
      else assert.match(String(document.errorMessage), message);
      assert.ok(Array.isArray(document.trace) && document.trace.length > 0);
      assert.equal(result.exitCode, 1);
    });
  }
}

function failing(node: RuntimeInstallation) {
  it("reports what the handler throws, logs it, and goes on", async () => {
    const code = `class Odd extends Error { name = "Odd"; code = "E1" }
      export const handler = async (event) => { throw event.s ? event.s : new Odd("a\\nb"); };`;
    const result = await run(node, module(code, { events: ["{}", '{"s":"text"}'] }));
    const [first, second] = result.answers.map(({ body }) => JSON.parse(body));
    assert.equal(first.errorType, "Odd");
    assert.equal(first.errorMessage, "a\nb");
    assert.deepEqual(first.trace.slice(0, 2), ["Odd: a", "b"]);
    assert.match(first.trace[2], /^ {4}at Runtime\.handler \(file:\/\/.*index\.mjs:2:/);
    assert.deepEqual(second, { errorType: "string", errorMessage: "text", trace: [] });
    assert.equal(result.answers[0]?.errorType, "Odd");
    assert.match(
      result.log,
      /^\d{4}-\d\d-\d\dT[\d:.]+Z\t[0-9a-f-]{36}\tERROR\tInvoke Error \t\{"errorType":"Odd","errorMessage":"a\\nb","code":"E1","stack":\["Odd: a",/,
    );
  });

  it("reports an answer that JSON cannot hold", async () => {
    const document = onlyDocument(await run(node, module("export const handler = async () => ({ n: 1n });")));
    assert.equal(document.errorMessage, "Unable to stringify response body");
    assert.equal(document.errorType, node.runtime === "nodejs22.x" ? "Error" : "Runtime.JSONStringifyError");
  });

  it("reports an unhandled rejection and exits with 128", async () => {
    const code = "export const handler = () => { Promise.reject(new Error('lost')); return new Promise(() => {}); };";
    const result = await run(node, module(code));
    const document = onlyDocument(result);
    assert.equal(result.exitCode, 128);
    assert.equal(document.errorType, "Runtime.UnhandledPromiseRejection");
    assert.equal(document.errorMessage, "Error: lost");
    assert.equal((document.reason as { errorMessage: string }).errorMessage, "lost");
    assert.deepEqual(document.promise, {});
    assert.equal((document.trace as string[])[0], "Runtime.UnhandledPromiseRejection: Error: lost");
    assert.match(result.log, /\tERROR\tUnhandled Promise Rejection \t\{/);
  });

  it("reports an uncaught exception and exits with 129", async () => {
    const code = "export const handler = () => new Promise(() => setTimeout(() => { throw new Error('late'); }, 1));";
    const result = await run(node, module(code));
    assert.equal(result.exitCode, 129);
    assert.equal(onlyDocument(result).errorMessage, "late");
    assert.match(result.log, /\tERROR\tUncaught Exception \t\{/);
  });

  it("reports what goes wrong beside the loading of the handler as an init error", async () => {
    for (const [code, errorType, exitCode] of [
      ["Promise.reject(new Error('lost'))", "Runtime.UnhandledPromiseRejection", 128],
      ["setTimeout(() => { throw new RangeError('late'); }, 1)", "RangeError", 129],
    ] as const) {
      const slow = "await new Promise((resolve) => setTimeout(resolve, 60_000)); export const handler = async () => 1;";
      const result = await run(node, module(`${code}; ${slow}`));
      assert.equal(result.answers[0]?.path, "/init/error");
      assert.equal(onlyDocument(result).errorType, errorType);
      assert.equal(result.exitCode, exitCode);
    }
  });

  it("reports a promise that can never settle as Runtime.NodeJsExit", async () => {
    const result = await run(node, module("export const handler = async () => new Promise(() => {});"));
    const document = onlyDocument(result);
    assert.equal(document.errorType, "Runtime.NodeJsExit");
    assert.match(String(document.errorMessage), /a Promise that was never settled/);
    assert.equal(result.answers[0]?.path, `/invocation/${requestId(1)}/error`);
  });

  it("just ends when the function calls process.exit", async () => {
    const result = await run(
      node,
      module("export const handler = async () => { console.log('bye'); process.exit(7); };"),
    );
    assert.deepEqual(result.answers, []);
    assert.equal(result.exitCode, 7);
    assert.match(result.log, /\tINFO\tbye\n/);
  });
}

function logging(node: RuntimeInstallation) {
  const code = `console.log("early");
    export const handler = async () => { console.log("a %d", 1, { b: 2 }); console.error("two\\nlines");
      console.debug("d"); console.warn("w"); process.stdout.write("raw".repeat(100000) + "\\n"); };`;

  it("writes text lines with time, request and level; a record is one line", async () => {
    const lines = (await run(node, module(code))).log.split("\n");
    const shown = lines.slice(0, 5).map((line) => line.split("\t").slice(1));
    const id = requestId(1);
    assert.deepEqual(shown, [
      ["undefined", "INFO", "early"],
      [id, "INFO", "a 1 { b: 2 }"],
      [id, "ERROR", "two\rlines"],
      [id, "DEBUG", "d"],
      [id, "WARN", "w"],
    ]);
    assert.equal(lines[5]?.length, 300_000);
  });

  it("writes JSON lines from the configured level on", async () => {
    const environment = { AWS_LAMBDA_LOG_FORMAT: "JSON", AWS_LAMBDA_LOG_LEVEL: "WARN" };
    const handler = `export const handler = async () => { console.info("no"); console.warn({ a: 1 });
      console.error("bad", new TypeError("t")); throw new Error("end"); };`;
    const lines = (await run(node, module(handler, { environment }))).log
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(lines.length, 3);
    assert.deepEqual(Object.keys(lines[0]), ["timestamp", "level", "requestId", "message"]);
    assert.deepEqual([lines[0].level, lines[0].message], ["WARN", { a: 1 }]);
    assert.deepEqual([lines[1].errorType, lines[1].errorMessage], ["TypeError", "t"]);
    assert.equal(lines[1].stackTrace[0], "TypeError: t");
    assert.deepEqual([lines[2].level, lines[2].errorMessage], ["ERROR", "end"]);
  });
}

function framing(node: RuntimeInstallation) {
  it("frames records for the telemetry descriptor, line breaks and all, and hides the descriptor from the function", async () => {
    const handler = `export const handler = async () => { console.error("two\\nlines");
      return process.env._LAMBDA_TELEMETRY_LOG_FD ?? "hidden"; };`;
    for (const [format, type] of [
      ["Text", 0xa55a0017],
      ["JSON", 0xa55a0016],
    ] as const) {
      const environment = { _LAMBDA_TELEMETRY_LOG_FD: "1", AWS_LAMBDA_LOG_FORMAT: format };
      const { stdout, answers } = await run(node, module(handler, { environment }));
      const [frame, ...others] = telemetryFrames(stdout);
      assert.equal(answers[0]?.body, '"hidden"');
      assert.deepEqual(others, []);
      assert.equal(frame?.type, type);
      assert.ok(Math.abs(Number(frame?.timeMs) - Date.now()) < 60_000);
      const message = format === "Text" ? frame?.text.split("\t")[3] : JSON.parse(frame?.text ?? "").message;
      assert.equal(message, "two\nlines");
    }
  });
}

function callbacks(node: RuntimeInstallation) {
  const answers: Record<string, [string, string]> = {
    callback: ["exports.handler = (event, context, callback) => callback(null, 1);", "1"],
    "callback, after the event loop has emptied": [
      "exports.handler = (e, c, callback) => { const o = {}; setTimeout(() => { o.late = true; }, 5); callback(null, o); };",
      '{"late":true}',
    ],
    "callback at once when told not to wait": [
      "exports.handler = (e, c, callback) => { c.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 60000); callback(null, 2); };",
      "2",
    ],
    "context.done": [
      "exports.handler = (event, context) => { setTimeout(() => {}, 60000); context.done(null, 3); };",
      "3",
    ],
    "context.succeed": ["exports.handler = (event, context) => context.succeed(4);", "4"],
    "null when nothing answers": ["exports.handler = () => 5;", "null"],
  };
  for (const [what, [code, body]] of Object.entries(answers)) {
    it(`answers by ${what}`, async () => {
      const result = await run(node, common(code));
      assert.match(result.answers[0]?.path ?? result.log, /\/response$/);
      assert.equal(result.answers[0]?.body, body);
    });
  }

  it("reports errors given to callback and context.fail", async () => {
    for (const code of ["(e, c, callback) => callback(new Error('no'))", "(e, c) => c.fail(new Error('no'))"]) {
      const result = await run(node, common(`exports.handler = ${code};`));
      assert.equal(result.answers[0]?.path, `/invocation/${requestId(1)}/error`);
      assert.equal(onlyDocument(result).errorMessage, "no");
    }
  });

  it("has require of ES modules off unless NODE_OPTIONS asks for it", async () => {
    const scenario = {
      files: { "index.js": "exports.handler = async () => require('./m.mjs').m;", "m.mjs": "export const m = 'ok';" },
      handler: "index.handler",
    };
    assert.match(String(onlyDocument(await run(node, scenario)).errorMessage), /require\(\) of ES Module/);
    const environment = { NODE_OPTIONS: "--experimental-require-module" };
    assert.equal((await run(node, { ...scenario, environment })).answers[0]?.body, '"ok"');
  });
}

function noCallbacks(node: RuntimeInstallation) {
  it("refuses handlers with a callback parameter", async () => {
    const result = await run(node, common("exports.handler = (event, context, callback) => callback(null, 1);"));
    const document = onlyDocument(result);
    assert.equal(result.answers[0]?.path, "/init/error");
    assert.equal(document.errorType, "Runtime.CallbackHandlerDeprecated");
    assert.match(String(document.errorMessage), /^ERROR: AWS Lambda has removed support for callback-based/);
  });

  it("answers what a synchronous handler returns", async () => {
    assert.equal((await run(node, common("exports.handler = () => 5;"))).answers[0]?.body, "5");
  });
}

for (const node of installed) {
  describe(`${node.runtime} (${node.version})`, { concurrency: 2 }, () => {
    describe("answering", () => answering(node));
    describe("loading", () => loading(node));
    describe("failing", () => failing(node));
    describe("logging", () => logging(node));
    describe("framing", () => framing(node));
    if (node.runtime === "nodejs22.x") describe("callbacks", () => callbacks(node));
    else describe("without callbacks", () => noCallbacks(node));
  });
}
