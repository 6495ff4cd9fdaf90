/**
 * An extension that others have written and publish on npm, unchanged: Serverless's OpenTelemetry extension instruments the
 * function in its runtime, hears of invocations, subscribes to the Logs API and reports to a backend. The backend here is
 * another function, behind its URL.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { logOnce, publishLayer } from "./extension-fixture.ts";
import { publicUrl } from "./function-url-client.ts";

const PACKAGE = createRequire(import.meta.url).resolve("@serverless/aws-lambda-otel-extension-dist/package.json");

const BACKEND = `
  export const handler = async ({ rawPath, body, isBase64Encoded }) => {
    // Protocol buffers, in which names stand as they are.
    const text = isBase64Encoded ? Buffer.from(body, "base64").toString("latin1") : body;
    console.log("reported", rawPath, JSON.stringify(text));
    return { statusCode: 200 };
  };
`;
const FUNCTION = `exports.handler = async () => "instrumented";`;

test("Serverless's OpenTelemetry extension reports a function's invocations", { timeout: 90_000 }, async (t) => {
  const region = await TestRegion.start("auto");
  t.after(() => region.stop());
  const { isolation } = (await (await fetch(`${region.url}/_alonzo/health`)).json()) as { isolation: string };
  if (isolation === "process") return t.skip("plain processes have no /opt of their own");

  const backend = await region.deploy({ runtime: "nodejs26.x", zip: zipOf({ "index.mjs": BACKEND }) });
  const url = await publicUrl(region, backend);
  const [urlId] = new URL(url).hostname.split(".");
  const base = `http://169.254.100.1:4566/_url/${urlId}`;
  const layer = await publishLayer(region, await readFile(join(dirname(PACKAGE), "extension.zip")));
  const Variables = {
    AWS_LAMBDA_EXEC_WRAPPER: "/opt/otel-extension/otel-handler",
    SLS_OTEL_REPORT_METRICS_URL: `${base}/metrics`,
    SLS_OTEL_REPORT_TRACES_URL: `${base}/traces`,
  };
  const name = await region.deploy({
    runtime: "nodejs22.x",
    zip: zipOf({ "index.js": FUNCTION }),
    more: { Layers: [layer], Environment: { Variables }, MemorySize: 512 },
  });
  assert.equal((await region.invoke(name)).text, '"instrumented"');
  await region.invoke(name);
  const log = await logOnce(region, name, /EXTENSION\tName: otel-extension\tState: Ready/);
  assert.match(log, /LOGS\tName: otel-extension\tState: Subscribed\tTypes: \[/);
  await logOnce(region, backend, new RegExp(`reported /traces .*faas\\.name.*${name}`));
  await logOnce(region, backend, new RegExp(`reported /metrics .*faas\\.name.*${name}`));
});
