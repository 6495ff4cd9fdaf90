/** Java functions on AWS's own runtime interface client: every form of handler, errors, logs, layers and memory. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { buildExample, MissingToolError } from "../../examples/build.ts";
import { Runtimes } from "../../src/execution/runtimes.ts";
import { RUNTIMES, TestRegion } from "../test-region.ts";

const javas = (await Runtimes.discover({ runtimesDirectory: RUNTIMES }))
  .list()
  .map(({ runtime }) => runtime)
  .filter((runtime) => /^java\d+$/.test(runtime));
const [java = ""] = javas;

test("Java", { skip: javas.length === 0 && "no Java on this machine" }, async (t) => {
  let zip: Buffer;
  try {
    zip = await readFile(await buildExample("hello-java"));
  } catch (error) {
    if (!(error instanceof MissingToolError)) throw error;
    return t.skip(error.message);
  }
  const region = await TestRegion.start("auto");
  t.after(() => region.stop());
  const deploy = (runtime: string, handler: string, more: Record<string, unknown> = {}) =>
    region.deploy({ runtime, handler, zip, more: { MemorySize: 512, Timeout: 20, ...more } });

  for (const runtime of javas) {
    await t.test(`${runtime} reads and writes objects, fails and keeps its state`, async () => {
      const name = await deploy(runtime, "example.Greeting::handleRequest");
      const first = await region.invoke(name, '{"name":"Duke"}');
      assert.deepEqual(JSON.parse(first.text), {
        message: "Hello, Duke!",
        from: `${name} on Java ${runtime.slice("java".length)}`,
        calls: 1,
      });
      assert.match(first.log, /Greeting Duke\n/);
      const { document } = await region.invokeFailing(name, '{"name":"Duke","fail":true}');
      assert.equal(document.errorType, "java.lang.IllegalArgumentException");
      assert.equal(document.errorMessage, "asked to fail");
      assert.match(String((document.stackTrace as string[])[0]), /^example\.Greeting\.handleRequest/);
      assert.equal(JSON.parse((await region.invoke(name, '{"name":"Duke"}')).text).calls, 2);
    });
  }

  await t.test("a stream handler reads and writes bytes, with a library of its own", async () => {
    const name = await deploy(java, "example.Shout");
    assert.deepEqual(JSON.parse((await region.invoke(name, '{"name":"grüße"}')).text), { message: "GRÜSSE" });
  });

  await t.test("AWS's events library reads a batch of SQS messages and names those that failed", async () => {
    const name = await deploy(java, "example.Orders");
    const message = (messageId: string, body: string) => ({ messageId, body, eventSource: "aws:sqs", attributes: {} });
    const event = { Records: [message("1", "good"), message("2", "bad")] };
    assert.deepEqual(JSON.parse((await region.invoke(name, JSON.stringify(event))).text), {
      batchItemFailures: [{ itemIdentifier: "2" }],
    });
  });

  await t.test("a class that is not there is an error of the init", async () => {
    const name = await deploy(java, "example.Nobody::handleRequest");
    const { document } = await region.invokeFailing(name);
    assert.equal(document.errorType, "java.lang.ClassNotFoundException");
    assert.equal(document.errorMessage, "Class not found: example.Nobody");
  });

  await t.test("JAVA_TOOL_OPTIONS and a wrapper script reach the Java that is started", async () => {
    const Environment = {
      Variables: { JAVA_TOOL_OPTIONS: "-Dgreeting=Moin", AWS_LAMBDA_EXEC_WRAPPER: "/usr/bin/env" },
    };
    const { text } = await region.invoke(await deploy(java, "example.Greeting", { Environment }), '{"name":"Duke"}');
    assert.equal(JSON.parse(text).message, "Moin, Duke!");
  });
});
