/** Every runtime of this machine in a real region: answers, errors, crashes and timeouts as a caller sees them. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { buildExample, MissingToolError } from "../../examples/build.ts";
import { findExecutable } from "../../src/cli/machine.ts";
import { Runtimes } from "../../src/execution/runtimes.ts";
import { zipOf, zipOfEntries } from "../api/lambda/zip.ts";
import { RUNTIMES, TestRegion } from "../test-region.ts";

const installed = (await Runtimes.discover({ runtimesDirectory: RUNTIMES })).list().map(({ runtime }) => runtime);
const nodes = installed.filter((runtime) => runtime.startsWith("nodejs"));
const pythons = installed.filter((runtime) => runtime.startsWith("python"));
const [anyNode = "nodejs24.x"] = nodes;
const [anyPython = "python3.11"] = pythons;

const NODE_PROBE = `let calls = 0;
export const handler = async (event, context) => {
  console.log("probing", event.n);
  if (event.fail) throw new TypeError("asked to fail");
  return { calls: ++calls, version: process.versions.node, environment: process.env.AWS_EXECUTION_ENV,
    task: process.env.LAMBDA_TASK_ROOT, id: context.awsRequestId, name: context.functionName };
};`;

const PYTHON_PROBE = `import os, platform
calls = 0
def handler(event, context):
    global calls
    print("probing", event.get("n"))
    if event.get("fail"):
        raise TypeError("asked to fail")
    calls += 1
    return {"calls": calls, "version": platform.python_version(), "environment": os.environ["AWS_EXECUTION_ENV"],
            "id": context.aws_request_id, "name": context.function_name}
`;

function node(body: string, more = ""): Uint8Array {
  return zipOf({ "index.mjs": `${more}export const handler = async (event, context) => {${body}};` });
}

async function probe(region: TestRegion, runtime: string, name: string): Promise<void> {
  const version = runtime.replace(/^[a-z]+/, "").replace(/\.x$/, "");
  const first = await region.invoke(name, '{"n":1}');
  assert.equal(first.functionError, undefined, `${first.text}\n${first.log}`);
  const answer = JSON.parse(first.text);
  assert.equal(answer.calls, 1);
  assert.ok(answer.version.startsWith(`${version}.`), answer.version);
  assert.equal(answer.environment, `AWS_Lambda_${runtime}`);
  assert.equal(answer.id, first.requestId);
  assert.equal(answer.name, name);
  assert.ok(first.log.includes(`START RequestId: ${first.requestId} Version: $LATEST\n`), first.log);
  assert.match(first.log, /probing 1\n/);
  assert.match(first.log, /REPORT RequestId: .*\tInit Duration: [\d.]+ ms\t\n/);

  const failed = await region.invokeFailing(name, '{"fail":true}');
  assert.equal(failed.document.errorType, "TypeError");
  assert.equal(failed.document.errorMessage, "asked to fail");

  const second = await region.invoke(name, '{"n":2}');
  assert.equal(JSON.parse(second.text).calls, 2, "an error reported by the runtime must not end the environment");
}

/** A tool that this machine lacks is a reason to skip; a build that fails is not. */
async function packageOf(t: TestContext, example: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(await buildExample(example));
  } catch (error) {
    if (!(error instanceof MissingToolError)) throw error;
    t.skip(error.message);
    return undefined;
  }
}

test("runtimes", async (t) => {
  const region = await TestRegion.start("auto");
  t.after(() => region.stop());

  for (const runtime of nodes) {
    await t.test(`${runtime} answers, fails and keeps its state`, async () => {
      await probe(region, runtime, await region.deploy({ runtime, zip: zipOf({ "index.mjs": NODE_PROBE }) }));
    });
  }

  for (const runtime of pythons) {
    await t.test(`${runtime} answers, fails and keeps its state`, async () => {
      const zip = zipOf({ "app.py": PYTHON_PROBE });
      await probe(region, runtime, await region.deploy({ runtime, handler: "app.handler", zip }));
    });
  }

  await t.test("a compiled Go function on aws-lambda-go answers and fails", async (t) => {
    const zip = await packageOf(t, "go-provided");
    if (!zip) return;
    const name = await region.deploy({ runtime: "provided.al2023", handler: "bootstrap", zip });
    const { text, requestId, log } = await region.invoke(name, '{"name":"Go"}');
    const { from, ...answer } = JSON.parse(text);
    assert.deepEqual(answer, { message: "Hello, Go!", requestId });
    assert.match(from, new RegExp(`^${name} on go1`));
    assert.match(log, /Greeting Go\n/);
    const { document } = await region.invokeFailing(name, '{"fail":true}');
    assert.deepEqual(document, { errorMessage: "asked to fail", errorType: "errorString" });
  });

  await t.test("a shell script that speaks the Runtime API with curl answers, again and again", async (t) => {
    if (findExecutable("curl") === undefined) return t.skip("curl is not installed");
    const zip = await readFile(await buildExample("shell-provided"));
    const name = await region.deploy({ runtime: "provided.al2023", handler: "any", zip });
    for (const who of ["sh", "dash"]) {
      const { text, log } = await region.invoke(name, JSON.stringify({ name: who }));
      assert.deepEqual(JSON.parse(text), { message: `Hello, ${who}!`, from: `${name} on sh` }, log);
    }
  });

  await t.test("a custom runtime without bootstrap is Runtime.InvalidEntrypoint", async () => {
    const zip = zipOf({ "bootstrap.txt": "" });
    const { document, requestId } = await region.invokeFailing(
      await region.deploy({ runtime: "provided.al2023", zip }),
    );
    assert.equal(document.errorType, "Runtime.InvalidEntrypoint");
    assert.equal(
      document.errorMessage,
      `RequestId: ${requestId} Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]`,
    );
  });

  await t.test("a runtime that exits is Runtime.ExitError, and the next invocation starts anew", async () => {
    const zip = node("if (event.exit !== undefined) process.exit(event.exit); return 'alive';");
    const name = await region.deploy({ runtime: anyNode, zip });
    for (const [exit, reason] of [
      [0, "Runtime exited without providing a reason"],
      [7, "Runtime exited with error: exit status 7"],
    ]) {
      const { document, requestId } = await region.invokeFailing(name, JSON.stringify({ exit }));
      assert.deepEqual(document, {
        errorType: "Runtime.ExitError",
        errorMessage: `RequestId: ${requestId} Error: ${reason}`,
      });
      assert.equal((await region.invoke(name)).text, '"alive"');
    }
  });

  await t.test("a Python function that calls sys.exit is Runtime.ExitError", async () => {
    const zip = zipOf({ "app.py": "import sys\ndef handler(event, context):\n    sys.exit(3)\n" });
    const name = await region.deploy({ runtime: anyPython, handler: "app.handler", zip });
    const { document } = await region.invokeFailing(name);
    assert.match(String(document.errorMessage), /Error: Runtime exited with error: exit status 3$/);
  });

  await t.test("an invocation that takes too long is Sandbox.Timedout, and the next one starts anew", async () => {
    const zip = node("if (event.hang) for (;;) {} return ++calls;", "let calls = 0;");
    const name = await region.deploy({ runtime: anyNode, zip, more: { Timeout: 1 } });
    assert.equal((await region.invoke(name)).text, "1");
    const { document, requestId, log } = await region.invokeFailing(name, '{"hang":true}');
    assert.deepEqual(document, {
      errorType: "Sandbox.Timedout",
      errorMessage: `RequestId: ${requestId} Error: Task timed out after 1.00 seconds`,
    });
    assert.match(log, new RegExp(`Z ${requestId} Task timed out after 1\\.00 seconds\n`));
    assert.match(log, /\tStatus: timeout/);
    assert.equal((await region.invoke(name)).text, "1");
  });

  await t.test("an unhandled rejection reaches the caller, and the process ends with 128", async () => {
    const zip = node("Promise.reject(new Error('lost')); await new Promise(() => setTimeout(() => {}, 9e5));");
    const { document } = await region.invokeFailing(await region.deploy({ runtime: anyNode, zip }));
    assert.equal(document.errorType, "Runtime.UnhandledPromiseRejection");
    assert.equal(document.errorMessage, "Error: lost");
  });

  await t.test("an error while loading reaches the caller of the first invocation", async () => {
    const missing = await region.deploy({ runtime: anyNode, zip: zipOf({ "index.js": "require('nope')" }) });
    const { document, log } = await region.invokeFailing(missing);
    assert.equal(document.errorType, "Runtime.ImportModuleError");
    assert.match(String(document.errorMessage), /^Error: Cannot find module 'nope'\nRequire stack:\n- .*\/index\.js/);
    assert.match(log, /INIT_REPORT Init Duration: [\d.]+ ms\tPhase: \w+\tStatus: error\tError Type: Runtime\.\w+/);

    const zip = zipOf({ "app.py": "import nope" });
    const python = await region.deploy({ runtime: anyPython, handler: "app.handler", zip });
    assert.deepEqual((await region.invokeFailing(python)).document, {
      errorMessage: "Unable to import module 'app': No module named 'nope'",
      errorType: "Runtime.ImportModuleError",
      requestId: "",
      stackTrace: [],
    });
  });

  await t.test("a response over the limit is Function.ResponseSizeTooLarge, and the environment goes on", async () => {
    const zip = node("return event.large ? 'x'.repeat(7_000_000) : ++calls;", "let calls = 0;");
    const name = await region.deploy({ runtime: anyNode, zip });
    assert.equal((await region.invoke(name)).text, "1");
    assert.deepEqual((await region.invokeFailing(name, '{"large":true}')).document, {
      errorType: "Function.ResponseSizeTooLarge",
      errorMessage: "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    });
    assert.equal((await region.invoke(name)).text, "2");
  });

  await t.test("a wrapper script starts the runtime; a missing one is exit status 127", async () => {
    const zip = zipOfEntries([
      { name: "index.mjs", content: "export const handler = async () => process.env.WRAPPED;", mode: 0o100644 },
      { name: "wrap", content: '#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n', mode: 0o100755 },
    ]);
    const wrapper = (path: string) => ({ Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: path } } });
    const name = await region.deploy({ runtime: anyNode, zip, more: wrapper("/var/task/wrap") });
    assert.equal((await region.invoke(name)).text, '"yes"');
    const missing = await region.deploy({ runtime: anyNode, zip, more: wrapper("/var/task/nope") });
    const { document } = await region.invokeFailing(missing);
    assert.equal(document.errorType, "Runtime.ExitError");
    assert.match(String(document.errorMessage), /exit status 127$/);
  });
});
