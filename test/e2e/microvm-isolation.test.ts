/** Untrusted code tries to get out of its machine, and a region that is killed leaves none behind. Machines are emulated here. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { guardDriver } from "../../src/execution/sandbox/guarded.ts";
import { MicrovmDriver } from "../../src/execution/sandbox/microvm/driver.ts";
import { probe } from "../../src/execution/sandbox/microvm/probe.ts";
import { userIdOf } from "../../src/execution/sandbox/oci/user-ids.ts";
import type { SandboxDriver } from "../../src/execution/sandbox/sandbox.ts";
import { TestSandbox } from "../contract/sandbox-fixture.ts";

const answer = probe();
const skip = answer.usable ? false : `${answer.reason} (${answer.hint})`;

/** Says for each address what came of connecting: a number of an error, or CONNECTED. */
const CONNECTS = `
import socket, sys
for place in sys.argv[1:]:
    host, port = place.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=1.5)
        print(place, "CONNECTED")
    except OSError as error: print(place, error.errno or "TIMEOUT")
`;

/** Processes of this machine, by number, with what the kernel says of each. */
function processesOf(region: number): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "latin1");
      const user = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
      // A dead one that the machine's process 1 has not yet collected is nothing any more.
      if (/^State:\s+[ZX]/m.test(status)) continue;
      if (user >= userIdOf(region, 0) && user < userIdOf(region + 1, 0)) found.set(Number(pid), status);
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

describe("code in a microVM cannot get out", { skip, timeout: 180_000 }, () => {
  let opened: MicrovmDriver;
  let driver: SandboxDriver;
  let neighbour: TestSandbox;
  let one: TestSandbox;

  before(async () => {
    opened = await MicrovmDriver.open("tcg");
    driver = guardDriver(opened);
    neighbour = await TestSandbox.create(driver.create, { code: { "secret.txt": "the neighbour's code" } });
    one = await TestSandbox.create(driver.create, { code: { "connects.py": CONNECTS } });
  });
  after(async () => {
    await one?.destroy();
    await neighbour?.destroy();
    await driver?.close();
  });

  /** What a shell script wrote. */
  async function attempt(script: string): Promise<string> {
    const before = one.output.length;
    await one.shell(script);
    return one.output.slice(before);
  }

  it("the host's files are not there, and no disk, port or memory of the machine can be opened", async () => {
    const secret = mkdtempSync(join(tmpdir(), "data-directory-"));
    writeFileSync(join(secret, "state.sqlite"), "secret");
    const output = await attempt(
      `for f in /etc/shadow /root /home /work /boot /sys /run/system ${secret}/state.sqlite ${neighbour.taskDirectory} /usr/local \\
         /proc/1/environ /proc/1/root/run/system /proc/kcore /dev/kvm /dev/mem /dev/vda /dev/vport2p1 /var/lib /var/log; do
         [ "$(head -c1 $f 2>/dev/null | wc -c)" = 0 ] || echo read $f; [ -d $f ] && ls -A $f 2>/dev/null | grep -q . && echo listed $f; done
       grep -rlF "the neighbour's code" /var/task /tmp /opt 2>/dev/null; echo done`,
    );
    rmSync(secret, { recursive: true });
    assert.equal(output, "done\n");
  });

  it("its processes have no rights inside either, and see none but their own", async () => {
    const output = await attempt(`
      grep -E '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs):' /proc/self/status
      for p in /proc/[0-9]*; do cat $p/comm; done | sort -u | tr '\\n' ' '
      mknod /tmp/disk b 254 0 2>&1; mount -t tmpfs x /mnt 2>/dev/null && echo mounted
      echo 1 2>&1 >/proc/sys/vm/drop_caches; kill -9 1 2>&1; su -c id root </dev/null 2>&1 | grep uid=0; true`);
    assert.match(output, /^CapInh:\s0+\nCapPrm:\s0+\nCapEff:\s0+\nCapBnd:\s0+\nCapAmb:\s0+\nNoNewPrivs:\s1\n/);
    assert.doesNotMatch(output, /python3|kworker|uid=0|mounted/);
    assert.equal(output.match(/not permitted|denied|Read-only/g)?.length, 3, output);
  });

  it("the host's services, the neighbour and the metadata address are out of reach", async () => {
    const accepted: Socket[] = [];
    const server = createServer((socket) => accepted.push(socket));
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "0.0.0.0", () => resolve((server.address() as { port: number }).port));
    });
    const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const addresses = own.filter(({ family }) => family === "IPv4").map(({ address }) => `${address}:${port}`);
    assert.ok(addresses.some((address) => address.startsWith("198.18.")));
    const others = [`169.254.100.1:${port}`, "169.254.169.254:80", "198.18.0.1:9001"];
    const before = one.output.length;
    const argv = ["/usr/bin/python3", "connects.py", ...new Set(addresses.slice(0, 6)), ...others];
    await (await one.start(argv)).exited;
    server.close();
    assert.deepEqual(accepted, []);
    assert.doesNotMatch(one.output.slice(before), /CONNECTED/);
  });

  it("what runs the machine has no rights on the host: a user of its own, no capability, few calls, a root with nothing in it", () => {
    const machines = [...processesOf(opened.regionNumber)];
    assert.ok(machines.length >= 2);
    assert.equal(new Set(machines.map(([, status]) => /^Uid:\s+(\d+)/m.exec(status)?.[1])).size, machines.length);
    for (const [pid, status] of machines) {
      assert.match(status, /^Name:\tqemu/m);
      assert.match(status, /^Cap(Prm|Eff|Bnd|Amb):\t0+$/m);
      assert.match(status, /^NoNewPrivs:\t1\nSeccomp:\t2$/m);
      assert.match(status, /^Groups:\t *$/m);
      assert.deepEqual(readdirSync(`/proc/${pid}/root`).sort(), ["bin", "boot", "dev", "lib", "lib64", "run", "usr"]);
      assert.match(
        readFileSync(`/proc/${pid}/cgroup`, "latin1"),
        new RegExp(`memory:/.*alonzo/${opened.regionNumber}/\\d+$|::/.*alonzo`, "m"),
      );
    }
  });

  it("a fork bomb and a full memory are the machine's own trouble", async () => {
    await one.startShell("f() { f | f & }; echo lit; f; while :; do :; done");
    while ((await one.line()) !== "lit");
    assert.equal((await neighbour.shell("echo works")).code, 0);
    await one.sandbox.reset();
    const { exited } = await one.start([
      "/usr/bin/python3",
      "-c",
      "held = []\nwhile True: held.append(b'x' * 33554432)",
    ]);
    assert.equal((await neighbour.shell("echo works")).code, 0);
    assert.equal((await exited).outOfMemory, true);
  });
});

describe("a region that is killed leaves no machine for long", { skip, timeout: 120_000 }, () => {
  it("the next region sweeps processes, mounts, cables and files of the dead one", async () => {
    const program = `
      const { MicrovmDriver } = await import(${JSON.stringify(join(import.meta.dirname, "../../src/execution/sandbox/microvm/driver.ts"))});
      const driver = await MicrovmDriver.open("tcg");
      const spec = { directories: { task: "/var/lib/alonzo" }, memoryMb: 128, ephemeralStorageMb: 512, onOutput() {}, onExtensionOutput() {}, onRuntimeApiConnection() {}, onRegionConnection() {} };
      const sandbox = await driver.create({ ...spec, id: "one" });
      await sandbox.start({ argv: ["/bin/sh", "-c", "exec sleep 1000"], environment: {}, workingDirectory: "/tmp" });
      const frozen = await driver.create({ ...spec, id: "two" });
      frozen.freeze();
      console.log(String(driver.regionNumber));
      setInterval(() => {}, 1000);`;
    const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program];
    const region = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
    const number = Number(
      await new Promise((resolve) => region.stdout.once("data", (chunk) => resolve(String(chunk)))),
    );
    assert.equal(processesOf(number).size, 2);
    const ended = new Promise((resolve) => region.once("exit", resolve));
    region.kill("SIGKILL");
    await ended;
    await (await MicrovmDriver.open("tcg")).close();
    assert.equal(processesOf(number).size, 0);
    assert.equal(existsSync(`/run/alonzo/${number}`), false);
    assert.doesNotMatch(readFileSync("/proc/self/mounts", "latin1"), new RegExp(`/run/alonzo/${number}/`));
    assert.deepEqual(
      readdirSync("/sys/class/net").filter((name) => name.startsWith(`alz${number}-`)),
      [],
    );
    const begun = readdirSync("/var/cache/alonzo/microvm").filter((name) => name.startsWith(`new-${region.pid}-`));
    assert.deepEqual(begun, []);
  });
});
