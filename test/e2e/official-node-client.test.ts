/** AWS's own runtime interface client for Node, built from npm: it takes the place of our bootstrap by a wrapper. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { zipOfEntries } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { builtClient } from "./node-client.ts";
import { entriesOf } from "./python-client.ts";

const APP = `let calls = 0;
export const handler = async (event, context) => {
  console.log("called", event.n);
  if (event.fail) throw new TypeError("asked to fail");
  const left = context.getRemainingTimeInMillis();
  return { calls: ++calls, id: context.awsRequestId, name: context.functionName, left: left > 0 && left <= 10000,
    runtime: process.env.AWS_LAMBDA_RUNTIME_API, client: process.argv[1] };
};
export const stream = awslambda.streamifyResponse(async (event, stream) => {
  for (const part of ["one ", "two ", "three"]) stream.write(part);
  stream.end();
});
`;
const CLIENT = "/var/task/node_modules/aws-lambda-ric/index.mjs";
/** It gets the command that would start our bootstrap, of which it takes the language. */
const WRAPPER = `#!/bin/sh\nexec "$1" ${CLIENT} "$_HANDLER"\n`;

test("AWS's own client for Node", { timeout: 11 * 60_000 }, async (t) => {
  const client = await builtClient();
  if (typeof client === "string") return t.skip(client);
  const region = await TestRegion.start("auto");
  t.after(() => region.stop());
  const own = new Set(["aws-lambda-ric", "@aws"]);
  const modules = (await entriesOf(client.directory)).filter(({ name }) => own.has(String(name).split("/")[0] ?? ""));
  const zip = zipOfEntries([
    ...modules.map((entry) => ({ ...entry, name: join("node_modules", String(entry.name)) })),
    { name: "app.mjs", content: APP, mode: 0o100644 },
    { name: "wrapper", content: WRAPPER, mode: 0o100755 },
  ]);
  const deploy = (handler: string) =>
    region.deploy({
      runtime: "nodejs22.x",
      handler,
      zip,
      more: { Timeout: 10, Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: "/var/task/wrapper" } } },
    });
  const name = await deploy("app.handler");

  await t.test("answers, keeps its state and knows its context", async () => {
    for (const calls of [1, 2]) {
      const { text, requestId, log } = await region.invoke(name, JSON.stringify({ n: calls }));
      const { runtime, ...answer } = JSON.parse(text);
      assert.deepEqual(answer, { calls, id: requestId, name, left: true, client: CLIENT });
      assert.match(runtime, /^[\d.]+:\d+$/);
      assert.match(log, new RegExp(`${requestId}\tINFO\tcalled ${calls}`));
    }
  });

  await t.test("reports what the handler throws", async () => {
    const { document, log } = await region.invokeFailing(name, '{"fail":true}');
    assert.equal(document.errorType, "TypeError");
    assert.equal(document.errorMessage, "asked to fail");
    assert.match(log, /ERROR\tInvoke Error/);
  });

  await t.test("streams", async () => {
    assert.equal((await region.invoke(await deploy("app.stream"))).text, "one two three");
  });
});
