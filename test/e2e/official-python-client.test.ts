/** AWS's own runtime interface client for Python, as PyPI has it, brought by a function for the OS-only runtime. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { zipOfEntries } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { entriesOf, installedClient } from "./python-client.ts";

const APP = `import os
calls = 0
def handler(event, context):
    global calls
    calls += 1
    print("called", event.get("n"))
    if event.get("fail"):
        raise TypeError("asked to fail")
    return {"calls": calls, "id": context.aws_request_id, "name": context.function_name,
            "left": 0 < context.get_remaining_time_in_millis() <= 10000, "trace": os.environ["_X_AMZN_TRACE_ID"][:7]}
`;

test("AWS's own client for Python, on provided.al2023", async (t) => {
  const python = process.env.ALONZO_TEST_PYTHON;
  if (python === undefined) return t.skip("no Python with pip on this machine");
  const client = await installedClient(python);
  if (typeof client === "string") return t.skip(client);
  const region = await TestRegion.start("auto");
  t.after(() => region.stop());
  const bootstrap = '#!/bin/sh\nexec /usr/bin/python3 -m awslambdaric "$_HANDLER"\n';
  const zip = zipOfEntries([
    ...(await entriesOf(client.directory)),
    { name: "app.py", content: APP, mode: 0o100644 },
    { name: "bootstrap", content: bootstrap, mode: 0o100755 },
  ]);
  const name = await region.deploy({
    runtime: "provided.al2023",
    handler: "app.handler",
    zip,
    more: { Timeout: 10, MemorySize: 256 },
  });

  await t.test("answers, keeps its state and knows its context", async () => {
    for (const calls of [1, 2]) {
      const { text, requestId, log } = await region.invoke(name, JSON.stringify({ n: calls }));
      assert.deepEqual(JSON.parse(text), { calls, id: requestId, name, left: true, trace: "Root=1-" });
      assert.match(log, new RegExp(`called ${calls}\n`));
    }
  });

  await t.test("reports what the handler raises", async () => {
    const { document } = await region.invokeFailing(name, '{"fail":true}');
    assert.equal(document.errorType, "TypeError");
    assert.equal(document.errorMessage, "asked to fail");
  });
});
