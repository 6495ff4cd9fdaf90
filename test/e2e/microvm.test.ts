/** A region whose functions are in microVMs, emulated where there is no KVM: slow, and all else as ever. */
import assert from "node:assert/strict";
import { release } from "node:os";
import { after, before, describe, test } from "node:test";
import { UpdateFunctionConfigurationCommand, waitUntilFunctionUpdatedV2 } from "@aws-sdk/client-lambda";
import { probe } from "../../src/execution/sandbox/microvm/probe.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";

const HANDLER = `
import os, time, urllib.request
count = 0
def handler(event, context):
    global count
    count += 1
    if "sleep" in event:
        open("/tmp/kept", "w").close()
        time.sleep(event["sleep"])
    with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/_alonzo/health") as answer:
        health = answer.read().decode()
    print("seen by", os.uname().nodename)
    return {
        "count": count, "kernel": os.uname().release, "user": os.path.expanduser("~"), "stage": os.environ["STAGE"],
        "health": health, "tmp": os.listdir("/tmp"), "cpus": os.cpu_count(), "time": time.time(), "event": event["say"],
    }
`;

const answer = probe();

describe("functions in microVMs", { skip: answer.usable ? false : answer.reason, timeout: 240_000 }, () => {
  let region: TestRegion;
  let name: string;

  before(async () => {
    region = await TestRegion.start("microvm");
    const zip = zipOf({ "app.py": HANDLER });
    const more = { Timeout: 20, MemorySize: 256, Environment: { Variables: { STAGE: "test" } } };
    name = await region.deploy({ runtime: "python3.11", handler: "app.handler", zip, more });
  });
  after(() => region?.stop());

  test("a Python function has a kernel of its own, its settings, the region, and its memory between invocations", async () => {
    const first = await region.invoke(name, JSON.stringify({ say: "hello" }));
    assert.equal(first.functionError, undefined, first.text);
    const { kernel, health, time, ...seen } = JSON.parse(first.text);
    assert.notEqual(kernel, release());
    assert.match(health, /"isolation":"microvm"/);
    assert.ok(Math.abs(time * 1000 - Date.now()) < 60_000, "its clock is right");
    const home = { user: "/tmp", stage: "test", tmp: [], cpus: 1 };
    assert.deepEqual(seen, { count: 1, event: "hello", ...home });
    assert.match(first.log, /seen by localhost/);
    const [, memoryMb] = /Max Memory Used: (\d+) MB/.exec(first.log) ?? [];
    assert.ok(Number(memoryMb) >= 8 && Number(memoryMb) < 128, first.log);
    const second = await region.invoke(name, JSON.stringify({ say: "again" }));
    assert.equal(JSON.parse(second.text).count, 2);
  });

  test("one that takes too long is ended, and its next invocation finds a new process and the old /tmp", async () => {
    await region.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Timeout: 5 }));
    await waitUntilFunctionUpdatedV2({ client: region.lambda, maxWaitTime: 30 }, { FunctionName: name });
    const late = await region.invoke(name, JSON.stringify({ say: "late", sleep: 60 }));
    assert.equal(late.functionError, "Unhandled");
    assert.match(late.text, /timed out after 5.00 seconds/);
    const next = await region.invoke(name, JSON.stringify({ say: "next" }));
    assert.equal(next.functionError, undefined, next.text);
    const { count, tmp } = JSON.parse(next.text);
    assert.deepEqual({ count, tmp }, { count: 1, tmp: ["kept"] });
  });
});
