import assert from "node:assert/strict";
import { test } from "node:test";
import { invocation, type PlayedRuntime, play, serving, VERSION } from "./played-runtime.ts";

test("a cold invocation tells its init duration and is billed for it, the next one is not", async () => {
  const { environment, lines, untilIdle } = play(serving(() => '"hi"'));
  await environment.init();
  const cold = await environment.invoke(invocation(1), true);
  assert.equal(cold.kind, "ok");
  assert.equal(cold.payload.toString(), '"hi"');
  assert.ok(cold.initMs !== undefined && cold.billedMs >= Math.ceil(cold.initMs));
  await untilIdle(1);
  const warm = await environment.invoke(invocation(2), true);
  assert.equal(warm.initMs, undefined);
  assert.equal(warm.billedMs, Math.ceil(warm.durationMs));
  assert.match(lines[0] as string, /^INIT_START Runtime Version: nodejs:22\.v1\tRuntime Version ARN: arn:.*\n$/);
  assert.equal(lines[1], `START RequestId: ${invocation(1).requestId} Version: $LATEST\n`);
  assert.equal(lines[3], `END RequestId: ${invocation(1).requestId}\n`);
  assert.match(
    lines[4] as string,
    /^REPORT RequestId: \S+\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: 41 MB\tInit Duration: \d+\.\d\d ms\t\n$/,
  );
});

test("a runtime that asks for work before its launch is through gets none until it is", async () => {
  const { promise: launching, resolve: finishLaunch } = Promise.withResolvers<void>();
  let isThrough = false;
  const runtime = serving(() => (isThrough ? '"through"' : '"too early"'));
  const { environment } = play(
    async (played) => {
      runtime(played);
      // Turns of the event loop enough for a whole invocation.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      isThrough = true;
      finishLaunch();
    },
    3,
    launching,
  );
  await environment.init();
  assert.equal((await environment.invoke(invocation(1), false)).payload.toString(), '"through"');
});

test("the log tail holds START to REPORT of this invocation only", async () => {
  const { environment, untilIdle } = play(serving(() => "1"));
  await environment.init();
  await environment.invoke(invocation(1), false);
  await untilIdle(1);
  const { logTail } = await environment.invoke(invocation(2), true);
  const text = logTail.toString();
  assert.match(text, /^START RequestId: \S+2 .*\nworking on \S+2\nEND RequestId: \S+2\nREPORT RequestId: \S+2\t.*\n$/s);
});

test("a crash is an exit outcome, /tmp's sandbox is reset, and the next invocation starts the runtime again", async () => {
  const { environment, calls, lines, untilIdle } = play((runtime) => {
    if (runtime.starts > 1) return serving(() => "2")(runtime);
    runtime.next(() => runtime.exit(1));
  });
  await environment.init();
  const crashed = await environment.invoke(invocation(1), false);
  assert.equal(crashed.kind, "exit");
  assert.deepEqual(JSON.parse(crashed.payload.toString()), {
    errorType: "Runtime.ExitError",
    errorMessage: `RequestId: ${invocation(1).requestId} Error: Runtime exited with error: exit status 1`,
  });
  await untilIdle(1);
  assert.ok(
    lines.includes(
      `RequestId: ${invocation(1).requestId} Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n`,
    ),
  );
  assert.match(lines.at(-1) as string, /\tStatus: error\tError Type: Runtime\.ExitError\n$/);
  const again = await environment.invoke(invocation(2), false);
  assert.equal(again.payload.toString(), "2");
  assert.equal(again.initMs, undefined);
  assert.deepEqual(calls, ["start", "reset", "start"]);
});

test("an exit without a reason, a signal and running out of memory are told apart", async () => {
  for (const [end, message, type] of [
    [(runtime: PlayedRuntime) => runtime.exit(0), "Runtime exited without providing a reason", "Runtime.ExitError"],
    [
      (runtime: PlayedRuntime) => runtime.exit(null, "SIGKILL"),
      "Runtime exited with error: signal: killed",
      "Runtime.ExitError",
    ],
    [
      (runtime: PlayedRuntime) => runtime.outOfMemory(),
      "Runtime exited with error: signal: killed",
      "Runtime.OutOfMemory",
    ],
  ] as const) {
    const { environment, lines, untilIdle } = play((runtime) => runtime.next(() => end(runtime)));
    await environment.init();
    const outcome = await environment.invoke(invocation(1), false);
    const document = JSON.parse(outcome.payload.toString());
    assert.equal(document.errorType, "Runtime.ExitError");
    assert.equal(document.errorMessage, `RequestId: ${invocation(1).requestId} Error: ${message}`);
    await untilIdle(1);
    assert.match(lines.at(-1) as string, new RegExp(`Error Type: ${type}\n$`));
  }
});

test("a timeout is answered at the deadline, billed at the timeout, and kills the runtime", async () => {
  const { environment, calls, lines, untilIdle } = play((runtime) => runtime.next(() => {}), 0.02);
  await environment.init();
  const outcome = await environment.invoke(invocation(1), false);
  assert.equal(outcome.kind, "timeout");
  assert.deepEqual(JSON.parse(outcome.payload.toString()), {
    errorType: "Sandbox.Timedout",
    errorMessage: `RequestId: ${invocation(1).requestId} Error: Task timed out after 0.02 seconds`,
  });
  await untilIdle(1);
  assert.deepEqual(calls, ["start", "reset"]);
  assert.ok(lines.some((line) => /^\S+Z \S+ Task timed out after 0\.02 seconds\n\n$/.test(line)));
  assert.match(lines.at(-1) as string, /\tDuration: 20\.00 ms\t.*Status: timeout\n$/);
});

test("a failing init is repeated inside the first invocation, whose caller gets the runtime's own document", async () => {
  const document = '{"errorType":"Runtime.ImportModuleError","errorMessage":"no such module"}';
  const { environment, calls, lines } = play((runtime) => {
    runtime.slot.initError(Buffer.from(document), "Runtime.ImportModuleError");
  });
  await environment.init();
  const outcome = await environment.invoke(invocation(1), true);
  assert.equal(outcome.kind, "init-error");
  assert.equal(outcome.functionError, "Unhandled");
  assert.equal(outcome.payload.toString(), document);
  assert.equal(calls.filter((call) => call === "start").length, 2);
  const reports = lines.filter((line) => line.startsWith("INIT_REPORT"));
  assert.match(reports[0] as string, /\tPhase: init\tStatus: error\tError Type: Runtime\.ImportModuleError\n$/);
  assert.match(reports[1] as string, /\tPhase: invoke\tStatus: error\tError Type: Runtime\.ImportModuleError\n$/);
  assert.match(outcome.logTail.toString(), /INIT_REPORT/);
});

test("an init that fails once and then succeeds serves the invocation", async () => {
  const { environment } = play((runtime) => (runtime.starts === 1 ? runtime.exit(3) : serving(() => '"up"')(runtime)));
  await environment.init();
  const outcome = await environment.invoke(invocation(1), false);
  assert.deepEqual([outcome.kind, outcome.payload.toString(), outcome.initMs], ["ok", '"up"', undefined]);
});

test("an error that the runtime reports does not recycle the environment", async () => {
  const { environment, calls, untilIdle } = play((runtime) => {
    const loop = () =>
      runtime.next((requestId) => {
        runtime.slot.answer(requestId, {
          kind: "error",
          body: Buffer.from('{"errorMessage":"m"}'),
          errorType: "Runtime.Unknown",
        });
        loop();
      });
    loop();
  });
  await environment.init();
  const outcome = await environment.invoke(invocation(1), false);
  assert.deepEqual(
    [outcome.kind, outcome.functionError, outcome.payload.toString()],
    ["function-error", "Unhandled", '{"errorMessage":"m"}'],
  );
  await untilIdle(1);
  assert.deepEqual(calls, ["start"]);
});

test("the environment is not offered again before the runtime came back for more", async () => {
  let comeBack: (() => void) | undefined;
  const { environment, untilIdle } = play((runtime) =>
    runtime.next((requestId) => {
      runtime.respond(requestId, "1");
      comeBack = () => runtime.next(() => {});
    }),
  );
  await environment.init();
  await environment.invoke(invocation(1), false);
  const offered = untilIdle(1);
  const early = await Promise.race([
    offered.then(() => "offered"),
    new Promise((resolve) => setTimeout(resolve, 20, "held")),
  ]);
  assert.equal(early, "held");
  comeBack?.();
  await offered;
});

test("a runtime that answers but never comes back is killed when the function's time is over", async () => {
  const { environment, calls, untilIdle } = play(
    (runtime) => runtime.next((requestId) => runtime.respond(requestId, "1")),
    0.05,
  );
  await environment.init();
  assert.equal((await environment.invoke(invocation(1), false)).kind, "ok");
  await untilIdle(1);
  assert.deepEqual(calls, ["start", "reset"]);
});

test("destroying a busy environment answers its invocation", async () => {
  const { environment } = play((runtime) => runtime.next(() => {}));
  await environment.init();
  const running = environment.invoke(invocation(1), false);
  await environment.destroy();
  assert.equal((await running).errorType, "Sandbox.Failure");
});

test("an idle environment freezes and thaws for its next invocation; a busy one never freezes", async () => {
  const { environment, calls, untilIdle } = play(serving(() => "1"));
  await environment.init();
  const first = environment.invoke(invocation(1), false);
  environment.freeze();
  await first;
  await untilIdle(1);
  environment.freeze();
  environment.freeze();
  await environment.invoke(invocation(2), false);
  assert.deepEqual(calls, ["start", "freeze", "thaw"]);
});

test("what extensions take after the answer is billed when it is known, and their caller has not waited for it", async () => {
  const { environment, extensions, untilIdle } = play(serving(() => "1"));
  const outside = environment.init();
  const id = extensions.register("inner", ["INVOKE"]) as string;
  extensions.next(id, { alive: true, answer() {} });
  await outside;
  const outcome = await environment.invoke(invocation(1), false);
  assert.equal(outcome.payload.toString(), "1");
  let billedMs: number | undefined;
  void outcome.finalBilledMs?.then((ms) => {
    billedMs = ms;
  });
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(billedMs, undefined, "the extension is not done");
  extensions.next(id, { alive: true, answer() {} });
  await untilIdle(1);
  assert.ok(billedMs !== undefined && billedMs >= outcome.billedMs);
});

test("what extensions took is billed, too, when the environment ends before they are done", async () => {
  const { environment, extensions } = play(serving(() => "1"));
  const outside = environment.init();
  const id = extensions.register("inner", ["INVOKE"]) as string;
  extensions.next(id, { alive: true, answer() {} });
  await outside;
  const { finalBilledMs, billedMs } = await environment.invoke(invocation(1), false);
  const ending = environment.destroy();
  assert.ok(((await finalBilledMs) ?? 0) >= billedMs);
  await ending;
});

test("an init that is given up because its environment ends is no fault, and nothing is told of it", async () => {
  const { environment, lines } = play(
    () => {},
    3,
    new Promise((_, reject) => setTimeout(reject, 20, new Error("killed"))),
  );
  const initialised = environment.init();
  await environment.destroy();
  await initialised;
  assert.deepEqual(
    lines.map((line) => line.split(" ", 1)[0]),
    ["INIT_START"],
  );
});

test("a traced invocation has its segment in the REPORT record", async () => {
  const { environment, lines, untilIdle } = play(serving(() => "1"));
  await environment.init();
  const traceId = "Root=1-5e34a614-10bdb7fb1fb44f07bc535a10;Parent=07f51d7a2d1f6f85;Sampled=1";
  await environment.invoke({ ...invocation(1), traceId }, false);
  await untilIdle(1);
  assert.match(
    lines.at(-1) as string,
    /^REPORT .*\t\nXRAY TraceId: 1-5e34a614-10bdb7fb1fb44f07bc535a10\tSegmentId: 07f51d7a2d1f6f85\tSampled: true\t\n$/,
  );
});

test("in JSON the platform tells an invocation in events, of its level", async () => {
  const logging = {
    ...VERSION.logging,
    logFormat: "JSON",
    systemLogLevel: "INFO",
    applicationLogLevel: "WARN",
  } as const;
  const { environment, lines, untilIdle } = play(
    (runtime) =>
      runtime.next((requestId) => {
        for (const level of ["INFO", "warn", "ERROR"]) runtime.print(`{"level":"${level}"}\n`);
        runtime.print("no JSON\n");
        runtime.respond(requestId, "1");
        runtime.next(() => {});
      }),
    3,
    Promise.resolve(),
    logging,
  );
  await environment.init();
  await environment.invoke(invocation(1), false);
  await untilIdle(1);
  const events = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    events.map(({ type, level }) => type ?? level),
    ["platform.initStart", "platform.start", "warn", "ERROR", "platform.report"],
  );
  assert.equal(events[4].record.metrics.memorySizeMB, 128);
  assert.equal(events[4].record.status, "success");
});
