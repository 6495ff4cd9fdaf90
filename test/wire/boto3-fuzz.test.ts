/** Every operation and every error of every service, between the unmodified boto3 and the engine: an independent witness. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { test } from "node:test";
import { boto3Missing, PYTHON } from "../python-with-boto3.ts";
import { startEchoServer } from "./echo-server.ts";
import { comparable, errorCases, fuzzCases, membersSeen, SEED, without } from "./fuzz-cases.ts";
import type { Values } from "./model-values.ts";
import { type FuzzedService, SERVICES } from "./services.ts";

const ROUNDS = 2;

interface Report {
  readonly outputs: readonly { readonly output?: Values; readonly failure?: string; readonly unknown?: true }[];
  readonly errors: readonly { code: string; message: string; status: number; class: string; failure?: string }[];
}

/** One Python for all services: it takes a second to start. */
async function runBoto3(work: readonly object[]): Promise<Report[]> {
  const python = spawn(PYTHON, [join(import.meta.dirname, "boto3_fuzz.py")], { stdio: ["pipe", "pipe", "inherit"] });
  python.stdin.end(JSON.stringify(work));
  return (await json(python.stdout)) as Report[];
}

/** A service with what is sent to it and answered by it. */
async function prepare(service: FuzzedService) {
  const server = await startEchoServer(service.name);
  const { model } = server;
  const omitted = [...(service.omitted ?? []), ...(service.unknownToBoto3 ?? [])];
  const uncalled = [...(service.uncalled ?? []), ...(service.uncalledByBoto3 ?? [])];
  const cases = fuzzCases(model, ROUNDS, { ...service, omitted, uncalled });
  const errors = errorCases(model);
  const input = comparable(cases.find(({ operation }) => operation === service.probe)?.input);
  const work = {
    service: service.boto3,
    endpoint: server.endpoint,
    cases: cases.map((one) => ({ operation: one.operation, input: comparable(one.input) })),
    probe: { operation: service.probe, input },
    errors: errors.length,
  };
  return { service, server, cases, errors, work };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Where a value does not survive: a stream of an RPC protocol is read as the list of its events. */
function streamName({ server }: Prepared, operation: string): string | undefined {
  const members = server.model.operations.get(operation)?.output.members ?? [];
  return members.find(({ target }) => target.isStreaming && target.type === "union")?.name;
}

async function* streamOf(event: unknown) {
  if (event !== undefined) yield event;
}

function check(prepared: Prepared, { outputs, errors: seenErrors }: Report): string[] {
  const { service, server, cases, errors } = prepared;
  const failures: string[] = [];
  const calls = [...server.calls];
  cases.forEach(({ operation, input, output }, i) => {
    const seen = outputs[i];
    if (seen?.unknown) return;
    const call = calls.shift();
    const shapes = server.model.operations.get(operation);
    assert.ok(shapes && seen);
    const stream = streamName(prepared, operation);
    const ignored = [...(service.unread ?? []), ...(service.unknownToBoto3 ?? [])];
    try {
      assert.equal(seen.failure, undefined);
      assert.deepEqual(
        without(membersSeen(shapes.input, call?.input), ignored),
        without(membersSeen(shapes.input, input), ignored),
      );
      assert.deepEqual(
        answerSeen(membersSeen(shapes.output, seen.output), stream, ignored),
        answerSeen(membersSeen(shapes.output, output), stream, ignored),
      );
    } catch (error) {
      failures.push(`${operation}: ${(error as Error).message}`);
    }
  });
  errors.forEach(({ name, status, message }, i) => {
    const { queryCode } = server.model.error(name) ?? {};
    const seen = seenErrors[i];
    assert.ok(seen);
    assert.deepEqual([seen.message, seen.status], [message, status], name);
    // What boto3's own model does not list has no class.
    if (seen.class !== "ClientError") assert.equal(seen.class, name);
    assert.ok(seen.code === name || seen.code === queryCode, `${name} came as ${seen.code}`);
  });
  return failures;
}

/** Without what the status line, the protocol or boto3 fills in by itself: status, content type, empty streams. */
function answerSeen(output: unknown, stream: string | undefined, ignored: readonly string[]): Values {
  const {
    StatusCode: _s,
    Status: _t,
    status: _u,
    ResponseStreamContentType: _c,
    contentType: _d,
    ...rest
  } = output as Values;
  const { [stream ?? ""]: events, ...others } = without(rest, ignored);
  const list = events === undefined ? [] : Array.isArray(events) ? events : [events];
  const filled = Object.entries(others).filter(([, value]) => !isEmptyBytes(value));
  return { ...Object.fromEntries(filled), ...(list.length > 0 && { list }) };
}

function isEmptyBytes(value: unknown): boolean {
  return (value as { $bytes?: string } | undefined)?.$bytes === "";
}

test("boto3 and the engine understand each other in every operation and every error", async (t) => {
  const missing = boto3Missing();
  if (missing !== undefined && process.env.CI) assert.fail(missing);
  if (missing !== undefined) return t.skip(missing);
  console.log(`ALONZO_FUZZ_SEED=${SEED}`);
  const all = await Promise.all(SERVICES.filter(({ protocol }) => protocol === undefined).map(prepare));
  try {
    for (const prepared of all) answerInTurn(prepared);
    const reports = await runBoto3(all.map(({ work }) => work));
    for (const [i, prepared] of all.entries()) {
      const report = reports[i];
      assert.ok(report);
      await t.test(prepared.service.name, () => {
        assert.deepEqual(check(prepared, report), []);
        assert.deepEqual(prepared.server.faults, []);
      });
    }
  } finally {
    for (const { server } of all) await server.close();
  }
});

/** By operation, since boto3 may not know some. */
function answerInTurn(prepared: Prepared): void {
  const { server, cases, errors } = prepared;
  for (const { operation, output } of cases) {
    const stream = streamName(prepared, operation);
    const { [stream ?? ""]: event, ...rest } = output;
    server.answers.push({ operation, output: stream === undefined ? output : { ...rest, [stream]: streamOf(event) } });
  }
  for (const { name, message, members } of errors) server.answers.push({ error: { name, message, members } });
}
