/** A region whose functions are in gVisor; the network of its sandboxes; and what a region that was killed leaves of them. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { buildExample } from "../../examples/build.ts";
import { guardDriver } from "../../src/execution/sandbox/guarded.ts";
import { GvisorDriver } from "../../src/execution/sandbox/gvisor/driver.ts";
import { probe } from "../../src/execution/sandbox/gvisor/probe.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { TestSandbox } from "../contract/sandbox-fixture.ts";
import { TestRegion } from "../test-region.ts";

const answer = probe();
const skip = answer.usable ? false : `${answer.reason} (${answer.hint})`;

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
    print("printed")
    held = bytearray(64 * 1024 * 1024)
    return {"count": count, "kernel": os.uname().release, "health": health, "tmp": os.listdir("/tmp")}
`;

describe("functions in gVisor", { skip, timeout: 240_000 }, () => {
  let region: TestRegion;
  before(async () => {
    region = await TestRegion.start("gvisor");
  });
  after(() => region?.stop());

  it("a Python function has a kernel of its own, the region, and its memory between invocations", async () => {
    const more = { Timeout: 20, MemorySize: 256 };
    const name = await region.deploy({
      runtime: "python3.11",
      handler: "app.handler",
      zip: zipOf({ "app.py": HANDLER }),
      more,
    });
    const first = await region.invoke(name, "{}");
    assert.equal(first.functionError, undefined, first.text);
    const { kernel, health, ...seen } = JSON.parse(first.text);
    assert.notEqual(kernel, release());
    assert.match(health, /"isolation":"gvisor"/);
    assert.deepEqual(seen, { count: 1, tmp: [] });
    assert.match(first.log, /printed/);
    const [, memoryMb] = /Max Memory Used: (\d+) MB/.exec(first.log) ?? [];
    assert.ok(Number(memoryMb) >= 64 && Number(memoryMb) < 128, first.log);
    assert.equal(JSON.parse((await region.invoke(name, "{}")).text).count, 2);
  });

  it("one that takes too long is ended, and its next invocation finds a new process and the old /tmp", async () => {
    const more = { Timeout: 5, MemorySize: 256 };
    const name = await region.deploy({
      runtime: "python3.11",
      handler: "app.handler",
      zip: zipOf({ "app.py": HANDLER }),
      more,
    });
    const late = await region.invoke(name, '{"sleep": 60}');
    assert.match(late.text, /timed out after 5.00 seconds/);
    const next = await region.invoke(name, "{}");
    assert.equal(next.functionError, undefined, next.text);
    const { count, tmp } = JSON.parse(next.text);
    assert.deepEqual({ count, tmp }, { count: 1, tmp: ["kept"] });
  });

  it("a Node function and a shell that speaks the Runtime API with curl answer", async () => {
    const zip = zipOf({ "index.mjs": "export const handler = async (event) => event.say" });
    const node = await region.deploy({ runtime: "nodejs24.x", zip });
    assert.equal((await region.invoke(node, '{"say": "hello"}')).text, '"hello"');
    const shell = await region.deploy({
      runtime: "provided.al2023",
      handler: "any",
      zip: await readFile(await buildExample("shell-provided")),
    });
    for (const name of ["one", "two"]) {
      const { text, log } = await region.invoke(shell, JSON.stringify({ name }));
      assert.equal(JSON.parse(text).message, `Hello, ${name}!`, log);
    }
  });
});

const CONNECTS = `
import socket, sys, time
with socket.create_connection(("192.0.2.134", 8080), timeout=5) as connection:
    print(connection.recv(100).decode(), flush=True)
    time.sleep(int(sys.argv[1]))
`;

describe("the network of a sandbox of gVisor", { skip, timeout: 60_000 }, () => {
  const name = `alonzo-gvisor-${process.pid}`;
  const ip = (...words: string[]): unknown => execFileSync("ip", words);
  let server: ReturnType<typeof spawn>;
  let driver: ReturnType<typeof guardDriver>;

  before(async () => {
    driver = guardDriver(await GvisorDriver.open());
    ip("netns", "add", name);
    ip("link", "add", `alg${process.pid}`, "type", "veth", "peer", "name", "eth0", "netns", name);
    ip("address", "add", "192.0.2.133/30", "dev", `alg${process.pid}`);
    ip("link", "set", `alg${process.pid}`, "up");
    ip("-netns", name, "address", "add", "192.0.2.134/30", "dev", "eth0");
    ip("-netns", name, "link", "set", "eth0", "up");
    const program = `require("net").createServer((s) => s.on("error", () => {}).write("outside"))
      .listen(8080, "192.0.2.134", () => console.log("up"))`;
    server = spawn("ip", ["netns", "exec", name, process.execPath, "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => server.stdout?.once("data", resolve));
  });
  after(async () => {
    server?.kill("SIGKILL");
    ip("netns", "delete", name);
    await driver?.close();
  });

  it("reaches outside, after a reset too", async () => {
    const sandbox = await TestSandbox.create(driver.create, { code: { "connects.py": CONNECTS } });
    for (let time = 0; time < 2; time++) {
      await (await sandbox.start(["/usr/bin/python3", "-S", "connects.py", "0"])).exited;
      assert.equal(await sandbox.line(), "outside");
      await sandbox.sandbox.reset();
    }
    await sandbox.destroy();
  });

  it("an open connection to outside cannot be saved: no snapshot is taken, and the reason is said", async () => {
    const sandbox = await TestSandbox.create(driver.create, { code: { "connects.py": CONNECTS } });
    const directory = mkdtempSync(join(tmpdir(), "snapshot-"));
    await sandbox.start(["/usr/bin/python3", "-S", "connects.py", "1000"]);
    assert.equal(await sandbox.line(), "outside");
    await assert.rejects(
      async () => driver.snapshots?.take(sandbox.sandbox, directory),
      /cannot be saved in connected state/,
    );
    await sandbox.destroy();
    rmSync(directory, { recursive: true });
  });
});

/** What on this machine bears the number of a region. */
function traces(region: number): string[] {
  const found = readdirSync("/proc").filter((pid) => {
    try {
      if (!/^\d+$/.test(pid) || /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "latin1"))) return false;
      return readFileSync(`/proc/${pid}/cgroup`, "latin1").includes(`/alonzo/${region}/`);
    } catch {
      return false;
    }
  });
  const directory = `/run/alonzo/${region}`;
  const mounts = readFileSync("/proc/self/mounts", "latin1").split("\n");
  found.push(...mounts.filter((mount) => mount.includes(`${directory}/`) || mount.includes(`${directory} `)));
  found.push(...readdirSync("/sys/class/net").filter((cable) => cable.startsWith(`alz${region}-`)));
  if (existsSync(directory)) found.push(directory);
  for (const [, path = ""] of mounts.map((mount) => mount.split(" "))) {
    const group = `${path}/alonzo/${region}`;
    if (path.startsWith("/sys/fs/cgroup") && existsSync(group)) found.push(group);
  }
  return found;
}

describe("a region that is killed", { skip, timeout: 60_000 }, () => {
  it("leaves nothing of its sandboxes once the next one started", async () => {
    const program = `
      const { GvisorDriver } = await import(${JSON.stringify(join(import.meta.dirname, "../../src/execution/sandbox/gvisor/driver.ts"))});
      const driver = await GvisorDriver.open();
      const spec = { directories: { task: "/var" }, memoryMb: 128, ephemeralStorageMb: 512, onOutput() {}, onExtensionOutput() {}, onRuntimeApiConnection() {}, onRegionConnection() {} };
      for (const id of ["one", "frozen"]) {
        const sandbox = await driver.create({ ...spec, id });
        await sandbox.start({ argv: ["/bin/sh", "-c", "exec sleep 1000"], environment: {}, workingDirectory: "/var/task" });
        if (id === "frozen") sandbox.freeze();
      }
      console.log(String(driver.regionNumber));
      setInterval(() => {}, 1000);`;
    const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program];
    const region = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
    const number = Number(
      await new Promise((resolve) => region.stdout.once("data", (chunk) => resolve(String(chunk)))),
    );
    assert.ok(traces(number).filter((trace) => /^\d+$/.test(trace)).length >= 4);
    const ended = new Promise((resolve) => region.once("exit", resolve));
    region.kill("SIGKILL");
    await ended;
    await (await GvisorDriver.open()).close();
    assert.deepEqual(traces(number), []);
  });
});
