/** Every operation and every error of Lambda, between the unmodified boto3 and the engine: an independent witness. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { test } from "node:test";
import { boto3Missing, PYTHON } from "../python-with-boto3.ts";
import { startEchoServer } from "./echo-server.ts";
import { comparable, errorCases, fuzzCases, inputSeen, SEED } from "./fuzz-cases.ts";
import type { Values } from "./model-values.ts";

const ROUNDS = 3;

interface Report {
  readonly outputs: readonly { readonly output?: Values; readonly failure?: string }[];
  readonly errors: readonly { code: string; message: string; status: number; class: string; failure?: string }[];
}

async function runBoto3(work: unknown): Promise<Report> {
  const python = spawn(PYTHON, [join(import.meta.dirname, "boto3_fuzz.py")], { stdio: ["pipe", "pipe", "inherit"] });
  python.stdin.end(JSON.stringify(work));
  return (await json(python.stdout)) as Report;
}

test("boto3 and the engine understand each other in every operation and every error", async (t) => {
  const missing = boto3Missing();
  if (missing !== undefined && process.env.CI) assert.fail(missing);
  if (missing !== undefined) return t.skip(missing);
  console.log(`ALONZO_FUZZ_SEED=${SEED}`);

  await using server = await disposableServer();
  const cases = fuzzCases(server.model, ROUNDS);
  const errors = errorCases(server.model);
  for (const { output } of cases) server.answers.push({ output: answer(output) });
  for (const { name, message, members } of errors) server.answers.push({ error: { name, message, members } });
  const calls = cases.map(({ operation, input }) => ({ operation, input: comparable(input) }));
  const report = await runBoto3({ endpoint: server.endpoint, cases: calls, errors: errors.length });

  assert.deepEqual(server.faults, []);
  assert.equal(server.calls.length, cases.length + errors.length);
  cases.forEach(({ operation, input, output }, i) => {
    const shape = server.model.operations.get(operation)?.input;
    const seen = report.outputs[i];
    assert.ok(shape && seen);
    assert.equal(seen.failure, undefined, operation);
    assert.deepEqual(inputSeen(shape, server.calls[i]?.input), inputSeen(shape, input), operation);
    assert.deepEqual(body(seen.output), body(comparable(output)), operation);
  });
  errors.forEach(({ name, status, message }, i) => {
    assert.deepEqual(report.errors[i], { code: name, message, status, class: name });
  });
});

async function disposableServer() {
  const server = await startEchoServer("lambda");
  return { ...server, [Symbol.asyncDispose]: () => server.close() };
}

function answer({ EventStream: event, ...rest }: Values): Values {
  return event === undefined ? rest : { ...rest, EventStream: streamOf(event) };
}

async function* streamOf(event: unknown) {
  yield event;
}

/** Without what the status line, the protocol or boto3 fills in by itself: status, content type, empty streams. */
function body(output: unknown): Values {
  const { StatusCode: _s, Status: _t, ResponseStreamContentType: _c, EventStream: events, ...rest } = output as Values;
  const list = events === undefined ? [] : Array.isArray(events) ? events : [events];
  const { Payload: payload, ...others } = rest;
  const isEmpty = (payload as { $bytes?: string } | undefined)?.$bytes === "";
  return { ...others, ...(payload === undefined || isEmpty ? {} : { payload }), ...(list.length > 0 && { list }) };
}
