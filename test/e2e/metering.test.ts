/** What a region meters of its functions' invocations, held against their REPORT lines. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import {
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  PutProvisionedConcurrencyConfigCommand,
} from "@aws-sdk/client-lambda";
import { settled } from "../api/lambda/given.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { call, publicUrl } from "./function-url-client.ts";
import { functionUsage, metered, reported, sum, usageOf } from "./usage-fixture.ts";

const MB = 1024 * 1024;

/** Does what its event asks for; each environment takes a while to initialise. */
const CODE = zipOf({
  "index.mjs": `
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    export const handler = async (event) => {
      if (event.hang) await new Promise((resolve) => setTimeout(resolve, 60_000));
      if (event.exit) process.exit(1);
      if (event.fail) throw new Error("no");
      return "yes";
    };
    export const streaming = awslambda.streamifyResponse(async ({ bytes }, stream) => {
      stream.end(Buffer.alloc(bytes));
    });`,
});

describe("metering", () => {
  let region: TestRegion;
  before(async () => {
    region = await TestRegion.start("process", { ALONZO_ASYNC_RETRY_DELAYS: "0" });
  });
  after(() => region.stop());

  const deploy = (more = {}, handler = "index.handler") =>
    region.deploy({ runtime: "nodejs26.x", handler, zip: CODE, more });
  const send = (FunctionName: string, Payload: Buffer, Qualifier?: string) =>
    region.lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event", Payload, Qualifier }));

  /** Everything that is metered of a function on demand is what its REPORT lines say. */
  const agreesWithReports = async (name: string, requests: number) => {
    const usage = await metered(region, name, requests);
    const { billed, init } = await reported(region, name);
    assert.equal(billed.length, requests);
    assert.deepEqual([usage.requests, usage.billedMs], [requests, sum(billed)]);
    // Each line rounds its own to hundredths.
    assert.ok(Math.abs(Number(usage.initMs) - sum(init)) < 0.01 * (init.length + 1), `${usage.initMs}: ${init}`);
    return usage;
  };

  it("counts calls, however they end, as their REPORT lines bill them", async () => {
    const name = await deploy({ Timeout: 1, MemorySize: 512, EphemeralStorage: { Size: 1536 } });
    await region.invoke(name);
    await region.invoke(name);
    for (const event of ["fail", "exit", "hang"]) await region.invokeFailing(name, `{"${event}":true}`);
    await region.invoke(name);
    const usage = await agreesWithReports(name, 6);
    assert.ok(Number(usage.initMs) >= 20, "the init of a cold start is billed");
    assert.ok(usage.billedMs >= 1000, "a timeout is billed in full");
    assert.equal(usage.gbSeconds, String(Number((usage.billedMs / 2000).toFixed(6))));
    assert.equal(usage.ephemeralGbSeconds, String(Number((usage.billedMs / 1000).toFixed(6))));
  });

  it("does not count what did not run: dry runs and throttled calls", async () => {
    const name = await deploy();
    await region.lambda.send(new InvokeCommand({ FunctionName: name, InvocationType: "DryRun" }));
    const reserve = (ReservedConcurrentExecutions: number) =>
      region.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions }));
    await reserve(0);
    await assert.rejects(region.invoke(name), { name: "TooManyRequestsException" });
    assert.equal(await functionUsage(region, name), undefined);
    await reserve(1);
    await region.invoke(name);
    await agreesWithReports(name, 1);
  });

  it("counts each attempt of an event, and its size", async () => {
    const name = await deploy();
    await send(name, Buffer.from('{"fail":true}'));
    const failed = await agreesWithReports(name, 3);
    assert.equal(failed.eventChunks, 0);
    await send(name, Buffer.from(JSON.stringify("x".repeat(320 * 1024))));
    assert.equal((await agreesWithReports(name, 4)).eventChunks, 2);
  });

  it("counts streamed answers, and of each what is beyond 6 MB", async () => {
    const name = await deploy({}, "index.streaming");
    const stream = async (bytes: number) => {
      const input = { FunctionName: name, Payload: Buffer.from(JSON.stringify({ bytes })) };
      const { EventStream } = await region.lambda.send(new InvokeWithResponseStreamCommand(input));
      for await (const _ of EventStream ?? []);
    };
    await stream(6 * MB);
    assert.equal((await agreesWithReports(name, 1)).streamedBytes, 0);
    await stream(6 * MB + 1000);
    assert.equal((await agreesWithReports(name, 2)).streamedBytes, 1000);
  });

  it("counts what comes through function URLs", async () => {
    const name = await deploy();
    const url = await publicUrl(region, name);
    assert.equal((await call(url, {})).status, 200);
    await agreesWithReports(name, 1);
    const streaming = await deploy({}, "index.streaming");
    const body = JSON.stringify({ bytes: 10 });
    const streamUrl = await publicUrl(region, streaming, { InvokeMode: "RESPONSE_STREAM" });
    await call(streamUrl, { method: "POST", body });
    await agreesWithReports(streaming, 1);
  });

  it("keeps versions apart", async () => {
    const name = await deploy();
    const { Version } = await region.lambda.send(new PublishVersionCommand({ FunctionName: name }));
    await settled(region, name, Version);
    await region.invoke(name);
    for (let n = 0; n < 2; n++) {
      await region.lambda.send(new InvokeCommand({ FunctionName: name, Qualifier: String(Version) }));
    }
    const { groups } = await usageOf(region, { by: "version" });
    assert.deepEqual(
      groups.filter((group) => group.function === name).map(({ version, requests }) => [version, requests]),
      [
        ["$LATEST", 1],
        ["1", 2],
      ],
    );
  });

  it("counts provisioned concurrency by the time and by what runs in it, across a crash", async () => {
    const name = await deploy({ MemorySize: 1024 });
    const { Version: Qualifier } = await region.lambda.send(new PublishVersionCommand({ FunctionName: name }));
    await settled(region, name, Qualifier);
    await region.lambda.send(
      new PutProvisionedConcurrencyConfigCommand({ FunctionName: name, Qualifier, ProvisionedConcurrentExecutions: 1 }),
    );
    const ready = async () => {
      for (;;) {
        const usage = await functionUsage(region, name);
        if (usage && usage.provisionedInitMs !== "0") return usage;
      }
    };
    const before = await ready();
    assert.deepEqual([before.requests, before.allocatedGbSeconds], [0, "300"]);
    assert.ok(Number(before.provisionedInitMs) >= 20);
    await region.lambda.send(new InvokeCommand({ FunctionName: name, Qualifier }));
    const usage = await metered(region, name, 1);
    const { billed } = await reported(region, name);
    assert.deepEqual([usage.provisionedBilledMs, usage.billedMs, usage.gbSeconds], [sum(billed), 0, "0"]);
    const initMs = Math.ceil(Number(before.provisionedInitMs));
    assert.equal(Math.round(Number(usage.provisionedGbSeconds) * 1000), sum(billed) + initMs);
    await region.kill();
    await region.startAgain();
    assert.equal((await functionUsage(region, name))?.allocatedGbSeconds, "300", "the block is paid for once");
  });

  it("keeps its totals over a restart, those of the last moment too", async () => {
    const name = await deploy();
    const invoked = await Promise.all(Array.from({ length: 20 }, () => region.invoke(name)));
    await region.restart();
    assert.equal((await agreesWithReports(name, invoked.length)).requests, 20);
  });

  it("loses to kill -9 nothing that was on disk or shown, and counts nothing twice", async () => {
    const name = await deploy();
    const shown = async () => (await functionUsage(region, name))?.requests;
    await region.invoke(name);
    // Nobody asks: it comes to the disk by itself.
    const file = new DatabaseSync(join(region.dataDirectory, "usage.sqlite"), { readOnly: true });
    const onDisk = () =>
      file.prepare("select sum(requests) as requests from daily_usage where function_name = ?").get(name)?.requests;
    while (onDisk() !== 1) await new Promise(setImmediate);
    file.close();
    await region.kill();
    await region.startAgain();
    assert.equal(await shown(), 1);
    for (let n = 0; n < 10; n++) await region.invoke(name);
    assert.equal(await shown(), 11);
    for (let n = 0; n < 5; n++) await region.invoke(name);
    await region.kill();
    await region.startAgain();
    const left = Number(await shown());
    assert.ok(left >= 11 && left <= 16, `${left} of 16, of which 11 were shown`);
  });
});
