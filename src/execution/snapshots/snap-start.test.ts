/** SnapStart's plane, with a real Python in a driver whose snapshots are played. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { FunctionVersion } from "../../functions/function-version.ts";
import { createLog } from "../../observability/log.ts";
import { LogStore } from "../../observability/log-store.ts";
import { CredentialMint } from "../credentials.ts";
import type { Environment } from "../environment.ts";
import { EnvironmentAssembly } from "../environment-assembly.ts";
import { EnvironmentFactory } from "../environment-factory.ts";
import { Placement } from "../placement.ts";
import { invocation, VERSION } from "../played-runtime.ts";
import { RestoreError } from "../restore-error.ts";
import { Runtimes } from "../runtimes.ts";
import { playSnapshots } from "./played-snapshots.ts";
import { SnapStart, type SnapshotState } from "./snap-start.ts";
import { SnapshotStore } from "./snapshot-store.ts";

const runtimes = await Runtimes.discover();
const python = runtimes.list().find(({ runtime }) => runtime.startsWith("python"))?.runtime;
const skip = python === undefined && "no Python on this machine";

const APP = `
import json, os, urllib.request
from snapshot_restore_py import register_after_restore, register_before_snapshot
passed = ["init"]
register_before_snapshot(passed.append, "before 1")
register_before_snapshot(passed.append, "before 2")

@register_after_restore
def after():
    if os.environ.get("FAIL"):
        raise ValueError("no database")
    passed.append("after")

def handler(event, context):
    credentials = {"AccessKeyId": os.environ.get("AWS_ACCESS_KEY_ID")}
    if "AWS_CONTAINER_CREDENTIALS_FULL_URI" in os.environ:
        request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
        request.add_header("Authorization", os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
        credentials = json.load(urllib.request.urlopen(request))
    names = ["AWS_ACCESS_KEY_ID", "AWS_LAMBDA_LOG_STREAM_NAME"]
    return {
        "passed": passed,
        "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
        "key": credentials["AccessKeyId"],
        "seen": [name for name in names if name in os.environ],
    }
`;

async function setUp(code = APP, extra: Readonly<Record<string, string>> = {}) {
  const directory = await mkdtemp(join(tmpdir(), "alonzo-snap-start-"));
  await writeFile(join(directory, "app.py"), code);
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  const logs = new LogStore(join(directory, "logs"), log);
  const played = await playSnapshots(extra);
  const assembly = new EnvironmentAssembly({
    runtimes,
    logs,
    credentials: new CredentialMint(Buffer.alloc(32)),
    region: "us-east-1",
    streamingRate: Number.POSITIVE_INFINITY,
    directories: async () => ({ task: directory }),
    onRegionConnection: (socket) => socket.destroy(),
  });
  const states: SnapshotState[] = [];
  const inits: number[] = [];
  const open = async () =>
    new SnapStart({
      assembly,
      runtimes,
      log,
      store: await SnapshotStore.open(join(directory, "snapshots"), 1 << 30),
      placement: new Placement(() => ({ totalMb: 24_000, availableMb: 20_000 })),
      openDriver: async () => played.driver,
      onInit: (_version, initMs) => inits.push(initMs),
      onMadeAgain: (_version, state) => states.push(state),
    });
  const snapStart = await open();
  const version: FunctionVersion = {
    ...VERSION,
    version: "1",
    runtime: python ?? "",
    handler: "app.handler",
    snapStartApplyOn: "PublishedVersions",
  };
  const environments: Environment[] = [];
  const create = async (from = snapStart): Promise<Environment> => {
    const factory = new EnvironmentFactory({ assembly, driver: played.driver, snapStart: from });
    const environment = await factory.create(version, "on-demand", {
      onIdle: () => {},
      onRuntimeExit: () => {},
      onFault: () => {},
    });
    environments.push(environment);
    return environment;
  };
  after(async () => {
    await Promise.all(environments.map((environment) => environment.destroy()));
    await snapStart.close();
    await played.driver.close();
    await logs.flush();
    await rm(directory, { recursive: true, force: true });
  });
  return { snapStart, open, version, create, played, lines, states, inits };
}

const answerOf = ({ payload }: { readonly payload: Buffer }) => JSON.parse(payload.toString());

test("a version is initialised once, hooks and all, and its environments go on from there", { skip }, async () => {
  const { snapStart, version, create, played, inits } = await setUp();
  assert.deepEqual(await snapStart.prepare(version), { kind: "on" });
  assert.deepEqual(played.calls, ["create", "take"]);
  assert.equal(inits.length, 1);
  const [one, other] = await Promise.all([create(), create()]);
  for (const environment of [one, other]) {
    await environment.init();
    assert.equal(environment.initialization, "snap-start");
  }
  assert.deepEqual(played.calls, ["create", "take", "restore", "restore"]);
  const outcome = await one.invoke(invocation(1), true);
  const { key, ...answer } = answerOf(outcome);
  assert.deepEqual(answer, {
    passed: ["init", "before 2", "before 1", "after"],
    type: "snap-start",
    seen: [],
  });
  assert.match(key, /^ASIA/);
  const { restore, billedMs, durationMs } = outcome;
  assert.ok(restore && restore.billedMs <= Math.ceil(restore.durationMs));
  assert.equal(billedMs, Math.ceil(durationMs + restore.billedMs));
  assert.match(
    outcome.logTail.toString(),
    /^REPORT .*\tRestore Duration: \d+\.\d\d ms\tBilled Restore Duration: \d+ ms\t$/m,
  );
  assert.notEqual(answerOf(await other.invoke(invocation(2), false)).key, key);
  const later = await one.invoke(invocation(3), true);
  assert.equal(later.restore, undefined);
  assert.doesNotMatch(later.logTail.toString(), /Restore/);
});

test("snapshots outlive the region, and go with their version", { skip }, async () => {
  const { snapStart, open, version, create, played } = await setUp();
  await snapStart.prepare(version);
  await snapStart.close();
  const next = await open();
  assert.deepEqual(await next.prepare(version), { kind: "on" });
  await (await create(next)).init();
  assert.deepEqual(played.calls, ["create", "take", "restore"]);
  await next.sweep(async () => version);
  assert.deepEqual(await next.prepare(version), { kind: "on" });
  assert.deepEqual(played.calls, ["create", "take", "restore"]);
  await next.sweep(async () => undefined, "another");
  await next.sweep(async () => undefined, version.functionName);
  await next.prepare(version);
  assert.deepEqual(played.calls, ["create", "take", "restore", "create", "take"]);
});

test("where the machine has changed, versions start plainly until their snapshot is made again", { skip }, async () => {
  const { snapStart, version, create, played, states } = await setUp();
  await snapStart.prepare(version);
  played.machine = "played 2";
  const plain = await create();
  await plain.init();
  const outcome = await plain.invoke(invocation(1), false);
  assert.deepEqual(answerOf(outcome).passed, ["init", "before 2", "before 1", "after"]);
  assert.match(answerOf(outcome).key, /^ASIA/);
  assert.deepEqual([typeof outcome.initMs, outcome.restore], ["number", undefined]);
  while (states.length === 0) await new Promise(setImmediate);
  assert.deepEqual(states, [{ kind: "on" }]);
  await (await create()).init();
  assert.equal(played.calls.at(-1), "restore");
});

test("where a snapshot cannot be restored, the environment starts plainly", { skip }, async () => {
  const { snapStart, version, create, played, lines } = await setUp();
  await snapStart.prepare(version);
  played.broken = "restore";
  await (await create()).init();
  assert.deepEqual(played.calls, ["create", "take", "restore", "create"]);
  assert.ok(lines.some((line) => line.includes("a snapshot could not be restored")));
  // It is not tried again at once.
  await (await create()).init();
  assert.deepEqual(played.calls, ["create", "take", "restore", "create", "create"]);
});

test("what does not go on after a restore is started anew by the invocation", { skip }, async () => {
  const { snapStart, version, create, played } = await setUp("def handler(event, context): return 'here'");
  await snapStart.prepare(version);
  played.broken = "going on";
  const environment = await create();
  await environment.init();
  const outcome = await environment.invoke(invocation(1), false);
  assert.equal(answerOf(outcome), "here");
  assert.equal(outcome.restore, undefined);
});

test("an after-restore hook that fails is an error of the restore", { skip }, async () => {
  const { snapStart, version, create } = await setUp(APP, { FAIL: "1" });
  assert.deepEqual(await snapStart.prepare(version), { kind: "on" });
  const environment = await create();
  await assert.rejects(environment.init(), (error) => error instanceof RestoreError && error.kind === "error");
});

test("a function that cannot be initialised has no snapshot", { skip }, async () => {
  for (const [code, errorType] of [
    ["import nothing_of_the_kind", "Runtime.ImportModuleError"],
    [`${APP}\nregister_before_snapshot(lambda: 1 / 0)`, "Runtime.BeforeSnapshotError"],
    ["import os\nos._exit(3)", "Runtime.ExitError"],
  ] as const) {
    const { snapStart, version, played } = await setUp(code);
    const state = await snapStart.prepare(version);
    assert.equal(state.kind === "failed" && state.failure.errorType, errorType);
    assert.deepEqual(played.calls, ["create"]);
  }
});

test("where no snapshot can be taken, the version starts plainly and its owner hears why", { skip }, async () => {
  const { snapStart, version, create, played } = await setUp();
  played.broken = "take";
  assert.deepEqual(await snapStart.prepare(version), { kind: "off", reason: "The snapshot could not be taken." });
  await (await create()).init();
  assert.deepEqual(played.calls, ["create", "take", "create"]);
});
