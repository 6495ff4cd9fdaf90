/** Provisioned concurrency as invocations meet it: environments that are there before they are wanted. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import {
  CreateAliasCommand,
  DeleteProvisionedConcurrencyConfigCommand,
  GetProvisionedConcurrencyConfigCommand,
  InvokeCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  PutProvisionedConcurrencyConfigCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
} from "@aws-sdk/client-lambda";
import { activeFunction, settled } from "../api/lambda/given.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { Gate, HELD_FUNCTION } from "./held-function.ts";

interface Answer {
  readonly type: string;
  readonly environment: string;
  readonly version: string;
}

describe("provisioned concurrency", () => {
  let region: TestRegion;
  const gates: Gate[] = [];
  const running: Promise<unknown>[] = [];
  before(async () => {
    // On-demand environments are reaped after a second; provisioned ones are not.
    region = await TestRegion.start("process", { ALONZO_IDLE_TIMEOUT: "1" });
  });
  afterEach(async () => {
    for (const gate of gates) gate.open();
    await Promise.allSettled(running.splice(0));
    for (const gate of gates.splice(0)) gate.remove();
  });
  after(() => region.stop());

  const publish = async (FunctionName: string) => {
    const { Version } = await region.lambda.send(new PublishVersionCommand({ FunctionName }));
    await settled(region, FunctionName, Version);
    return String(Version);
  };
  const deploy = async () => {
    const name = await activeFunction(region, { Code: { ZipFile: HELD_FUNCTION } });
    await publish(name);
    return name;
  };
  const provision = (FunctionName: string, Qualifier: string, ProvisionedConcurrentExecutions: number) =>
    region.lambda.send(
      new PutProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier, ProvisionedConcurrentExecutions }),
    );
  const status = (FunctionName: string, Qualifier: string) =>
    region.lambda.send(new GetProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier }));
  const until = async (FunctionName: string, Qualifier: string, wanted: "READY" | "FAILED") => {
    for (;;) {
      const config = await status(FunctionName, Qualifier);
      if (config.Status === wanted) return config;
    }
  };
  const call = (FunctionName: string, Qualifier: string, event: object = {}) => {
    const answer = region.lambda.send(
      new InvokeCommand({ FunctionName, Qualifier, Payload: Buffer.from(JSON.stringify(event)), LogType: "Tail" }),
    );
    running.push(answer.catch(() => {}));
    return answer;
  };
  const invoke = async (FunctionName: string, Qualifier: string, event?: object): Promise<Answer & { log: string }> => {
    const { Payload, LogResult } = await call(FunctionName, Qualifier, event);
    return {
      ...JSON.parse(Buffer.from(Payload ?? []).toString()),
      log: Buffer.from(LogResult ?? "", "base64").toString(),
    };
  };
  const hold = async (name: string, qualifier: string, count: number) => {
    const gate = new Gate();
    gates.push(gate);
    const answers = Array.from({ length: count }, () => invoke(name, qualifier, gate.event));
    await gate.reached(count);
    return { gate, answers };
  };

  test("serves from environments that were initialised before, and spills over to others", async () => {
    const name = await deploy();
    await provision(name, "1", 2);
    await until(name, "1", "READY");
    const { gate, answers } = await hold(name, "1", 3);
    const config = await status(name, "1");
    assert.deepEqual([config.Status, config.AvailableProvisionedConcurrentExecutions], ["READY", 2]);
    gate.open();
    const held = await Promise.all(answers);
    assert.deepEqual(
      held.map(({ type }) => type),
      ["provisioned-concurrency", "provisioned-concurrency", "on-demand"],
    );
    assert.equal(new Set(held.map(({ environment }) => environment)).size, 3);
    assert.equal((await invoke(name, "$LATEST")).type, "on-demand");
  });

  test("serves one invocation after the other from the same environment", async () => {
    const name = await deploy();
    await provision(name, "1", 1);
    await until(name, "1", "READY");
    const { environment, type, log } = await invoke(name, "1");
    assert.equal(type, "provisioned-concurrency");
    // AWS, too, reports the init with the first invocation, though that did not wait for it and is not billed for it.
    assert.match(log, /\tInit Duration: /);
    const [, durationMs, billedMs] = /Duration: ([\d.]+) ms\tBilled Duration: (\d+) ms/.exec(log) ?? [];
    assert.equal(Number(billedMs), Math.ceil(Number(durationMs)));
    for (let count = 0; count < 20; count++) {
      const next = await invoke(name, "1");
      assert.equal(next.environment, environment);
      assert.doesNotMatch(next.log, /Init Duration/);
    }
  });

  test("keeps its environments though nobody calls, when those on demand are reaped", async () => {
    const name = await deploy();
    await provision(name, "1", 1);
    await until(name, "1", "READY");
    const first = await invoke(name, "1");
    const onDemand = await invoke(name, "$LATEST");
    while ((await invoke(name, "$LATEST")).environment === onDemand.environment) {
      await new Promise((resolve) => setTimeout(resolve, 2500));
    }
    assert.equal((await invoke(name, "1")).environment, first.environment);
  });

  test("begins when a version is ready that was just published", async () => {
    const FunctionName = await activeFunction(region, { Code: { ZipFile: HELD_FUNCTION } });
    const { Version = "" } = await region.lambda.send(new PublishVersionCommand({ FunctionName }));
    await provision(FunctionName, Version, 1);
    await until(FunctionName, Version, "READY");
    assert.equal((await invoke(FunctionName, Version)).type, "provisioned-concurrency");
  });

  test("replaces an environment whose runtime ended", async () => {
    const name = await deploy();
    await provision(name, "1", 1);
    await until(name, "1", "READY");
    const { environment } = await invoke(name, "1");
    assert.equal((await call(name, "1", { exit: true })).FunctionError, "Unhandled");
    await until(name, "1", "READY");
    const next = await invoke(name, "1");
    assert.equal(next.type, "provisioned-concurrency");
    assert.notEqual(next.environment, environment);
    assert.match(next.log, /\tInit Duration: /, "it was initialised ahead");
  });

  test("fails for a function that cannot be initialised, and says why", async () => {
    const name = await activeFunction(region, { Code: { ZipFile: zipOf({ "index.js": "throw new Error('no');" }) } });
    await publish(name);
    await provision(name, "1", 2);
    const { $metadata, LastModified, ...config } = await until(name, "1", "FAILED");
    assert.deepEqual(config, {
      RequestedProvisionedConcurrentExecutions: 2,
      AvailableProvisionedConcurrentExecutions: 0,
      AllocatedProvisionedConcurrentExecutions: config.AllocatedProvisionedConcurrentExecutions,
      Status: "FAILED",
      StatusReason: "FUNCTION_ERROR_INIT_FAILURE",
    });
    assert.equal((await provision(name, "1", 2)).Status, "IN_PROGRESS");
    await until(name, "1", "FAILED");
  });

  test("follows its alias to another version", async () => {
    const name = await deploy();
    await region.lambda.send(new CreateAliasCommand({ FunctionName: name, Name: "live", FunctionVersion: "1" }));
    await provision(name, "live", 1);
    await until(name, "live", "READY");
    const before = await invoke(name, "live");
    assert.deepEqual([before.type, before.version], ["provisioned-concurrency", "1"]);
    const code = zipOf({
      "index.js":
        "exports.handler = async () => ({ type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE, version: process.env.AWS_LAMBDA_FUNCTION_VERSION, environment: '2' });",
    });
    await region.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: code }));
    await settled(region, name);
    const version = await publish(name);
    await region.lambda.send(new UpdateAliasCommand({ FunctionName: name, Name: "live", FunctionVersion: version }));
    await until(name, "live", "READY");
    const moved = await invoke(name, "live");
    assert.deepEqual([moved.type, moved.version], ["provisioned-concurrency", version]);
    assert.equal((await invoke(name, "1")).type, "on-demand");
  });

  test("splits over the two versions of an alias by their weights", async () => {
    const name = await deploy();
    await region.lambda.send(
      new UpdateFunctionCodeCommand({
        FunctionName: name,
        ZipFile: zipOf({
          "index.js": "exports.handler = async () => ({ type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE });",
        }),
      }),
    );
    await settled(region, name);
    const second = await publish(name);
    await region.lambda.send(
      new CreateAliasCommand({
        FunctionName: name,
        Name: "live",
        FunctionVersion: "1",
        RoutingConfig: { AdditionalVersionWeights: { [second]: 0.5 } },
      }),
    );
    await provision(name, "live", 2);
    await until(name, "live", "READY");
    assert.equal((await invoke(name, "1")).type, "provisioned-concurrency");
    assert.equal((await invoke(name, second)).type, "provisioned-concurrency");
  });

  test("that is all of what is reserved leaves nothing for environments on demand", async () => {
    const name = await deploy();
    await region.lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: 1 }),
    );
    await provision(name, "1", 1);
    await until(name, "1", "READY");
    await assert.rejects(call(name, "$LATEST"), { Reason: "ReservedFunctionConcurrentInvocationLimitExceeded" });
    assert.equal((await invoke(name, "1")).type, "provisioned-concurrency");
  });

  test("that is taken back ends its environments, busy ones after their invocation", async () => {
    const name = await deploy();
    await provision(name, "1", 1);
    await until(name, "1", "READY");
    const { gate, answers } = await hold(name, "1", 1);
    await region.lambda.send(new DeleteProvisionedConcurrencyConfigCommand({ FunctionName: name, Qualifier: "1" }));
    gate.open();
    assert.equal((await answers[0])?.type, "provisioned-concurrency");
    for (;;) if ((await invoke(name, "1")).type === "on-demand") break;
  });

  test("is there again when the region comes back from a crash", async () => {
    const name = await deploy();
    await provision(name, "1", 1);
    await until(name, "1", "READY");
    await region.kill();
    await region.startAgain();
    await until(name, "1", "READY");
    assert.equal((await invoke(name, "1")).type, "provisioned-concurrency");
  });
});
