/**
 * Untrusted code tries to get out of its sandbox, in every way that a function's author would try first. Each attempt
 * must fail, and while it is made another sandbox must go on answering.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ContainerDriver } from "../../src/execution/sandbox/container/driver.ts";
import { probe } from "../../src/execution/sandbox/container/probe.ts";
import { guardDriver } from "../../src/execution/sandbox/guarded.ts";
import type { SandboxDriver } from "../../src/execution/sandbox/sandbox.ts";
import { echoProgram, fromCells, ping, type SandboxOptions, TestSandbox } from "../contract/sandbox-fixture.ts";

const answer = probe();
const reason = answer.usable ? undefined : `${answer.reason} (${answer.hint})`;

it("containers work on the machine that tests Alonzo", { skip: process.env.CI ? false : (reason ?? false) }, () => {
  assert.equal(reason, undefined);
});

/** Says what came of connecting: the code of the error, or CONNECTED. */
function connectProgram(host: string, port: number): string {
  return `require("net").connect({ port: ${port}, host: "${host}", timeout: 1500 })
    .on("connect", () => { console.log("CONNECTED"); process.exit() })
    .on("timeout", () => { console.log("TIMEOUT"); process.exit() })
    .on("error", (error) => { console.log(error.code); process.exit() })`;
}

/** Each datagram comes from a port of its own, and is a flow of its own: how many are answered. */
const FLOOD = `
import socket, sys
answered = 0
for port in range(20000, 40000):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("", port))
        line.settimeout(2 if answered == port - 20000 else 0.0001)
        line.sendto(b"flow", (sys.argv[1], 8081))
        try:
            line.recv(100); answered += 1
        except (TimeoutError, BlockingIOError, ConnectionRefusedError, PermissionError): pass
print(answered, "of 20000 arrived")
`;

for (const [title, isCell] of [
  ["code in a container cannot get out", false],
  ["code in a container that was started ahead cannot get out", true],
] as const) {
  describe(title, { skip: reason ?? false, timeout: 120_000 }, () => walls(isCell));
}

function walls(isCell: boolean): void {
  let driver: SandboxDriver;
  let neighbour: TestSandbox;
  let line: Socket;
  const made: TestSandbox[] = [];

  async function given(options?: SandboxOptions): Promise<TestSandbox> {
    const sandbox = await TestSandbox.create(isCell ? fromCells(driver) : driver.create, options);
    made.push(sandbox);
    return sandbox;
  }

  /** What a shell script wrote, while the neighbour answers. */
  async function attempt(script: string, options?: SandboxOptions): Promise<string> {
    const sandbox = await given(options);
    const { exited } = await sandbox.startShell(script);
    assert.equal(await ping(line, "still there?"), "still there?");
    await exited;
    return sandbox.output;
  }

  async function attemptInPython(script: string): Promise<string> {
    const sandbox = await given({ code: { "attempt.py": script } });
    await (await sandbox.start(["/usr/bin/python3", "/var/task/attempt.py"])).exited;
    return sandbox.output;
  }

  async function connects(host: string, port: number): Promise<string> {
    const sandbox = await given();
    await sandbox.node(connectProgram(host, port));
    return sandbox.output.trim();
  }

  before(async () => {
    driver = guardDriver(await ContainerDriver.open());
    neighbour = await given({ code: { "secret.txt": "the neighbour's code" } });
    await neighbour.startNode(echoProgram(neighbour.sandbox));
    line = await neighbour.runtimeApi.next();
  });

  after(async () => {
    await Promise.all(made.map((sandbox) => sandbox.destroy()));
    await driver?.close();
  });

  it("the host's files are not there", async () => {
    const secret = mkdtempSync(join(tmpdir(), "data-directory-"));
    writeFileSync(join(secret, "state.sqlite"), "secret");
    const output = await attempt(
      `for f in /etc/shadow /root /home /work /boot /sys /host ${secret}/state.sqlite ${neighbour.taskDirectory} /run/alonzo/0 /usr/local /usr/sbin /proc/1/root/etc/shadow /proc/kcore /dev/kvm /dev/mem /dev/shm /dev/vda /var/lib /var/log; do
         [ "$(head -c1 $f 2>/dev/null | wc -c)" = 0 ] || echo read $f; [ -d $f ] && ls -A $f 2>/dev/null | grep -q . && echo listed $f; done; echo done`,
    );
    rmSync(secret, { recursive: true });
    assert.equal(output, "done\n");
  });

  it("the neighbour's code, files and processes are not there", async () => {
    const output = await attempt(
      `grep -rlF "the neighbour's code" /var/task /tmp /opt /run 2>/dev/null; ls /proc | grep -c '^[0-9]'; cat /proc/[0-9]*/comm | grep node`,
    );
    const [processes] = output.trim().split("\n");
    assert.ok(Number(processes) < 10, output);
    assert.doesNotMatch(output, /secret|node/);
  });

  it("the host's services are out of reach, on loopback and on every address of the host", async () => {
    const servers: Server[] = [];
    const accepted: Socket[] = [];
    const port = await new Promise<number>((resolve) => {
      const server = createServer((socket) => accepted.push(socket)).listen(0, "0.0.0.0", () => {
        resolve((server.address() as { port: number }).port);
      });
      servers.push(server);
    });
    const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const addresses = own.filter(({ family }) => family === "IPv4").map(({ address }) => address);
    assert.ok(
      addresses.some((address) => address.startsWith("198.18.")),
      "the host's ends of the cables are tried too",
    );
    assert.ok(addresses.includes("127.0.0.1"));
    const results = await Promise.all([...new Set(addresses)].slice(0, 6).map((address) => connects(address, port)));
    for (const server of servers) server.close();
    assert.deepEqual(accepted, []);
    for (const result of results) assert.match(result, /^(ECONNREFUSED|TIMEOUT|EHOSTUNREACH|ENETUNREACH)$/);
  });

  it("a service of the neighbour is out of reach", async () => {
    const server = await given();
    await server.startNode(
      `require("net").createServer((s) => s.end()).listen(8080, "0.0.0.0", () =>
         console.log(require("os").networkInterfaces().eth0[0].address))`,
    );
    assert.match(await connects(await server.line(), 8080), /^(TIMEOUT|EHOSTUNREACH|ENETUNREACH)$/);
  });

  it("a forged source address gets nowhere, and no raw packet can be made", async () => {
    const output = await attemptInPython(
      "import socket\nfor a in ((socket.AF_INET, socket.SOCK_RAW, 1), (socket.AF_PACKET, socket.SOCK_RAW, 3), (40, 1, 0), (38, 5, 0), (16, 3, 12)):\n  try:\n    socket.socket(*a); print('made', a)\n  except OSError as e: print(e.errno)\n",
    );
    assert.deepEqual(output.trim().split("\n"), ["1", "1", "1", "1", "1"]);
  });

  it("the cloud's metadata address is out of reach", async () => {
    assert.match(await connects("169.254.169.254", 80), /^(TIMEOUT|EHOSTUNREACH|ENETUNREACH)$/);
  });

  it("kernel interfaces are closed: mount, namespaces, ptrace, modules, keys, bpf, io_uring and their like", async () => {
    const output = await attemptInPython(`
import ctypes, platform
calls = {
  "x86_64": dict(mount=165, unshare=272, ptrace=101, init_module=175, finit_module=313, keyctl=250, add_key=248, bpf=321,
    userfaultfd=323, perf_event_open=298, kexec_load=246, io_uring_setup=425, open_by_handle_at=304, setns=308, chroot=161,
    pivot_root=155, process_vm_readv=310, reboot=169, swapon=167, syslog=103, settimeofday=164, sethostname=170, iopl=172,
    open_tree=428, fsopen=430, mount_setattr=442, memfd_secret=447, name_to_handle_at=303, quotactl=179, acct=163,
    kcmp=312, pidfd_getfd=438, modify_ldt=154, shmget=29, msgget=68),
  "aarch64": dict(mount=40, unshare=97, ptrace=117, init_module=105, finit_module=273, keyctl=219, add_key=217, bpf=280,
    userfaultfd=282, perf_event_open=241, io_uring_setup=425, open_by_handle_at=265, setns=268, chroot=51, pivot_root=41,
    process_vm_readv=270, reboot=142, syslog=116, sethostname=161, open_tree=428, fsopen=430),
}[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)
for name, number in calls.items():
  ctypes.set_errno(0)
  result = libc.syscall(number, 0, 0, 0, 0, 0)
  if result != -1 or ctypes.get_errno() != 1: print(name, result, ctypes.get_errno())
for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x4000000, 0x8000000, 0x2000000):
  ctypes.set_errno(0)
  if libc.syscall({"x86_64": 56, "aarch64": 220}[platform.machine()], flag | 17, 0, 0, 0, 0) != -1: print("clone", hex(flag))
print("done")
`);
    assert.equal(output, "done\n");
  });

  it("no privilege can be gained: setuid, device files, /proc/sys, capabilities", async () => {
    const output = await attempt(`
      grep -E '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status
      python3 -c 'import os; os.setuid(0)' 2>&1 | tail -1
      mknod /tmp/disk b 254 0 2>&1
      echo 1 > /proc/sys/kernel/core_pattern
      echo 1 > /proc/sys/vm/drop_caches
      su -c id root </dev/null 2>&1 | grep uid=0
      mount -t tmpfs x /mnt 2>/dev/null && echo mounted
      unshare -U true 2>/dev/null && echo unshared
      true`);
    assert.match(
      output,
      /^CapInh:\s0+\nCapPrm:\s0+\nCapEff:\s0+\nCapBnd:\s0+\nCapAmb:\s0+\nNoNewPrivs:\s1\nSeccomp:\s2\n/,
    );
    assert.match(output, /PermissionError/);
    assert.match(output, /mknod: .*(not permitted|denied)/);
    assert.equal(output.match(/(Permission denied|Read-only file system)/g)?.length, 2, output);
    assert.doesNotMatch(output, /uid=0|mounted|unshared/);
  });

  it("its users are its own: whoever became root inside would be nobody outside", async () => {
    const output = await attempt("cat /proc/self/uid_map /proc/self/gid_map; id -u; id -g");
    const [users, ownUser, groups, ownGroup, user, group] = output.split("\n").map((line) => line.trim().split(/\s+/));
    assert.deepEqual([users?.[0], groups?.[0], user, group], ["0", "0", ["993"], ["993"]]);
    for (const map of [users, ownUser, groups, ownGroup]) {
      assert.equal(map?.[2], "1", "one number stands for one");
      assert.ok(Number(map?.[1]) >= 1_000_000, output);
    }
  });

  it("processes outside cannot be signalled", async () => {
    const victim = spawn("sleep", ["1000"], { uid: 1_000_000, stdio: "ignore" });
    const output = await attempt(`kill -9 ${victim.pid} && echo killed; kill -9 -1; echo alive`);
    assert.doesNotMatch(output, /killed/);
    assert.equal(victim.exitCode ?? victim.signalCode, null);
    assert.equal(await ping(line, "after kill -1"), "after kill -1");
    victim.kill("SIGKILL");
  });

  it("a fork bomb stays inside", async () => {
    const bomb = await given({ memoryMb: 512 });
    await bomb.startShell("f() { f | f & }; echo lit; f; while :; do :; done");
    await bomb.line();
    for (let round = 0; round < 20; round++) await ping(line, `round ${round}`);
    assert.equal((await attempt("echo works")).trim(), "works");
    await bomb.destroy();
    assert.equal(await ping(line, "after"), "after");
  });

  it("filling memory ends the one that fills it", async () => {
    const hog = await given({ memoryMb: 128 });
    const { exited } = await hog.start([
      "/usr/bin/python3",
      "-c",
      "held = []\nwhile True: held.append(bytearray(b'x' * 33554432))",
    ]);
    assert.equal(await ping(line, "meanwhile"), "meanwhile");
    assert.equal((await exited).outOfMemory, true);
  });

  it("filling /tmp and its inodes fills only its own", async () => {
    const output = await attemptInPython(`
import os
count = 0
try:
  while True:
    open(f"/tmp/{count}", "w").close()
    count += 1
except OSError as error: print("inodes", error.errno, count < 40000)
for name in os.listdir("/tmp"): os.unlink("/tmp/" + name)
try:
  with open("/tmp/big", "wb") as file:
    while True: file.write(b"x" * 1048576)
except OSError as error: print("bytes", error.errno)
`);
    assert.equal(output, "inodes 28 True\nbytes 28\n");
    assert.equal(await attempt("echo x > /tmp/file && cat /tmp/file"), "x\n");
  });

  it("the file descriptors and the network of the region are not inherited", async () => {
    const output = await attempt("ls -l /proc/self/fd | sed 's/.*-> //' ; cat /proc/net/tcp | wc -l");
    assert.match(output, /\/dev\/null/);
    assert.doesNotMatch(output, /socket:|\.sock|sqlite|cgroup/);
  });

  it("outbound traffic reaches another network", async () => {
    const name = `alonzo-test-${process.pid}`;
    const ip = (...words: string[]): void => {
      execFileSync("ip", words);
    };
    ip("netns", "add", name);
    ip("link", "add", `alt${process.pid}`, "type", "veth", "peer", "name", "eth0", "netns", name);
    let server: ReturnType<typeof spawn> | undefined;
    try {
      ip("address", "add", "192.0.2.129/30", "dev", `alt${process.pid}`);
      ip("link", "set", `alt${process.pid}`, "up");
      ip("-netns", name, "address", "add", "192.0.2.130/30", "dev", "eth0");
      ip("-netns", name, "link", "set", "eth0", "up");
      const program = `const heard = require("dgram").createSocket("udp4");
        heard.on("message", (text, { port, address }) => heard.send(text, port, address)).bind(8081, "192.0.2.130");
        require("net").createServer((s) => s.end()).listen(8080, "192.0.2.130", () => console.log("up"))`;
      server = spawn("ip", ["netns", "exec", name, process.execPath, "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await new Promise((resolve) => server?.stdout?.once("data", resolve));
      assert.equal(await connects("192.0.2.130", 8080), "CONNECTED");
      // Nor can one take the table in which the kernel keeps everybody's connections: another may still open one.
      const flood = await given({ code: { "flood.py": FLOOD } });
      await (await flood.start(["/usr/bin/python3", "/var/task/flood.py", "192.0.2.130"])).exited;
      assert.match(flood.output, /^(\d+) of 20000 arrived\n$/);
      const arrived = Number.parseInt(flood.output, 10);
      assert.ok(arrived > 1000 && arrived <= 4096, flood.output);
      assert.equal(await connects("192.0.2.130", 8080), "CONNECTED");
    } finally {
      server?.kill("SIGKILL");
      ip("netns", "delete", name);
    }
  });
}

/** Everything on this machine that bears the number of a region. */
function traces(region: number): string[] {
  const found: string[] = [];
  const mounts = readFileSync("/proc/self/mounts", "latin1").split("\n");
  found.push(
    ...mounts.filter((mount) => mount.includes(`/run/alonzo/${region}/`) || mount.includes(`/run/alonzo/${region} `)),
  );
  found.push(...readdirSync("/sys/class/net").filter((name) => name.startsWith(`alz${region}-`)));
  for (const [, path] of mounts.map((mount) => mount.split(" "))) {
    const group = `${path}/alonzo/${region}`;
    if (path?.startsWith("/sys/fs/cgroup") && existsSync(group)) found.push(group);
  }
  if (existsSync(`/run/alonzo/${region}`)) found.push(`/run/alonzo/${region}`);
  const tables = execFileSync("nft", ["list", "tables"], { encoding: "utf8" }).split("\n");
  found.push(...tables.filter((table) => table.endsWith(`alonzo${region}`)));
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "latin1");
      // A dead one that the machine's process 1 has not yet collected is nothing any more.
      if (/^State:\s+[ZX]/m.test(status)) continue;
      const user = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
      if (user >= 1_000_000 + region * 4096 && user < 1_000_000 + (region + 1) * 4096) found.push(`process ${pid}`);
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

describe("a region that is killed leaves nothing for long", { skip: reason ?? false, timeout: 60_000 }, () => {
  it("the next region sweeps processes, mounts, control groups, cables and firewall of the dead one", async () => {
    const program = `
      const { ContainerDriver } = await import(${JSON.stringify(join(import.meta.dirname, "../../src/execution/sandbox/container/driver.ts"))});
      const driver = await ContainerDriver.open();
      const spec = { directories: { task: "/var" }, memoryMb: 128, ephemeralStorageMb: 512, onOutput() {}, onExtensionOutput() {}, onRuntimeApiConnection() {}, onRegionConnection() {} };
      for (const [id, command] of [["one", "sleep 1000 & exec sleep 1000"], ["two", "exec sleep 1000"], ["three", "exec sleep 1000"]]) {
        const sandbox = await driver.create({ ...spec, id });
        await sandbox.start({ argv: ["/bin/sh", "-c", command], environment: {}, workingDirectory: "/var/task" });
        if (id === "three") sandbox.freeze();
      }
      const cell = await driver.createCell({ id: "cell", directories: {}, onOutput() {} });
      const connect = 'import os, socket; socket.socket(socket.AF_UNIX).connect("/run/alonzo/runtime-api.sock"); os.read(4, 1)';
      await cell.boot({ argv: ["/usr/bin/python3", "-c", connect], environment: {}, workingDirectory: "/var/task" });
      console.log(String(driver.regionNumber));
      setInterval(() => {}, 1000);`;
    const region = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const number = Number(
      await new Promise((resolve) => region.stdout.once("data", (chunk) => resolve(String(chunk)))),
    );
    assert.ok(
      traces(number).some((trace) => trace.startsWith("process")),
      "there is something to sweep",
    );
    // A living region must not be disturbed by another that starts, and is told apart from a dead one.
    await (await ContainerDriver.open()).close();
    assert.ok(traces(number).filter((trace) => trace.startsWith("process")).length >= 5);
    const ended = new Promise((resolve) => region.once("exit", resolve));
    region.kill("SIGKILL");
    await ended;
    const next = await ContainerDriver.open();
    await next.close();
    assert.deepEqual(traces(number), []);
  });
});
