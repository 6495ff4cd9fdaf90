/**
 * What every isolation driver promises, as tests. A driver's own test file runs them and names those it cannot keep,
 * with the reason: what a driver cannot do is written down by that.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { guardDriver } from "../../src/execution/sandbox/guarded.ts";
import type { Sandbox, SandboxDriver, SandboxSpec } from "../../src/execution/sandbox/sandbox.ts";
import { echoProgram, ping, type SandboxOptions, TestSandbox } from "./sandbox-fixture.ts";

type Given = (options?: SandboxOptions) => Promise<TestSandbox>;

const CASES = {
  "a process gets exactly the environment and the working directory it was given": async (given: Given) => {
    const it = await given({ code: { "here.txt": "" } });
    await (await it.start(["/usr/bin/env", "-0"], { ONE: "a b\nc", _X: "'\"$" })).exited;
    const shellOwn = /^(PWD|SHLVL|_|OLDPWD)=/;
    const variables = it.output.split("\0").filter((entry) => entry !== "" && !shellOwn.test(entry));
    assert.deepEqual(variables.sort(), ["ONE=a b\nc", "PATH=/usr/bin:/bin", "_X='\"$"].sort());
    await it.shell("ls");
    assert.match(it.output, /here\.txt\n$/);
  },

  "the exit status of the runtime process is told": async (given: Given) => {
    const it = await given();
    assert.deepEqual(await it.shell("exit 3"), { code: 3, signal: null, outOfMemory: false });
    assert.deepEqual(await it.shell("exit 0"), { code: 0, signal: null, outOfMemory: false });
  },

  "a death by signal is told by the signal's name": async (given: Given) => {
    const it = await given();
    assert.deepEqual(await it.shell("kill -9 $$"), { code: null, signal: "SIGKILL", outOfMemory: false });
    assert.deepEqual(await it.shell("kill -SEGV $$"), { code: null, signal: "SIGSEGV", outOfMemory: false });
  },

  "output of stdout and stderr arrives whole and in the order written, before the end is told": async (
    given: Given,
  ) => {
    const it = await given();
    await it.shell("i=0; while [ $i -lt 500 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done");
    const expected = Array.from({ length: 500 }, (_, index) => `out ${index}\nerr ${index}\n`).join("");
    assert.equal(it.output, expected);
  },

  "programs may open /dev/stdout and /dev/stderr by path": async (given: Given) => {
    const it = await given();
    await it.shell("echo one > /dev/stdout; echo two > /dev/stderr");
    assert.equal(it.output, "one\ntwo\n");
  },

  "standard input is empty": async (given: Given) => {
    const it = await given();
    assert.equal((await it.shell("cat")).code, 0);
    assert.equal(it.output, "");
  },

  "the Runtime API is reached by TCP, from each sandbox its own": async (given: Given) => {
    const [one, two] = await Promise.all([given(), given()]);
    await one.startNode(echoProgram(one.sandbox));
    const socket = await one.runtimeApi.next();
    assert.equal(await ping(socket, "hello"), "hello");
    await two.startNode(echoProgram(two.sandbox));
    assert.equal(await ping(await two.runtimeApi.next(), "other"), "other");
  },

  "the Runtime API is reached by unix socket": async (given: Given) => {
    const it = await given();
    const path = it.sandbox.runtimeApiSocketPath;
    assert.ok(path);
    await it.startNode(`require("net").connect("${path}", function () { this.pipe(this) })`);
    assert.equal(await ping(await it.runtimeApi.next(), "hello"), "hello");
  },

  "the region's endpoint is reached": async (given: Given) => {
    const it = await given();
    const { hostname, port } = new URL(it.sandbox.regionEndpoint);
    await it.startNode(`require("net").connect(${port}, "${hostname}", function () { this.pipe(this) })`);
    assert.equal(await ping(await it.region.next(), "hello"), "hello");
  },

  "frozen processes do nothing until thawed": async (given: Given) => {
    const [frozen, awake] = await Promise.all([given(), given()]);
    await Promise.all([frozen.startNode(echoProgram(frozen.sandbox)), awake.startNode(echoProgram(awake.sandbox))]);
    const [one, two] = await Promise.all([frozen.runtimeApi.next(), awake.runtimeApi.next()]);
    assert.equal(await ping(one, "before"), "before");
    frozen.sandbox.freeze();
    frozen.sandbox.freeze();
    let answered = false;
    const answer = ping(one, "while frozen").then((text) => {
      answered = true;
      return text;
    });
    for (let round = 0; round < 100; round++) await ping(two, `round ${round}`);
    assert.equal(answered, false);
    frozen.sandbox.thaw();
    frozen.sandbox.thaw();
    assert.equal(await answer, "while frozen");
  },

  "a frozen sandbox can be destroyed": async (given: Given) => {
    const it = await given();
    const { exited } = await it.startShell("echo up; exec sleep 1000");
    await it.line();
    it.sandbox.freeze();
    await it.destroy();
    assert.equal((await exited).signal, "SIGKILL");
  },

  "a frozen sandbox can be reset": async (given: Given) => {
    const it = await given();
    const { exited } = await it.startShell("echo up; exec sleep 1000");
    await it.line();
    it.sandbox.freeze();
    await it.sandbox.reset();
    assert.equal((await exited).signal, "SIGKILL");
    assert.equal((await it.shell("exit 4")).code, 4);
  },

  "terminate sends SIGTERM to the runtime process": async (given: Given) => {
    const it = await given();
    const { exited } = await it.startNode(
      `process.on("SIGTERM", () => process.exit(5)); setInterval(() => {}, 1000); console.log("up")`,
    );
    await it.line();
    it.sandbox.terminate();
    assert.deepEqual(await exited, { code: 5, signal: null, outOfMemory: false });
  },

  "terminate is harmless when nothing runs": async (given: Given) => {
    const it = await given();
    it.sandbox.terminate();
    await it.shell("true");
    it.sandbox.terminate();
  },

  "reset kills every process, keeps /tmp, and the sandbox starts anew": async (given: Given) => {
    const it = await given();
    const { temporary } = it.sandbox.paths;
    const { exited } = await it.startShell(`sleep 1000 & echo kept > ${temporary}/file; echo ready; wait`);
    assert.equal(await it.line(), "ready");
    await it.sandbox.reset();
    assert.equal((await exited).signal, "SIGKILL");
    await it.shell(`cat ${temporary}/file`);
    assert.equal(await it.line(), "kept");
  },

  "children die with the runtime process": async (given: Given) => {
    const it = await given();
    const [host, port] = it.sandbox.runtimeApiAddress.split(":");
    const child = `require("net").connect(${port}, "${host}", () => console.log("connected"))`;
    await it.startNode(
      `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}]).stdout.on("data", () => process.exit(0))`,
    );
    const socket = await it.runtimeApi.next();
    socket.resume();
    await once(socket, "end");
  },

  "the temporary directory is each sandbox's own and writable": async (given: Given) => {
    const [one, two] = await Promise.all([given(), given()]);
    assert.equal((await one.shell(`echo secret > ${one.sandbox.paths.temporary}/file`)).code, 0);
    assert.equal((await two.shell(`test -e ${two.sandbox.paths.temporary}/file`)).code, 1);
  },

  "an executable that is not there ends as a shell would tell it, or is refused": async (given: Given) => {
    const it = await given();
    const end = await it.start(["/no/such/file"]).then(
      ({ exited }) => exited,
      () => undefined,
    );
    assert.ok(end === undefined || end.code === 127);
  },

  "nothing starts while something runs": async (given: Given) => {
    const it = await given();
    await it.startShell("exec sleep 1000");
    await assert.rejects(it.startShell("true"), /runs already/);
  },

  "extensions start before the runtime, with an environment of their own; each end is told": async (given: Given) => {
    const it = await given({
      code: { one: "#!/bin/sh\necho one $WHO $ONLY $#; exit 3\n", two: "#!/bin/sh\necho two $WHO\nkill -9 $$\n" },
    });
    const [one, two] = await it.startExtensions(["one", "two"], { WHO: "an extension", ONLY: "its own" });
    assert.deepEqual(await one, { code: 3, signal: null, outOfMemory: false });
    assert.deepEqual(await two, { code: null, signal: "SIGKILL", outOfMemory: false });
    const { exited } = await it.start(["/bin/sh", "-c", 'echo "$WHO,$ONLY,$1"; exit 5', "x", "it's\n"], {
      WHO: "run'time",
    });
    assert.deepEqual(await exited, { code: 5, signal: null, outOfMemory: false });
    await it.sandbox.reset();
    const lines = it.output.split("\n");
    for (const line of ["one an extension its own 0", "two an extension", "run'time,,it's"])
      assert(lines.includes(line));
  },

  "what extensions write is told apart from what the runtime writes": async (given: Given) => {
    const it = await given({ code: { says: "#!/bin/sh\necho by the extension\nexec sleep 1000\n" } });
    await it.startExtensions(["says"]);
    assert.equal(await it.line(), "by the extension");
    await it.shell("echo by the runtime; echo again > /dev/stderr");
    assert.equal(it.extensionOutput, "by the extension\n");
    assert.match(it.output, /by the runtime\nagain\n$/);
  },

  "a port inside is connected to from outside, and one where nobody listens is refused": async (given: Given) => {
    const it = await given();
    await it.startNode(`
      const server = require("node:net").createServer((socket) => socket.end("hello"));
      server.listen(0, "127.0.0.1", () => console.log(server.address().port));`);
    const port = Number(await it.line());
    for (let time = 0; time < 3; time++) {
      const socket = it.sandbox.connect(port);
      const [greeting] = await once(socket, "data");
      assert.equal(String(greeting), "hello");
      socket.destroy();
    }
    const [error] = await once(it.sandbox.connect(1).resume(), "error");
    assert.equal(error.code, "ECONNREFUSED");
    await it.sandbox.reset();
    await once(it.sandbox.connect(port).resume(), "error");
  },

  "extensions outlive the runtime until the sandbox is reset, and may then be started again": async (given: Given) => {
    const it = await given({ code: { waits: "#!/bin/sh\necho waiting\nexec sleep 1000\n" } });
    const [waits] = await it.startExtensions(["waits"]);
    assert.equal(await it.line(), "waiting");
    assert.equal((await it.shell("exit 7")).code, 7);
    const state = await Promise.race([waits?.then(() => "ended"), it.sandbox.peakMemoryMb()]);
    assert.notEqual(state, "ended");
    await it.sandbox.reset();
    assert.equal((await waits)?.signal, "SIGKILL");
    const [again] = await it.startExtensions(["waits"]);
    assert.equal(await it.line(), "waiting");
    await it.destroy();
    assert.equal((await again)?.signal, "SIGKILL");
  },

  "terminate and killRuntime reach the runtime and no extension": async (given: Given) => {
    const it = await given({
      code: { waits: "#!/bin/sh\ntrap 'echo wrong' TERM USR1\nwhile :; do sleep 1000; done\n" },
    });
    const [waits] = await it.startExtensions(["waits"]);
    const { exited } = await it.startNode(
      `process.on("SIGTERM", () => console.log("asked")); setInterval(() => {}, 1000); console.log("up")`,
    );
    assert.equal(await it.line(), "up");
    it.sandbox.terminate();
    assert.equal(await it.line(), "asked");
    it.sandbox.killRuntime();
    assert.equal((await exited).signal, "SIGKILL");
    await it.sandbox.reset();
    assert.equal((await waits)?.signal, "SIGKILL");
    assert.doesNotMatch(it.output, /wrong/);
  },

  "extensions freeze with the runtime": async (given: Given) => {
    const it = await given({ code: { ticks: "#!/bin/sh\nwhile :; do echo tick; sleep 0.01; done\n" } });
    const awake = await given();
    await it.startExtensions(["ticks"]);
    await it.line();
    it.sandbox.freeze();
    await awake.shell("exec sleep 0.2");
    const frozen = it.output;
    await awake.shell("exec sleep 0.2");
    assert.equal(it.output, frozen);
    it.sandbox.thaw();
    while (it.output === frozen) await it.line();
  },

  "an extension that cannot be started ends as a shell tells it": async (given: Given) => {
    const it = await given({ code: { broken: "#!/no/such/interpreter\n" } });
    const [broken, missing] = await it.startExtensions(["broken", "missing"]);
    assert.deepEqual([(await broken)?.code, (await missing)?.code], [127, 127]);
  },

  "after destroy every call is harmless, and start is refused": async (given: Given) => {
    const it = await given();
    await it.startShell("exec sleep 1000");
    await Promise.all([it.sandbox.destroy(), it.sandbox.destroy()]);
    it.sandbox.freeze();
    it.sandbox.thaw();
    it.sandbox.terminate();
    assert.ok(it.sandbox.peakMemoryMb() >= 1);
    await assert.rejects(it.startShell("true"), /destroyed/);
    await it.sandbox.destroy();
  },

  "a sandbox that never ran can be destroyed": async (given: Given) => {
    await (await given()).sandbox.destroy();
  },

  "peak memory counts what the processes held": async (given: Given) => {
    const it = await given();
    await it.startNode(
      `globalThis.held = Buffer.alloc(100 * 1024 * 1024, 1); console.log("held"); setInterval(() => {}, 1000)`,
    );
    await it.line();
    const peak = it.sandbox.peakMemoryMb();
    assert.ok(peak >= 100 && peak <= 256, `${peak} MB`);
  },

  "more memory than the function has is the end of it, told as out of memory": async (given: Given) => {
    const it = await given({ memoryMb: 128 });
    const end = await it.node(`const held = []; setInterval(() => held.push(Buffer.alloc(8 * 1024 * 1024, 1)), 1)`);
    assert.deepEqual(end, { code: null, signal: "SIGKILL", outOfMemory: true });
    assert.equal(it.sandbox.peakMemoryMb(), 128);
  },

  "files in /tmp are not counted as the function's memory": async (given: Given) => {
    const it = await given({ memoryMb: 128 });
    const script = "dd if=/dev/zero of=/tmp/file bs=1M count=300 status=none; sleep 0.3; rm /tmp/file";
    assert.equal((await it.shell(script)).code, 0);
    assert.ok(it.sandbox.peakMemoryMb() < 64, `${it.sandbox.peakMemoryMb()} MB`);
  },

  "/tmp has the size that was configured": async (given: Given) => {
    const it = await given({ memoryMb: 128, ephemeralStorageMb: 512 });
    assert.notEqual((await it.shell("dd if=/dev/zero of=/tmp/file bs=1M count=600 status=none")).code, 0);
    assert.match(it.output, /No space left on device/);
  },

  "code, language and root cannot be written": async (given: Given) => {
    const it = await given({ code: { "index.js": "1" } });
    await it.shell(
      "for d in / /etc /usr/bin /var/task /var/lang /var /opt; do touch $d/x && echo wrote $d; done; echo 2 > /var/task/index.js && echo wrote code",
    );
    assert.doesNotMatch(it.output, /^wrote/m);
  },

  "processes run as sbx_user1051": async (given: Given) => {
    const it = await given();
    await it.shell("id -un; id -gn");
    assert.equal(it.output, "sbx_user1051\nsbx_user1051\n");
  },
} satisfies Record<string, (given: Given) => Promise<void>>;

export type CaseName = keyof typeof CASES;

/**
 * Run the cases against a driver.
 * @param skipped cases that this driver cannot keep, and why
 * @param makerOf how sandboxes are made, where not by create()
 */
export function sandboxContract(
  title: string,
  open: () => Promise<SandboxDriver>,
  skipped: Partial<Record<CaseName, string>> = {},
  makerOf: (driver: SandboxDriver) => (spec: SandboxSpec) => Promise<Sandbox> = (driver) => driver.create,
): void {
  describe(`sandbox contract: ${title}`, () => {
    let driver: SandboxDriver;
    before(async () => {
      driver = guardDriver(await open());
    });
    after(() => driver?.close());

    for (const [name, run] of Object.entries(CASES)) {
      it(name, { skip: skipped[name as CaseName] ?? false, timeout: 60_000 }, async () => {
        const made: TestSandbox[] = [];
        try {
          await run(async (options) => {
            const sandbox = await TestSandbox.create(makerOf(driver), options);
            made.push(sandbox);
            return sandbox;
          });
        } finally {
          await Promise.all(made.map((sandbox) => sandbox.destroy()));
        }
      });
    }
  });
}
