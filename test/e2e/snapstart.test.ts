/** SnapStart with real snapshots, which gVisor takes: published versions of Python and Java functions, through the AWS SDK. */
import assert from "node:assert/strict";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  DeleteFunctionCommand,
  type FunctionConfiguration,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  PublishVersionCommand,
} from "@aws-sdk/client-lambda";
import { buildExample, MissingToolError } from "../../examples/build.ts";
import { Runtimes } from "../../src/execution/runtimes.ts";
import { probe } from "../../src/execution/sandbox/gvisor/probe.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { RUNTIMES, TestRegion } from "../test-region.ts";

const found = (await Runtimes.discover({ runtimesDirectory: RUNTIMES })).list().map(({ runtime }) => runtime);
const pythons = found.filter((runtime) => /^python3\.\d+$/.test(runtime));
const python = pythons.find((runtime) => Number(runtime.split(".")[1]) >= 12) ?? "python3.12";
const java = found.find((runtime) => /^java(17|21|25)$/.test(runtime)) ?? "";
const standIns = pythons.includes(python) ? "" : `${python}=${pythons[0]}`;

const answer = await probe();
const reason = answer.usable ? undefined : `${answer.reason} (${answer.hint})`;

const APP = `
import json, os, random, ssl, time, uuid, urllib.request
from snapshot_restore_py import register_after_restore, register_before_snapshot
steps, born = ["init"], str(uuid.uuid4())
time.sleep(float(os.environ.get("INIT_SECONDS", "0")))
random.seed(7)
open("/tmp/kept", "w").write(born)
register_before_snapshot(steps.append, "before")

@register_after_restore
def after():
    if os.environ.get("AFTER") == "fails":
        raise ConnectionError("no database")
    if os.environ.get("AFTER") == "hangs":
        time.sleep(60)
    steps.append("after")

def asked_for():
    request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
    request.add_header("Authorization", os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
    return json.load(urllib.request.urlopen(request))["AccessKeyId"]

def handler(event, context):
    time.sleep(event.get("seconds", 0))
    return {
        "steps": steps,
        "born": born,
        "kept": open("/tmp/kept").read() == born,
        "fresh": [random.random(), str(uuid.uuid4()), ssl.RAND_bytes(8).hex(), os.urandom(8).hex()],
        "key": os.environ.get("AWS_ACCESS_KEY_ID") or asked_for(),
        "clock": abs(time.time() * 1000 - event.get("now", 0)) < 30000,
        "seen": [name for name in ("AWS_ACCESS_KEY_ID", "AWS_LAMBDA_LOG_STREAM_NAME") if name in os.environ],
    }
`;

it("snapshots can be taken on the machine that tests Alonzo", {
  skip: process.env.CI ? false : (reason ?? false),
}, () => {
  assert.equal(reason, undefined);
});

describe("SnapStart", { skip: reason ?? (pythons.length === 0 && "no Python on this machine") }, () => {
  let region: TestRegion;
  before(async () => {
    region = await TestRegion.start("auto", { ALONZO_STAND_INS: standIns });
  });
  after(() => region.stop());

  async function deploy(variables: Record<string, string> = {}, code = APP): Promise<string> {
    return region.deploy({
      runtime: python,
      handler: "app.handler",
      zip: zipOf({ "app.py": code }),
      more: { SnapStart: { ApplyOn: "PublishedVersions" }, Environment: { Variables: variables } },
    });
  }

  const configuration = (FunctionName: string) =>
    region.lambda.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier: "1" }));

  /** @returns the version as it is when its snapshot was taken, or could not be */
  async function publish(FunctionName: string): Promise<FunctionConfiguration> {
    await region.lambda.send(new PublishVersionCommand({ FunctionName }));
    for (;;) {
      const found = await configuration(FunctionName);
      if (found.State !== "Pending") return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  const invoke = async (name: string, event: Record<string, unknown> = {}) => {
    const { text, log } = await region.invoke(`${name}:1`, JSON.stringify({ now: Date.now(), ...event }));
    return { log, ...JSON.parse(text) };
  };

  async function refused(FunctionName: string, error: object): Promise<void> {
    const version = { FunctionName, Qualifier: "1" };
    await Promise.all([
      assert.rejects(region.lambda.send(new InvokeCommand(version)), error),
      assert.rejects(region.lambda.send(new InvokeWithResponseStreamCommand(version)), error),
    ]);
  }

  const snapshots = async () =>
    (await readdir(join(region.dataDirectory, "snapshots"))).filter((entry) => entry !== "incoming");

  async function lines(name: string): Promise<string[]> {
    const logs = new CloudWatchLogsClient({
      endpoint: region.url,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${name}` }));
    logs.destroy();
    return events.map(({ message }) => message ?? "");
  }

  it("initialises a version once, while it is Pending, and restores each environment from there", async () => {
    const name = await deploy({ INIT_SECONDS: "2" });
    const published = await region.lambda.send(new PublishVersionCommand({ FunctionName: name }));
    assert.equal(published.State, "Pending");
    await refused(name, {
      name: "SnapStartNotReadyException",
      message:
        "Lambda is initializing your function. It will be ready to invoke once your function state becomes ACTIVE.",
    });
    const { State, SnapStart } = await publish(name);
    assert.deepEqual([State, SnapStart], ["Active", { ApplyOn: "PublishedVersions", OptimizationStatus: "On" }]);
    const { SnapStart: latest } = await region.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    assert.equal(latest?.OptimizationStatus, "Off");

    const [one, other] = await Promise.all([invoke(name, { seconds: 1 }), invoke(name, { seconds: 1 })]);
    for (const { steps, kept, clock, seen } of [one, other]) {
      assert.deepEqual(
        { steps, kept, clock, seen },
        {
          steps: ["init", "before", "after"],
          kept: true,
          clock: true,
          seen: [],
        },
      );
    }
    assert.equal(one.born, other.born);
    assert.match(one.key, /^ASIA/);
    assert.notEqual(one.key, other.key);
    assert.equal(new Set([...one.fresh, ...other.fresh]).size, 8);
    assert.match(one.log, /^REPORT .*\tRestore Duration: \d+\.\d\d ms\tBilled Restore Duration: \d+ ms\t$/m);
    const log = (await lines(name)).join("");
    assert.match(log, /^INIT_START Runtime Version: python:3\.\d+\.v\d+\tRuntime Version ARN: arn:/m);
    assert.match(log, /^INIT_REPORT Init Duration: [2-9]\d{3}\.\d\d ms\tPhase: init$/m);
    assert.match(log, /^RESTORE_START Runtime Version: python:3\.\d+\.v\d+\tRuntime Version ARN: arn:aws:lambda:/m);
    assert.equal(log.match(/^RESTORE_REPORT Restore Duration: \d+\.\d\d ms$/gm)?.length, 2);
  });

  it("keeps snapshots over a crash of the region, and as long as their version", async () => {
    const name = await deploy();
    await publish(name);
    const { born } = await invoke(name);
    await region.kill();
    await region.startAgain();
    assert.equal((await invoke(name)).born, born);
    const before = await snapshots();
    await region.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
    while ((await snapshots()).length === before.length) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await snapshots()).length, before.length - 1);
  });

  it("makes a snapshot again that was lost, and starts plainly meanwhile", async () => {
    const name = await deploy();
    await publish(name);
    const { born } = await invoke(name);
    await region.kill();
    // As a disk that lost a part of each.
    for (const entry of await snapshots()) await rm(join(region.dataDirectory, "snapshots", entry, "record.json"));
    await region.startAgain();
    const plain = await invoke(name);
    assert.notEqual(plain.born, born);
    assert.deepEqual(plain.steps, ["init", "before", "after"]);
    assert.match(plain.key, /^ASIA/);
    assert.match(plain.log, /\tInit Duration: /);
    while ((await snapshots()).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    const [one, other] = await Promise.all([invoke(name, { seconds: 1 }), invoke(name, { seconds: 1 })]);
    const [warm, restored] = one.born === plain.born ? [one, other] : [other, one];
    assert.equal(warm.born, plain.born);
    assert.match(restored.log, /\tRestore Duration: /);
  });

  describe("in a region that stays", { concurrency: true }, () => {
    it("says Failed of a version that cannot be initialised", async () => {
      const { State, StateReasonCode, StateReason } = await publish(await deploy({}, "import nothing_of_the_kind"));
      assert.deepEqual([State, StateReasonCode], ["Failed", "FunctionError"]);
      assert.match(StateReason ?? "", /Runtime\.ImportModuleError/);
    });

    it("tells the caller of an after-restore hook that fails or takes too long", async () => {
      const [failing, hanging] = await Promise.all([deploy({ AFTER: "fails" }), deploy({ AFTER: "hangs" })]);
      await Promise.all([publish(failing), publish(hanging)]);
      await Promise.all([
        refused(failing, { name: "SnapStartException" }),
        refused(hanging, { name: "SnapStartTimeoutException" }),
      ]);
      assert.ok(
        (await lines(failing)).some((line) => /^RESTORE_REPORT .*\tStatus: error\tError Type: Runtime\./.test(line)),
      );
      assert.ok((await lines(hanging)).some((line) => /^RESTORE_REPORT .*\tStatus: timeout$/m.test(line)));
    });

    it("runs CRaC's hooks of Java functions", { skip: java === "" && "no Java on this machine" }, async (t) => {
      let zip: Buffer;
      try {
        zip = await readFile(await buildExample("hello-java"));
      } catch (error) {
        if (!(error instanceof MissingToolError)) throw error;
        return t.skip(error.message);
      }
      const more = { MemorySize: 512, SnapStart: { ApplyOn: "PublishedVersions" } } as const;
      const name = await region.deploy({ runtime: java, handler: "example.Prepared", zip, more });
      const { SnapStart } = await publish(name);
      assert.equal(SnapStart?.OptimizationStatus, "On");
      const { steps } = await invoke(name);
      assert.deepEqual(steps, ["init", "before checkpoint", "after restore"]);
    });
  });
});
