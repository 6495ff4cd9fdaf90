/** APIs of all three kinds, made by boto3: with a Python web framework behind them, and with Python's WebSockets before them. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { buildExample } from "../../examples/build.ts";
import { Runtimes } from "../../src/execution/runtimes.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { PYTHON } from "../python-with-boto3.ts";
import { RUNTIMES, TestRegion } from "../test-region.ts";
import { lacksBoto3, tellStory } from "./python-story.ts";

/** Says what was said, and by whom. */
const ECHO = `
import json

def handler(event, context):
    said = {"said": event.get("body"), "connectionId": event["requestContext"]["connectionId"]}
    return {"statusCode": 200, "body": json.dumps(said)}
`;

test("boto3 makes an HTTP, a REST and a WebSocket API, before Starlette with Mangum and a function that answers", async (t) => {
  if (lacksBoto3(t)) return;
  const region = await TestRegion.start("auto");
  t.after(() => region.stop());
  const installed = (await Runtimes.discover({ runtimesDirectory: RUNTIMES })).list();
  // Starlette wants a Python of these years.
  const runtime = installed.findLast((one) => one.runtime.startsWith("python"))?.runtime;
  if (runtime === undefined) return assert.fail("no Python on this machine");
  const zip = await readFile(await buildExample("python-web", { python: PYTHON }));
  const web = await region.deploy({ runtime, handler: "app.handler", zip });
  const echo = await region.deploy({ runtime, handler: "index.handler", zip: zipOf({ "index.py": ECHO }) });
  await tellStory(t, region, "apis_story.py", [web, echo]);
});
