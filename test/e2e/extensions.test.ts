/** Extensions in real sandboxes: what they are told and when, what their ends mean, and what they cannot do. */
import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { InvokeCommand, UpdateFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { extension, logOnce, publishExtensions, WATCHER } from "./extension-fixture.ts";

const RUNTIME = "nodejs26.x";

/** Answers which process it is in, and how often a process has started on this /tmp. Events: hang, log. */
const FUNCTION = `
  import { appendFileSync, statSync } from "node:fs";
  import { randomUUID } from "node:crypto";
  const id = randomUUID();
  appendFileSync("/tmp/starts", "x");
  export const handler = async (event) => {
    if (event.log) console.log(event.log);
    if (event.hang) await new Promise((resolve) => setTimeout(resolve, 3_600_000));
    return { id, starts: statSync("/tmp/starts").size };
  };
`;

describe("extensions", { concurrency: 4 }, () => {
  let region: TestRegion;
  before(async () => {
    region = await TestRegion.start("auto");
  });
  after(() => region.stop());

  /** Plain processes see the machine's own directories. */
  const hasWalls = async (t: TestContext): Promise<boolean> => {
    const { isolation } = (await (await fetch(`${region.url}/_alonzo/health`)).json()) as { isolation: string };
    if (isolation === "process") t.skip("plain processes share the machine's /tmp");
    return isolation !== "process";
  };
  const deploy = async (files: Readonly<Record<string, string>>, code = FUNCTION, Timeout = 20, mode?: number) => {
    const Layers = [await publishExtensions(region, files, mode)];
    return region.deploy({ runtime: RUNTIME, zip: zipOf({ "index.mjs": code }), more: { Layers, Timeout } });
  };
  const answer = async (FunctionName: string, event: object = {}) => {
    const Payload = Buffer.from(JSON.stringify(event));
    const { FunctionError, Payload: payload } = await region.lambda.send(new InvokeCommand({ FunctionName, Payload }));
    const text = Buffer.from(payload ?? []).toString();
    assert.equal(FunctionError, undefined, text);
    return JSON.parse(text) as { id: string; starts: number };
  };

  test("an extension registers, is ready before the function is, and hears of each invocation", async (t) => {
    if (!(await hasWalls(t))) return;
    const watcher = extension(`
      const { status, text, id } = await register(["INVOKE", "SHUTDOWN"], { "lambda-extension-accept-feature": "accountId" });
      log("registered", status, text);
      log("variables", Object.keys(process.env).sort().join(","), process.env.MINE, process.cwd());
      await serve(id);`);
    const Layers = [await publishExtensions(region, { watcher })];
    const zip = zipOf({ "index.mjs": `console.log("function starts");\n${FUNCTION}` });
    const more = { Layers, Environment: { Variables: { MINE: "kept" } } };
    const name = await region.deploy({ runtime: RUNTIME, zip, more });
    const invoked = await region.invoke(name);
    const log = await logOnce(region, name, /REPORT/);
    const expected = {
      functionName: name,
      functionVersion: "$LATEST",
      handler: "index.handler",
      accountId: "000000000000",
    };
    assert(log.includes(`registered 200 ${JSON.stringify(expected)}\n`), log);
    const [, names = ""] = /^variables (\S+) kept \/var\/task$/m.exec(log) ?? [];
    assert.deepEqual(names.split(","), [
      "AWS_ACCESS_KEY_ID",
      "AWS_DEFAULT_REGION",
      "AWS_ENDPOINT_URL",
      "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
      "AWS_LAMBDA_FUNCTION_NAME",
      "AWS_LAMBDA_FUNCTION_VERSION",
      "AWS_LAMBDA_INITIALIZATION_TYPE",
      "AWS_LAMBDA_RUNTIME_API",
      "AWS_REGION",
      "AWS_SECRET_ACCESS_KEY",
      "AWS_SESSION_TOKEN",
      "LANG",
      "LD_LIBRARY_PATH",
      "MINE",
      "PATH",
      "TZ",
    ]);
    const order = [
      /INIT_START/,
      /registered 200/,
      /function starts/,
      /EXTENSION\tName: watcher\tState: Ready\tEvents: \[INVOKE, SHUTDOWN\]\n/,
      /START RequestId/,
      /watcher \{"eventType":"INVOKE"/,
      /END RequestId/,
      /REPORT RequestId/,
    ].map((pattern) => log.search(pattern));
    assert.deepEqual(
      order.toSorted((a, b) => a - b),
      order,
      log,
    );
    assert(!order.includes(-1), log);
    const event = JSON.parse(/watcher (\{"eventType":"INVOKE".*)/.exec(log)?.[1] ?? "");
    assert.equal(event.requestId, invoked.requestId);
    assert.equal(event.invokedFunctionArn, `arn:aws:lambda:us-east-1:000000000000:function:${name}`);
    assert.equal(event.tracing.type, "X-Amzn-Trace-Id");
    assert.match(event.tracing.value, /^Root=1-/);
    assert(event.deadlineMs > Date.now() && event.deadlineMs < Date.now() + 20_000);
    assert.match(invoked.log, /END RequestId.*\nREPORT RequestId/s, "the log tail is whole, extensions or not");
  });

  test("the caller does not wait for extensions, the next invocation does; after the timeout all starts anew", async (t) => {
    if (!(await hasWalls(t))) return;
    const holder = extension(
      `const { id } = await register(["INVOKE"]); log("got", (await next(id)).eventType); setInterval(() => {}, 1000);`,
    );
    const name = await deploy({ holder }, FUNCTION, 4);
    const first = await answer(name);
    const second = await answer(name);
    assert.notEqual(second.id, first.id, "the first environment still waits for its extension");
    const log = await logOnce(region, name, /REPORT[^\n]*Status: timeout/);
    assert.match(log, /Task timed out after 4\.00 seconds/);
    assert.match(
      log,
      /REPORT RequestId: \S+\tDuration: \d{1,3}\.\d\d ms\tBilled Duration: [4-9]\d{3} ms.*Status: timeout/,
    );
    let later = await answer(name);
    while (later.starts === 1) later = await answer(name);
    assert.equal(later.starts, 2, "the process is a new one, /tmp is kept");
  });

  test("an extension that wants to know of the end only is not waited for", async () => {
    const quiet = extension(`const { id } = await register(["SHUTDOWN"]); await serve(id);`);
    const name = await deploy({ quiet });
    const { id } = await answer(name);
    assert.equal((await answer(name)).id, id);
    await region.lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: name, Description: "new", Timeout: 5 }),
    );
    const log = await logOnce(region, name, /quiet \{.*SHUTDOWN/);
    assert.doesNotMatch(log, /INVOKE/);
  });

  test("a retired environment tells extensions that it ends, its runtime too", async () => {
    const code = `process.on("SIGTERM", () => { console.log("runtime asked to end"); process.exit(0); });\n${FUNCTION}`;
    const name = await deploy({ watcher: WATCHER }, code);
    await answer(name);
    await region.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Timeout: 5 }));
    const log = await logOnce(region, name, /watcher \{"eventType":"SHUTDOWN".*\}\n/);
    const event = JSON.parse(/watcher (\{"eventType":"SHUTDOWN".*)/.exec(log)?.[1] ?? "");
    assert.deepEqual(Object.keys(event), ["eventType", "shutdownReason", "deadlineMs"]);
    assert.equal(event.shutdownReason, "spindown");
    assert(log.indexOf("runtime asked to end") < log.indexOf('"SHUTDOWN"'), log);
  });

  test("a function's timeout is told to extensions, and the next invocation starts all anew on the same /tmp", async (t) => {
    if (!(await hasWalls(t))) return;
    const name = await deploy({ watcher: WATCHER }, FUNCTION, 3);
    await answer(name);
    const { document, requestId } = await region.invokeFailing(name, '{"hang":true}');
    assert.equal(document.errorType, "Sandbox.Timedout");
    assert.equal(document.errorMessage, `RequestId: ${requestId} Error: Task timed out after 3.00 seconds`);
    assert.match(await logOnce(region, name, /"SHUTDOWN".*\n/), /"shutdownReason":"timeout"/);
    // Whoever comes while the environment is still being cleared gets another: hung and cleared, its count goes on alone.
    let starts = 0;
    for (let attempt = 0; attempt < 5 && starts < 2; attempt++) {
      await delay(300);
      ({ starts } = await answer(name));
      if (starts < 2) await region.invokeFailing(name, '{"hang":true}');
    }
    assert.equal(starts, 2);
  });

  test("the end of the runtime is told to extensions as a failure", async () => {
    const code = `export const handler = async () => process.exit(3);`;
    const name = await deploy({ watcher: WATCHER }, code);
    assert.equal((await region.invokeFailing(name)).document.errorType, "Runtime.ExitError");
    assert.match(await logOnce(region, name, /"SHUTDOWN".*\n/), /"shutdownReason":"failure"/);
  });

  test("an extension that ends in init fails it, and the caller hears of it", async () => {
    const name = await deploy({ broken: "#!/bin/sh\necho going\nexit 3\n" });
    const { document, requestId } = await region.invokeFailing(name);
    assert.deepEqual(document, {
      errorType: "Extension.Crash",
      errorMessage: `RequestId: ${requestId} Error: exit code 3`,
    });
    const log = await logOnce(region, name, /REPORT/);
    assert.match(log, /EXTENSION\tName: broken\tState: Exited\tEvents: \[\]\n/);
    assert.match(log, /INIT_REPORT .*Phase: init\tStatus: error\tError Type: Extension\.Crash\n/);
    assert.match(log, /INIT_REPORT .*Phase: invoke\tStatus: error\tError Type: Extension\.Crash\n/);
    assert.match(log, /RequestId: \S+ Error: exit code 3\nExtension\.Crash\n/);
  });

  test("an extension that ends amid an invocation ends that, and the environment starts anew", async (t) => {
    if (!(await hasWalls(t))) return;
    const fragile = extension(
      `const { id } = await register(["INVOKE"]); await next(id); await next(id); process.exit(7);`,
    );
    const name = await deploy({ fragile });
    assert.equal((await answer(name)).starts, 1);
    const { document } = await region.invokeFailing(name, '{"hang":true}');
    assert.equal(document.errorType, "Extension.Crash");
    assert.match(String(document.errorMessage), /Error: exit code 7$/);
    assert.equal((await answer(name)).starts, 2);
  });

  test("what extensions report before they end is the reason of the failure", async () => {
    const header = `{ ...id, "lambda-extension-function-error-type": "Extension.NoConfig" }`;
    const init = extension(
      `const { id } = await register([]); log((await call("POST", "init/error", ${header}, "{}")).text); process.exit(0);`,
    );
    const exit = extension(
      `const { id } = await register(["INVOKE"]); await next(id); await call("POST", "exit/error", ${header}); process.exit(1);`,
    );
    const [one, two] = await Promise.all([deploy({ init }), deploy({ exit })]);
    const atInit = await region.invokeFailing(one);
    assert.equal(atInit.document.errorType, "Extension.InitError");
    assert.match(String(atInit.document.errorMessage), /Error: exit code 0$/);
    assert.match(
      await logOnce(region, one, /REPORT/),
      /\{"status":"OK"\}\n\nEXTENSION\tName: init\tState: InitError\tEvents: \[\]\tError Type: Extension\.NoConfig\n/,
    );
    assert.equal((await region.invokeFailing(two, '{"hang":true}')).document.errorType, "Extension.ExitError");
  });

  test("an extension that never registers holds init up to its limit, and then the invocation", async () => {
    const name = await deploy({ mute: "#!/bin/sh\nexec sleep 1000\n" }, FUNCTION, 1);
    assert.equal((await region.invokeFailing(name)).document.errorType, "Sandbox.Timedout");
    const log = await logOnce(region, name, /REPORT RequestId/);
    assert.match(log, /EXTENSION\tName: mute\tState: Started\tEvents: \[\]\n/);
    assert.match(log, /Phase: init\tStatus: timeout\n/);
  });

  test("more than ten extensions are refused, and what cannot be executed", async () => {
    const names = Array.from({ length: 11 }, (_, index) => `e${10 + index}`);
    const many = await deploy(Object.fromEntries(names.map((name) => [name, WATCHER])));
    const refused = await region.invokeFailing(many);
    assert.equal(refused.document.errorType, "Extension.LaunchError");
    assert.match(
      await logOnce(region, many, /REPORT/),
      /EXTENSION\tName: e20\tState: LaunchError.*TooManyExtensions\n/,
    );
    const plain = await deploy({ plain: WATCHER }, FUNCTION, 20, 0o100644);
    const { document } = await region.invokeFailing(plain);
    assert.equal(document.errorType, "Extension.LaunchError");
    assert.match(String(document.errorMessage), /Error: fork\/exec \/opt\/extensions\/plain: permission denied$/);
  });

  test("ten extensions run beside one function", async () => {
    const names = Array.from({ length: 10 }, (_, index) => `e${index}`);
    const shell = `#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension
id=$(curl -sS -D - -o /dev/null -H "Lambda-Extension-Name: \${0##*/}" -d '{"events":["INVOKE"]}' $api/register | tr -d '\\r' |
  sed -n 's/^lambda-extension-identifier: //Ip')
while :; do curl -sS -H "Lambda-Extension-Identifier: $id" $api/event/next > /dev/null; echo "\${0##*/} heard"; done
`;
    const name = await deploy(Object.fromEntries(names.map((name) => [name, shell])));
    await answer(name);
    const log = await logOnce(region, name, /REPORT/);
    assert.deepEqual(
      names.filter((one) => !log.includes(`${one} heard`)),
      [],
    );
  });

  test("the runtime may register extensions of its own until it first asks for work", async () => {
    const code = `
      import http from "node:http";
      const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
      const call = (method, path, headers, body = "") => new Promise((resolve) => {
        const request = http.request({ host, port, method, path: "/2020-01-01/extension/" + path, headers }, async (answer) => {
          let text = "";
          for await (const chunk of answer) text += chunk;
          resolve({ status: answer.statusCode, text, id: answer.headers["lambda-extension-identifier"] });
        });
        request.end(body);
      });
      const register = (name, ...events) =>
        call("POST", "register", { "lambda-extension-name": name }, JSON.stringify({ events }));
      const refused = await register("inner", "SHUTDOWN");
      const { id } = await register("inner", "INVOKE");
      const twice = await register("inner", "INVOKE");
      const seen = [];
      (async () => {
        for (;;) seen.push(JSON.parse((await call("GET", "event/next", { "lambda-extension-identifier": id })).text).requestId);
      })();
      export const handler = async (event, context) => {
        while (seen.at(-1) !== context.awsRequestId) await new Promise((resolve) => setImmediate(resolve));
        return [refused, twice, await register("late")].map(({ status, text }) => [status, JSON.parse(text)]);
      };`;
    const name = await region.deploy({ runtime: RUNTIME, zip: zipOf({ "index.mjs": code }) });
    for (let round = 0; round < 2; round++) {
      const invoked = await region.invoke(name);
      assert.deepEqual(JSON.parse(invoked.text), [
        [
          403,
          {
            errorType: "Extension.InvalidEventType",
            errorMessage: "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension",
          },
        ],
        [
          403,
          { errorType: "Extension.InvalidExtensionState", errorMessage: "Extension with this name already registered" },
        ],
        [403, { errorType: "Extension.RegistrationClosed", errorMessage: "Extension registration closed already" }],
      ]);
    }
    assert.match(await logOnce(region, name, /REPORT/), /EXTENSION\tName: inner\tState: Ready\tEvents: \[INVOKE\]\n/);
  });

  test("garbage, floods and borrowed names get an extension nowhere, and harm no other function", async () => {
    const hostile = extension(`
      const net = require("node:net");
      const { id } = await register(["INVOKE", "SHUTDOWN"]);
      await next(id);
      const id2 = (value) => ({ "lambda-extension-identifier": value });
      const refusals = new Set();
      const note = ({ status, text }) => refusals.add(status + " " + text);
      for (const [method, path, headers, body] of [
        ["POST", "register", {}, "{}"], ["POST", "register", { "lambda-extension-name": "x" }, "{"],
        ["POST", "register", { "lambda-extension-name": "x" }, '{"events":["DESTROY"]}'],
        ["POST", "register", { "lambda-extension-name": name }, "{}"],
        ["GET", "event/next", {}], ["GET", "event/next", id2("me")],
        ["GET", "event/next", id2("00000000-0000-4000-8000-000000000000")],
        ["POST", "init/error", id], ["POST", "exit/error", id2("00000000-0000-4000-8000-000000000000")],
        ["DELETE", "register", {}], ["GET", "nothing", {}],
      ]) note(await call(method, path, headers, body));
      log("refusals", refusals.size, [...refusals].filter((one) => !/^40[345] /.test(one)).join());
      const one = (n) => "POST /2020-01-01/extension/register HTTP/1.1\\r\\nlambda-extension-name: n" + n + "\\r\\ncontent-length: 2\\r\\n\\r\\n{}";
      const flood = Array.from({ length: 3000 }, (_, n) => one(n)).join("");
      for (const garbage of [flood, "\\0".repeat(100), "GET", "GET / HTTP/9\\r\\n\\r\\n", "POST /2020-01-01/extension/register HTTP/1.1\\r\\ncontent-length: 99999999\\r\\n\\r\\n"]) {
        await new Promise((done) => { const socket = net.connect(port, host, () => socket.end(garbage)); socket.on("close", done).on("error", done).resume(); });
      }
      log("went on");
      await serve(id);`);
    const [name, other] = await Promise.all([deploy({ hostile }), deploy({ watcher: WATCHER })]);
    await answer(other);
    await answer(name);
    await answer(other);
    const log = await logOnce(region, name, /REPORT/);
    assert.match(log, /refusals 1[01] \n/);
    assert.match(log, /went on/);
  });
});

test("an environment that was idle for long tells extensions that it ends", async (t) => {
  const region = await TestRegion.start("auto", { ALONZO_IDLE_TIMEOUT: "1" });
  t.after(() => region.stop());
  const Layers = [await publishExtensions(region, { watcher: WATCHER })];
  const name = await region.deploy({ runtime: RUNTIME, zip: zipOf({ "index.mjs": FUNCTION }), more: { Layers } });
  await region.invoke(name);
  assert.match(await logOnce(region, name, /"SHUTDOWN".*\n/), /"shutdownReason":"spindown"/);
});

test("a region that ends lets extensions end first", async (t) => {
  const region = await TestRegion.start("auto");
  t.after(() => region.stop());
  const Layers = [await publishExtensions(region, { watcher: WATCHER })];
  const name = await region.deploy({ runtime: RUNTIME, zip: zipOf({ "index.mjs": FUNCTION }), more: { Layers } });
  await region.invoke(name);
  await region.restart();
  assert.match(await logOnce(region, name, /"SHUTDOWN".*\n/), /"shutdownReason":"spindown"/);
});
