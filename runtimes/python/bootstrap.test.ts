/** The Python bootstrap as a real process, on every Python that is found, against a fake Runtime API. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type RuntimeInstallation, Runtimes } from "../../src/execution/runtimes.ts";
import { onlyDocument, requestId, run, type Scenario, telemetryFrames } from "../fake-runtime-api.ts";

const installed = (await Runtimes.discover()).list().filter(({ runtime }) => runtime.startsWith("python"));

function app(code: string, more: Partial<Scenario> = {}): Scenario {
  return { files: { "app.py": code }, handler: "app.handler", ...more };
}

/** A handler whose body is one expression. */
function returning(expression: string, more: Partial<Scenario> = {}): Scenario {
  return app(`def handler(event, context):\n    return ${expression}\n`, more);
}

function answering(python: RuntimeInstallation) {
  it("answers events over a unix socket and over TCP, also when they come in chunks", async () => {
    const events = ['{"text":"é"}', JSON.stringify({ text: "x".repeat(300_000) })];
    const scenario = returning('[len(event["text"]), event["text"][-1] == "é"]', { events });
    for (const more of [
      { transport: "unix" },
      { transport: "tcp" },
      { chunked: true, events: events.slice(0, 1) },
    ] as const) {
      const { answers } = await run(python, { ...scenario, ...more });
      assert.equal(answers[0]?.path, `/invocation/${requestId(1)}/response`);
      assert.equal(answers[0]?.body, "[1, true]");
      if (!("chunked" in more)) assert.equal(answers[1]?.body, "[300000, false]");
    }
  });

  it("gives the handler a context with AWS's members", async () => {
    const code = `import os
def handler(event, context):
    shown = {name: value for name, value in vars(context).items() if isinstance(value, str)}
    shown["custom"] = context.client_context.custom
    shown["title"] = context.client_context.client.app_title
    shown["identity"] = context.identity.cognito_identity_id
    shown["left"] = context.get_remaining_time_in_millis()
    shown["trace"] = os.environ["_X_AMZN_TRACE_ID"]
    shown["alonzo"] = [name for name in os.environ if name.startswith("ALONZO_")]
    return shown
`;
    const headers = {
      "Lambda-Runtime-Client-Context": Buffer.from('{"custom":{"a":"é"},"client":{"app_title":"t"}}').toString(
        "latin1",
      ),
      "Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
      "Lambda-Runtime-Aws-Tenant-Id": "blue",
    };
    const { left, ...context } = onlyDocument(await run(python, app(code, { headers })));
    assert.ok(Number(left) > 0 && Number(left) <= 3000);
    assert.deepEqual(context, {
      aws_request_id: requestId(1),
      log_group_name: "/aws/lambda/f",
      log_stream_name: "2026/11/21/[$LATEST]0123456789abcdef0123456789abcdef",
      function_name: "f",
      memory_limit_in_mb: "128",
      function_version: "$LATEST",
      invoked_function_arn: "arn:aws:lambda:us-east-1:000000000000:function:f",
      tenant_id: "blue",
      custom: { a: "é" },
      title: "t",
      identity: "i",
      trace: "Root=1-5e34a614-10bdxmplf1fb44f07bc535a1;Sampled=0",
      alonzo: [],
    });
  });

  it("writes decimals as numbers, NaN as it is, and other letters as this version of AWS's runtime does", async () => {
    const scenario = returning('{"d": D("1.10"), "n": float("nan"), "s": "é", "t": (1, None)}');
    const files = { "app.py": `from decimal import Decimal as D\n${scenario.files["app.py"]}` };
    const letters = Number(python.runtime.split(".")[1]) >= 12 ? "é" : "\\u00e9";
    const { answers } = await run(python, { ...scenario, files });
    assert.equal(answers[0]?.body, `{"d": 1.10, "n": NaN, "s": "${letters}", "t": [1, null]}`);
  });

  it("goes on after a response that the platform found too large", async () => {
    const { answers } = await run(python, returning("1", { events: ["{}", "{}"], responseStatus: 413 }));
    assert.equal(answers.length, 2);
  });

  it("tells of an answer that was refused because the invocation had one, and goes on", async () => {
    const { answers, log } = await run(python, returning("1", { events: ["{}", "{}"], responseStatus: 400 }));
    assert.equal(answers.length, 2);
    assert.match(log, /The Runtime API answered 400/);
  });
}

function loading(python: RuntimeInstallation) {
  it("loads modules in directories, with the function's code before layers before the language", async () => {
    const scenario: Scenario = {
      files: {
        "pkg/mod.py": "import dep, sys, json, site_dep\ndef func(e, c): return [dep.v, site_dep.v, sys.path]\n",
        "json.py": "",
      },
      layer: {
        "python/dep.py": "v = 'layer'",
        [`python/lib/${python.runtime}/site-packages/site_dep.py`]: "v = 'site'",
      },
      handler: "pkg/mod.func",
    };
    const result = await run(python, { ...scenario, files: { "pkg/mod.py": scenario.files["pkg/mod.py"] ?? "" } });
    const [dep, site, path] = JSON.parse(result.answers[0]?.body ?? result.log);
    assert.deepEqual([dep, site], ["layer", "site"]);
    assert.match(path[0], /\/task$/);
    assert.match(path[1], /\/opt\/python\/lib\/python3\.\d+\/site-packages$/);
    assert.match(path[2], /\/opt\/python$/);
    assert.ok(!path.some((entry: string) => entry.includes("dist-packages")), "packages of the host are visible");
    const shadowed = await run(python, scenario);
    assert.match(shadowed.answers[0]?.path ?? "", /\/response$/);
  });

  const failures: Record<string, [Scenario, string, RegExp]> = {
    "a handler setting without a dot": [
      app("", { handler: "app" }),
      "Runtime.MalformedHandlerName",
      /^Bad handler 'app': not enough values to unpack \(expected 2, got 1\)$/,
    ],
    "a missing module": [
      app("", { handler: "nope.handler" }),
      "Runtime.ImportModuleError",
      /^Unable to import module 'nope': No module named 'nope'$/,
    ],
    "a missing dependency": [
      app("import nope"),
      "Runtime.ImportModuleError",
      /^Unable to import module 'app': No module named 'nope'$/,
    ],
    "a missing function": [app(""), "Runtime.HandlerNotFound", /^Handler 'handler' missing on module 'app'$/],
    "a syntax error": [
      app("def handler(:\n"),
      "Runtime.UserCodeSyntaxError",
      /^Syntax error in module 'app': .* \(app\.py, line 1\)$/,
    ],
    "a built-in module": [
      app("", { handler: "sys.exit" }),
      "Runtime.BuiltInModuleConflict",
      /^Cannot use built-in module sys as a handler module$/,
    ],
    "an error while loading": [app("x = 1 // 0"), "ZeroDivisionError", /division/],
  };
  for (const [what, [scenario, errorType, message]] of Object.entries(failures)) {
    it(`reports ${what} as an init error and exits with 1`, async () => {
      const result = await run(python, scenario);
      const document = onlyDocument(result);
      assert.equal(result.answers[0]?.path, "/init/error");
      assert.equal(result.answers[0]?.errorType, errorType);
      assert.equal(document.errorType, errorType);
      assert.match(String(document.errorMessage), message);
      assert.equal(document.requestId, "");
      assert.ok(Array.isArray(document.stackTrace));
      assert.equal(result.exitCode, 1);
      assert.ok(result.log.startsWith(`[ERROR] ${errorType}: `), result.log);
    });
  }
}

function failing(python: RuntimeInstallation) {
  it("reports what the handler raises with the function's frames only, and goes on", async () => {
    const code = "def handler(event, context):\n    helper()\n\ndef helper():\n    raise ValueError('bad é')\n";
    const result = await run(python, app(code, { events: ["{}", "{}"] }));
    assert.equal(result.answers.length, 2);
    const [answer] = result.answers;
    assert.equal(answer?.path, `/invocation/${requestId(1)}/error`);
    assert.equal(answer?.errorType, "ValueError");
    const { stackTrace, ...document } = JSON.parse(answer?.body ?? "");
    assert.deepEqual(document, { errorMessage: "bad é", errorType: "ValueError", requestId: requestId(1) });
    assert.equal(stackTrace.length, 2);
    assert.match(stackTrace[0], /^ {2}File ".*\/task\/app\.py", line 2, in handler\n {4}helper\(\)\n$/);
    assert.match(stackTrace[1], /^ {2}File ".*\/task\/app\.py", line 5, in helper\n {4}raise ValueError\('bad é'\)\n$/);
    assert.equal(
      result.log.split("\n")[0],
      "[ERROR] ValueError: bad é\rTraceback (most recent call last):\r" +
        '\u00a0\u00a0File "/task/app.py", line 2, in handler\r\u00a0\u00a0\u00a0\u00a0helper()\r' +
        "\u00a0\u00a0File \"/task/app.py\", line 5, in helper\r\u00a0\u00a0\u00a0\u00a0raise ValueError('bad é')",
    );
  });

  it("reports an answer that JSON cannot hold", async () => {
    for (const [expression, problem] of [
      ["object()", "Object of type object is not JSON serializable"],
      ["{(1,): 2}", "keys must be str, int, float, bool or None, not tuple"],
      ["(lambda l: l.append(l) or l)([])", "Circular reference detected"],
    ]) {
      const document = onlyDocument(await run(python, returning(String(expression))));
      assert.equal(document.errorType, "Runtime.MarshalError");
      assert.equal(document.errorMessage, `Unable to marshal response: ${problem}`);
      assert.deepEqual(document.stackTrace, []);
    }
  });

  it("just ends when the function exits", async () => {
    const result = await run(python, app("def handler(event, context):\n    print('bye')\n    exit(7)\n"));
    assert.deepEqual(result.answers, []);
    assert.equal(result.exitCode, 7);
    assert.equal(result.log, "bye\n");
  });
}

function logging(python: RuntimeInstallation) {
  it("lets print through as it is, and formats what logging writes", async () => {
    const code = `import logging
logger = logging.getLogger()
logger.setLevel("INFO")
def handler(event, context):
    print("raw")
    logger.info("number %d", 1)
    logging.getLogger("other").debug("hidden")
`;
    const { log } = await run(python, app(code));
    assert.match(
      log,
      new RegExp(`^raw\n\\[INFO\\]\t\\d{4}-\\d\\d-\\d\\dT[\\d:]{8}\\.\\d{3}Z\t${requestId(1)}\tnumber 1\n$`),
    );
  });

  it("does not import logging, json or re by itself", async () => {
    const scenario = returning(
      'sorted({"logging", "json", "re", "socket", "typing"} & set(__import__("sys").modules))',
    );
    assert.equal((await run(python, scenario)).answers[0]?.body, "[]");
  });

  it("writes JSON lines from the configured level on", async () => {
    const code = `import logging
def handler(event, context):
    logging.info("no")
    logging.getLogger("mine").warning("yes", extra={"order": 5})
    try:
        1 // 0
    except ZeroDivisionError:
        logging.exception("failed")
    raise KeyError("k")
`;
    const environment = { AWS_LAMBDA_LOG_FORMAT: "JSON", AWS_LAMBDA_LOG_LEVEL: "WARN" };
    const { log } = await run(python, app(code, { environment }));
    const lines = log
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(lines.length, 3);
    const { timestamp, ...first } = lines[0];
    assert.match(timestamp, /^\d{4}-\d\d-\d\dT[\d:]{8}Z$/);
    assert.deepEqual(first, { level: "WARNING", message: "yes", logger: "mine", requestId: requestId(1), order: 5 });
    assert.equal(lines[1].errorType, "ZeroDivisionError");
    assert.match(lines[1].location, /\/task\/app\.py:handler:8$/);
    assert.equal(lines[1].stackTrace[0], "Traceback (most recent call last):");
    assert.deepEqual([lines[2].log_level, lines[2].errorType, lines[2].errorMessage], ["ERROR", "KeyError", "'k'"]);
  });
}

function framing(python: RuntimeInstallation) {
  it("frames records for the telemetry descriptor, line breaks and all, and hides the descriptor from the function", async () => {
    const code = `import logging, os
def handler(event, context):
    logging.error("two\\nlines")
    return os.environ.get("_LAMBDA_TELEMETRY_LOG_FD", "hidden")
`;
    for (const [format, type] of [
      ["Text", 0xa55a0017],
      ["JSON", 0xa55a0016],
    ] as const) {
      const environment = { _LAMBDA_TELEMETRY_LOG_FD: "1", AWS_LAMBDA_LOG_FORMAT: format };
      const { stdout, answers } = await run(python, app(code, { environment }));
      const [frame, ...others] = telemetryFrames(stdout);
      assert.equal(answers[0]?.body, '"hidden"');
      assert.deepEqual(others, []);
      assert.equal(frame?.type, type);
      const message = format === "Text" ? frame?.text.split("\t")[3] : JSON.parse(frame?.text ?? "").message;
      assert.equal(message.trimEnd(), "two\nlines");
    }
  });
}

function aroundSnapshots(python: RuntimeInstallation) {
  const environment = { AWS_LAMBDA_INITIALIZATION_TYPE: "snap-start" };
  const HOOKS = `from snapshot_restore_py import register_after_restore, register_before_snapshot
import random, sys
random.seed(1)
register_before_snapshot(print, "before", 1)
register_before_snapshot(print, "before", 2, sep="-")

@register_after_restore
def after():
    print("after")
    FAIL

def handler(event, context):
    return [random.random(), context.log_stream_name]
`;
  const hooks = (failing: string) => HOOKS.replace("FAIL", failing);

  it("runs hooks before it asks to be restored, the last first, and others after, in their order", async () => {
    const { answers, log } = await run(python, app(hooks("print('again')"), { environment }));
    assert.deepEqual(
      answers.map(({ path }) => path),
      ["/restore/next", `/invocation/${requestId(1)}/response`],
    );
    assert.equal(log, "before-2\nbefore 1\nafter\nagain\n");
    // Seeded anew: every environment of a snapshot would have the same numbers.
    assert.notEqual(JSON.parse(answers[1]?.body ?? "")[0], 0.13436424411240122);
  });

  it("runs no hooks and does not ask where there is no snapshot", async () => {
    const { answers, log } = await run(python, app(hooks("")));
    assert.deepEqual([answers.length, log], [1, ""]);
    assert.equal(JSON.parse(answers[0]?.body ?? "")[0], 0.13436424411240122);
  });

  it("takes the hooks of a package that the function brings", async () => {
    const files = {
      "app.py": "import snapshot_restore_py\ndef handler(event, context): return snapshot_restore_py.ran\n",
      "snapshot_restore_py.py":
        "ran = []\nget_before_snapshot = lambda: []\nget_after_restore = lambda: [(ran.append, ('own',), {})]\n",
    };
    const { answers } = await run(python, { files, handler: "app.handler", environment });
    assert.equal(answers[1]?.body, '["own"]');
  });

  it("reports a hook that fails and exits", async () => {
    const before = `${hooks("")}\nregister_before_snapshot(lambda: 1 // 0)\n`;
    const failedBefore = await run(python, app(before, { environment }));
    assert.deepEqual(
      failedBefore.answers.map(({ path, errorType }) => [path, errorType]),
      [["/init/error", "Runtime.BeforeSnapshotError"]],
    );
    assert.equal(failedBefore.exitCode, 64);
    const failedAfter = await run(python, app(hooks("raise ValueError('no database')"), { environment }));
    const [, restore] = failedAfter.answers;
    assert.deepEqual([restore?.path, restore?.errorType], ["/restore/error", "Runtime.AfterRestoreError"]);
    const { stackTrace, ...document } = JSON.parse(restore?.body ?? "");
    assert.deepEqual(document, { errorMessage: "no database", errorType: "ValueError", requestId: "" });
    assert.equal(failedAfter.exitCode, 65);
    assert.match(failedAfter.log, /\[ERROR\] ValueError: no database\r/);
  });
}

for (const python of installed) {
  describe(`${python.runtime} (${python.version})`, { concurrency: 2 }, () => {
    describe("answering", () => answering(python));
    describe("loading", () => loading(python));
    describe("failing", () => failing(python));
    describe("logging", () => logging(python));
    describe("framing", () => framing(python));
    describe("around snapshots", () => aroundSnapshots(python));
  });
}

describe("prepare", { skip: installed.length === 0 }, () => {
  it("never rejects, however often it is called", async () => {
    await installed[0]?.prepare?.();
    await installed[0]?.prepare?.();
  });
});
