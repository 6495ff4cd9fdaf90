/** The Telemetry API in real sandboxes: an extension subscribes, and what it gets of a function's life. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { UpdateFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { extension, logOnce, publishExtensions } from "./extension-fixture.ts";

interface Event {
  readonly time: string;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: records as JSON has them
  readonly record: any;
}

/** Listens, subscribes with what `settings` adds, and keeps what comes in /tmp, where the function finds it. */
const collector = (settings: object, path = "2022-07-01/telemetry") =>
  extension(`
  const got = (text) => fs.appendFileSync("/tmp/events", text.endsWith("\\n") ? text : text + "\\n");
  const server = ${JSON.stringify(settings).includes('"TCP"')}
    ? require("node:net").createServer((socket) => socket.setEncoding("utf8").on("data", (text) => fs.appendFileSync("/tmp/events", text)))
    : http.createServer((request, response) => {
        let text = "";
        request.on("data", (chunk) => { text += chunk; });
        request.on("end", () => { for (const event of JSON.parse(text)) got(JSON.stringify(event)); response.end(); });
      });
  await new Promise((resolve) => server.listen(4323, "sandbox.localdomain", resolve));
  const { id } = await register(["INVOKE", "SHUTDOWN"]);
  const body = JSON.stringify({
    schemaVersion: "2022-12-13", types: ["platform", "function", "extension"], buffering: { timeoutMs: 25 },
    destination: { protocol: "HTTP", URI: "http://sandbox.localdomain:4323" }, ...${JSON.stringify(settings)},
  });
  const answer = await new Promise((resolve) => {
    const request = http.request({ host, port, method: "PUT", path: "/${path}", headers: id }, (response) => {
      let text = "";
      response.on("data", (chunk) => { text += chunk; });
      response.on("end", () => resolve(response.statusCode + " " + text));
    });
    request.end(body);
  });
  log("subscribed", answer);
  for (;;) {
    const event = await next(id);
    if (event.eventType === "SHUTDOWN") {
      log("collected", fs.readFileSync("/tmp/events", "utf8").split("\\n").join(" ~ "));
      process.exit(0);
    }
    // What is there of the invocation is what the next answer shows.
    while (!fs.existsSync("/tmp/events") || !fs.readFileSync("/tmp/events", "utf8").includes('"platform.runtimeDone","record":{"requestId":"' + event.requestId)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }`);

const FUNCTION = `
  import { existsSync, readFileSync } from "node:fs";
  console.log("loading");
  export const handler = async (event) => {
    console.log("working");
    if (event.fail) throw new Error("no");
    if (event.exit) process.exit(3);
    return existsSync("/tmp/events") ? readFileSync("/tmp/events", "utf8").split("\\n").filter(Boolean).map((line) => JSON.parse(line)) : [];
  };
`;

describe("telemetry", { timeout: 120_000 }, () => {
  let region: TestRegion;
  let hasWalls = false;
  before(async () => {
    region = await TestRegion.start("auto");
    const { isolation } = (await (await fetch(`${region.url}/_alonzo/health`)).json()) as { isolation: string };
    hasWalls = isolation !== "process";
  });
  after(() => region.stop());

  const deploy = async (settings: object, more: object = {}, path?: string) => {
    const Layers = [await publishExtensions(region, { collector: collector(settings, path) })];
    const zip = zipOf({ "index.mjs": FUNCTION });
    return region.deploy({ runtime: "nodejs26.x", zip, more: { Layers, ...more } });
  };
  /** All that came, once what is looked for has. */
  const eventsOnce = async (name: string, isLast: (event: Event) => boolean): Promise<Event[]> => {
    for (;;) {
      const all = JSON.parse((await region.invoke(name)).text) as Event[];
      if (all.some(isLast)) return all;
    }
  };
  const events = (name: string, requestId: string) =>
    eventsOnce(name, ({ type, record }) => type === "platform.report" && record.requestId === requestId);

  test("an extension gets the life of its function, event by event", async (t) => {
    if (!hasWalls) return t.skip("plain processes do not know the name sandbox.localdomain");
    const name = await deploy({});
    const { requestId } = await region.invoke(name);
    const all = await events(name, requestId);
    const first = all.filter(
      ({ type, record }) => !(record.requestId && record.requestId !== requestId) && type !== "extension",
    );
    const types = first.map(({ type }) => type).filter((type) => type !== "function");
    assert.deepEqual(types, [
      "platform.initStart",
      "platform.telemetrySubscription",
      "platform.initRuntimeDone",
      "platform.extension",
      "platform.initReport",
      "platform.start",
      "platform.runtimeDone",
      "platform.report",
    ]);
    const record = (type: string) => first.find((event) => event.type === `platform.${type}`)?.record;
    const { runtimeVersion, runtimeVersionArn, instanceId, ...initStart } = record("initStart");
    assert.deepEqual(initStart, {
      initializationType: "on-demand",
      phase: "init",
      functionName: name,
      functionVersion: "$LATEST",
      instanceMaxMemory: 256,
    });
    assert.match(runtimeVersion, /^nodejs:26/);
    assert.match(runtimeVersionArn, /^arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}$/);
    assert.ok(instanceId);
    assert.deepEqual(record("telemetrySubscription"), {
      name: "collector",
      state: "Subscribed",
      types: ["platform", "function", "extension"],
    });
    assert.deepEqual(record("extension"), { name: "collector", state: "Ready", events: ["INVOKE", "SHUTDOWN"] });
    const init = { initializationType: "on-demand", phase: "init", status: "success" };
    assert.deepEqual(record("initRuntimeDone"), init);
    const { metrics: initMetrics, ...initReport } = record("initReport");
    assert.deepEqual(initReport, init);
    assert.ok(initMetrics.durationMs > 0);
    assert.equal(record("start").version, "$LATEST");
    assert.match(record("start").functionArn, new RegExp(`:function:${name}$`));
    const done = record("runtimeDone");
    assert.deepEqual(
      [done.status, done.metrics.producedBytes > 0, done.metrics.durationMs > 0],
      ["success", true, true],
    );
    assert.deepEqual(
      done.spans.map((span: { name: string }) => span.name),
      ["responseLatency", "responseDuration", "runtimeOverhead"],
    );
    const { metrics, status, spans, tracing } = record("report");
    assert.equal(status, "success");
    assert.deepEqual(Object.keys(metrics), [
      "durationMs",
      "billedDurationMs",
      "memorySizeMB",
      "maxMemoryUsedMB",
      "initDurationMs",
    ]);
    assert.equal(metrics.memorySizeMB, 256);
    assert.equal(spans[0].name, "extensionOverhead");
    assert.match(tracing.value, /^Root=1-/);
    const lines = all.filter(({ type }) => type === "function").map((event) => event.record as string);
    assert.match(lines[0] ?? "", /^\S+Z\tundefined\tINFO\tloading\n$/);
    assert.match(lines[1] ?? "", new RegExp(`^\\S+Z\\t${requestId}\\tINFO\\tworking\\n$`));
    assert.ok(all.some(({ type, record }) => type === "extension" && record === 'subscribed 200 "OK"\n'));
    const log = await logOnce(region, name, /REPORT/);
    assert.match(
      log,
      /TELEMETRY\tName: collector\tState: Subscribed\tTypes: \[Platform, Function, Extension\]\n.*EXTENSION\tName: collector/s,
    );
  });

  test("errors are told with their status and type, over TCP too", async (t) => {
    if (!hasWalls) return t.skip("plain processes do not know the name sandbox.localdomain");
    const name = await deploy({ types: ["platform"], destination: { protocol: "TCP", port: 4323 } });
    const { requestId } = await region.invokeFailing(name, '{"fail":true}');
    const done = (await events(name, requestId)).find(
      ({ type, record }) => type === "platform.report" && record.requestId === requestId,
    );
    assert.deepEqual([done?.record.status, done?.record.errorType], ["error", "Runtime.Unknown"]);
    const crash = await region.invokeFailing(name, '{"exit":true}');
    // The environment starts anew on the same /tmp, and its extension subscribes again.
    const isAnew = ({ type, record }: Event) => type === "platform.initReport" && record.phase === "invoke";
    const all = await eventsOnce(name, isAnew);
    const report = all.find(({ type, record }) => type === "platform.report" && record.requestId === crash.requestId);
    assert.deepEqual([report?.record.status, report?.record.errorType], ["error", "Runtime.ExitError"]);
  });

  test("the Logs API gives its own events", async (t) => {
    if (!hasWalls) return t.skip("plain processes do not know the name sandbox.localdomain");
    const name = await deploy({ schemaVersion: "2021-03-18" }, {}, "2020-08-15/logs");
    const { requestId } = await region.invoke(name);
    const all = (await events(name, requestId)).filter(({ record }) => record.requestId === requestId);
    assert.deepEqual(
      all.map(({ type }) => type),
      ["platform.start", "platform.runtimeDone", "platform.end", "platform.report"],
    );
    assert.deepEqual(all[0]?.record, { requestId, version: "$LATEST" });
    assert.deepEqual(all[1]?.record, { requestId, status: "success" });
    assert.match(await logOnce(region, name, /REPORT/), /LOGS\tName: collector\tState: Subscribed/);
  });

  test("an environment is not frozen before the report of its last invocation is delivered, and the end is told last", async (t) => {
    if (!hasWalls) return t.skip("plain processes do not know the name sandbox.localdomain");
    const name = await deploy({ buffering: { timeoutMs: 30_000, maxItems: 1000 }, types: ["platform"] });
    // The collector waits for what would come in 30 seconds, had it not to come before the freeze.
    const layer = await publishExtensions(region, {
      collector: collector({ buffering: { timeoutMs: 30_000 }, types: ["platform"] }).replace(
        /while \(!fs[^\n]*\{\n[^\n]*\n\s*\}/,
        "",
      ),
    });
    await region.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Layers: [layer] }));
    const { requestId } = await region.invoke(name);
    await events(name, requestId);
    await region.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Timeout: 5 }));
    const log = await logOnce(region, name, /collected .*platform\.report/);
    const reports = log.split("collected")[1]?.match(/"platform\.report"/g) ?? [];
    assert.ok(reports.length >= 2, "the last batch came before the extension was told of the end");
  });

  test("in JSON the platform's lines are events, of the level that was asked for", async () => {
    const LoggingConfig = { LogFormat: "JSON", SystemLogLevel: "DEBUG", ApplicationLogLevel: "WARN" } as const;
    const code = `export const handler = async (event) => {
      console.log("quiet"); console.warn("loud"); if (event.fail) throw new Error("no"); return 1; };`;
    const zip = zipOf({ "index.mjs": code });
    const name = await region.deploy({ runtime: "nodejs26.x", zip, more: { LoggingConfig } });
    const { log, requestId } = await region.invoke(name);
    const lines = log
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      lines.map(({ type, level }) => type ?? level),
      ["platform.start", "WARN", "platform.runtimeDone", "platform.report"],
    );
    assert.equal(lines[1].message, "loud");
    for (const { time, record } of [lines[0], lines[2], lines[3]]) {
      assert.match(time, /^\d{4}-.*Z$/);
      assert.equal(record.requestId, requestId);
    }
    await region.lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName: name,
        LoggingConfig: { ...LoggingConfig, SystemLogLevel: "WARN" },
      }),
    );
    const { log: failing } = await region.invokeFailing(name, '{"fail":true}');
    const types = failing.split("\n").flatMap((line) => (line.includes('"type"') ? [JSON.parse(line).type] : []));
    assert.deepEqual(types, ["platform.runtimeDone", "platform.report"]);
  });
});
