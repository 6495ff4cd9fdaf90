/**
 * Whole functions, deployed as anyone deploys them, try to break out, to starve the machine or to reach others. Each
 * attempt fails or is cut off, and meanwhile the region keeps serving another function. (How each wall of a sandbox
 * holds is isolation.test.ts's; here it is what callers of the region see.)
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { zipOf } from "../api/lambda/zip.ts";
import { type Deployment, TestRegion } from "../test-region.ts";

const NEIGHBOUR = "export const handler = async (event) => ({ pong: event.ping });";

const ATTACKER = `
import errno, glob, json, os, signal, socket, subprocess, sys, time

def attempt(action):
    try:
        return "DONE " + repr(action())
    except Exception as error:
        return type(error).__name__ + (" " + errno.errorcode.get(error.errno, "") if getattr(error, "errno", None) else "")

def read(path):
    return open(path, "rb").read(64)

def connect(host, port):
    socket.create_connection((host, port), timeout=1.5).close()

def signal_all():
    hit = []
    for pid in range(2, 40000):
        if pid == os.getpid() or pid == os.getppid(): continue
        try:
            os.kill(pid, 0); hit.append(pid)
        except OSError: pass
    return hit

def fill(path):
    with open(path, "wb") as file:
        for _ in range(4096): file.write(b"x" * 1048576)

def inodes():
    for n in range(10_000_000): open("/tmp/i%d" % n, "w").close()

def call(method, path, headers={}, body=""):
    import http.client
    host = os.environ["AWS_LAMBDA_RUNTIME_API"]
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.request(method, path, body, headers)
    return connection.getresponse().status

def garbage():
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"\\0\\xff no http at all\\r\\n\\r\\n")
        return connection.recv(1000).split(b"\\r\\n")[0].decode()

def runtime_api():
    runtime = "/2018-06-01/runtime/"
    stranger = "00000000-0000-4000-8000-000000000000"
    known = {"Lambda-Extension-Identifier": stranger}
    lies = {
        "stranger": call("POST", runtime + "invocation/" + stranger + "/response", {}, "stolen"),
        "next": call("GET", runtime + "invocation/next"),
        "initError": call("POST", runtime + "init/error", {}, "{}"),
        "telemetry": call("PUT", "/2022-07-01/telemetry", {}, "{}"),
        "telemetryOfStranger": call("PUT", "/2020-08-15/logs", known, "{}"),
        "unknown": call("GET", "/2099-01-01/secrets"),
        "garbage": garbage(),
    }
    for _ in range(500): call("POST", runtime + "invocation/" + stranger + "/error", {}, "x" * 1000)
    return lies

def handler(event, context):
    kind = event["attempt"]
    if kind == "read": return {path: attempt(lambda: read(path)) for path in event["paths"]}
    if kind == "list": return {path: attempt(lambda: os.listdir(path)) for path in event["paths"]}
    if kind == "write": return {path: attempt(lambda: open(path, "w").write("x")) for path in event["paths"]}
    if kind == "connect": return [attempt(lambda: connect(host, port)) for host, port in event["to"]]
    if kind == "privileges": return {
        "setuid": attempt(lambda: os.setuid(0)),
        "chroot": attempt(lambda: os.chroot("/tmp")),
        "mknod": attempt(lambda: os.mknod("/tmp/sda", 0o60666, os.makedev(254, 0))),
        "mount": subprocess.call(["mount", "-t", "tmpfs", "x", "/tmp"], stderr=subprocess.DEVNULL),
        "unshare": subprocess.call(["unshare", "-Ur", "true"], stderr=subprocess.DEVNULL),
        "modprobe": attempt(lambda: open("/proc/sys/kernel/modprobe", "w").write("/tmp/x")),
        "nice": attempt(lambda: os.nice(-5)),
    }
    if kind == "signal": return signal_all()
    if kind == "environment": return dict(os.environ)
    if kind == "memory":
        hoard = []
        while True: hoard.append(bytearray(os.urandom(1024)) * 1024)
    if kind == "disk": return attempt(lambda: fill("/tmp/big"))
    if kind == "inodes": return attempt(inodes)
    if kind == "left": return os.listdir("/tmp")
    if kind == "forks":
        children = []
        try:
            while True:
                pid = os.fork()
                if pid == 0: time.sleep(60); os._exit(0)
                children.append(pid)
        except OSError as error:
            return [len(children), errno.errorcode[error.errno]]
    if kind == "descriptors":
        files = []
        try:
            while True: files.append(open("/dev/null"))
        except OSError as error:
            return [len(files), errno.errorcode[error.errno]]
    if kind == "spin":
        while True: pass
    if kind == "runtime-api": return runtime_api()
    if kind == "twice":
        own = "/2018-06-01/runtime/invocation/" + context.aws_request_id + "/response"
        return call("POST", own, {}, '"forged"')
    if kind == "flood":
        line = "x" * 1023
        for _ in range(20_000): print(line)
        return "flooded"
`;

/** Registers an extension within, subscribes to everything, and never reads what comes. Floods its log. */
const DEAF_SUBSCRIBER = `
  import { createServer } from "node:net";
  const api = "http://" + process.env.AWS_LAMBDA_RUNTIME_API;
  await new Promise((resolve) => createServer((socket) => socket.pause()).listen(4323, "127.0.0.1", resolve));
  const registered = await fetch(api + "/2020-01-01/extension/register", {
    method: "POST", headers: { "Lambda-Extension-Name": "deaf" }, body: '{"events":[]}' });
  const id = { "Lambda-Extension-Identifier": registered.headers.get("lambda-extension-identifier") };
  const { status } = await fetch(api + "/2022-07-01/telemetry", { method: "PUT", headers: id, body: JSON.stringify({
    schemaVersion: "2022-12-13", types: ["platform", "function"],
    destination: { protocol: "HTTP", URI: "http://sandbox.localdomain:4323" } }) });
  void fetch(api + "/2020-01-01/extension/event/next", { headers: id });
  export const handler = async () => {
    for (let count = 0; count < 5000; count++) console.log("x".repeat(1000));
    return status + " flooded";
  };
`;

describe("a hostile function", { timeout: 180_000 }, () => {
  let region: TestRegion;
  let neighbour: string;
  let attacker: string;

  before(async () => {
    region = await TestRegion.start("auto");
    assert.match(await health(region), /"isolation":"container"/);
    neighbour = await region.deploy({ runtime: "nodejs26.x", zip: zipOf({ "index.mjs": NEIGHBOUR }) });
    attacker = await deployAttacker({ MemorySize: 256, Timeout: 30, EphemeralStorage: { Size: 512 } });
    await region.invoke(neighbour, '{"ping":0}');
  });
  after(() => region?.stop());

  const deployAttacker = (more: Deployment["more"]) =>
    region.deploy({
      runtime: `python3.${minorOfPython()}`,
      handler: "attack.handler",
      zip: zipOf({ "attack.py": ATTACKER }),
      more: more ?? {},
    });

  /** Let the attacker try, and ask the neighbour all the while. */
  async function attack(event: object, from = attacker) {
    let over = false;
    const asking = (async () => {
      for (let n = 1; !over || n < 3; n++) {
        assert.equal((await region.invoke(neighbour, `{"ping":${n}}`)).text, `{"pong":${n}}`);
      }
    })();
    const invoked = await region.invoke(from, JSON.stringify(event));
    over = true;
    await asking;
    return { ...invoked, answer: invoked.text === "" ? undefined : JSON.parse(invoked.text) };
  }

  const refused = (answers: Record<string, string> | string[]) =>
    Object.entries(answers).filter(([, answer]) => answer.startsWith("DONE"));

  test("reads none of the host's files, the data directory or another function's code", async () => {
    const secret = join(region.dataDirectory, "secret.txt");
    writeFileSync(secret, "s", { mode: 0o644 });
    const paths = ["/etc/shadow", "/root/.bashrc", secret, join(region.dataDirectory, "region.key"), "/proc/1/environ"];
    const { answer } = await attack({ attempt: "read", paths: [...paths, "/proc/kcore", "/dev/mem"] });
    assert.deepEqual(
      // What is masked of /proc can be opened, and is empty.
      refused(answer).filter(([path, read]) => path !== "/proc/1/environ" && read !== "DONE b''"),
      [],
    );
    const { answer: lists } = await attack({
      attempt: "list",
      paths: ["/root", "/home", "/sys", region.dataDirectory],
    });
    for (const [path, list] of Object.entries(lists as Record<string, string>)) {
      assert.ok(!list.startsWith("DONE") || list === "DONE []", `${path}: ${list}`);
    }
  });

  test("writes nowhere but to /tmp", async () => {
    const paths = [
      "/x",
      "/var/task/x",
      "/etc/passwd",
      "/usr/bin/sh",
      "/var/runtime/x",
      "/opt/x",
      "/proc/sys/kernel/hostname",
    ];
    const { answer } = await attack({ attempt: "write", paths: [...paths, "/tmp/mine"] });
    assert.deepEqual(
      refused(answer).map(([path]) => path),
      ["/tmp/mine"],
    );
  });

  test("connects to no service of the host and not to the cloud's metadata", async () => {
    const heard: string[] = [];
    const server = createServer((request, response) => {
      heard.push(request.url ?? "");
      response.end();
    });
    await once(server.listen(0, "0.0.0.0"), "listening");
    const { port } = server.address() as AddressInfo;
    const regionPort = Number(new URL(region.url).port);
    const to = [
      ["127.0.0.1", port],
      ["127.0.0.1", regionPort],
      ["198.18.0.0", port],
      ["169.254.169.254", 80],
    ];
    const { answer } = await attack({ attempt: "connect", to });
    server.close();
    assert.deepEqual([refused(answer), heard], [[], []]);
  });

  test("gains no privilege", async () => {
    const { answer } = await attack({ attempt: "privileges" });
    const { mount, unshare, ...others } = answer as Record<string, string> & { mount: number; unshare: number };
    assert.notEqual(mount, 0);
    assert.notEqual(unshare, 0);
    assert.deepEqual(refused(others), []);
  });

  test("sees and signals no process but its own", async () => {
    assert.deepEqual((await attack({ attempt: "signal" })).answer, []);
  });

  test("finds nothing of the host's environment in its own", async () => {
    const { answer } = await attack({ attempt: "environment" });
    assert.ok(answer.AWS_LAMBDA_FUNCTION_NAME);
    const own = readFileSync(`/proc/${region.pid}/environ`, "utf8").split("\0");
    for (const variable of ["HOME", "USER", "LOGNAME", "OLDPWD", "npm_config_user_agent"]) {
      const host = own.find((line) => line.startsWith(`${variable}=`))?.slice(variable.length + 1);
      if (host !== undefined && host !== "") assert.notEqual(answer[variable], host);
    }
    assert.deepEqual(
      Object.keys(answer).filter((name) => name.startsWith("ALONZO")),
      [],
    );
  });

  test("that hoards memory is killed at its own limit", async () => {
    const { functionError, answer, log } = await attack({ attempt: "memory" });
    assert.equal(functionError, "Unhandled");
    assert.equal(answer.errorType, "Runtime.ExitError");
    assert.match(answer.errorMessage, /Runtime exited with error: signal: killed/);
    assert.match(log, /Status: error\tError Type: Runtime\.OutOfMemory/);
  });

  test("fills its own /tmp only, in bytes and in files, and keeps /tmp over a crash as in Lambda", async () => {
    assert.equal((await attack({ attempt: "disk" })).answer, "OSError ENOSPC");
    assert.equal((await attack({ attempt: "inodes" })).answer, "OSError ENOSPC");
    await attack({ attempt: "memory" });
    assert.ok((await attack({ attempt: "left" })).answer.includes("big"));
  });

  test("forks no further than its limit of processes, and opens no more than its files", async () => {
    // A thousand processes cost memory of their own: with little of it the function is killed before it meets the limit.
    const forker = await deployAttacker({ MemorySize: 2048, Timeout: 30 });
    const { answer } = await attack({ attempt: "forks" }, forker);
    assert.equal(answer[1], "EAGAIN");
    assert.ok(answer[0] <= 1024, `forked ${answer[0]} times`);
    const descriptors = await attack({ attempt: "descriptors" });
    assert.equal(descriptors.answer[1], "EMFILE");
    assert.ok(descriptors.answer[0] <= 1024);
  });

  test("that floods its log is served, and so is everyone else", async () => {
    assert.equal((await attack({ attempt: "flood" })).answer, "flooded");
  });

  test("that lies to its Runtime API, floods it and answers twice harms only its own invocation", async () => {
    const { answer } = await attack({ attempt: "runtime-api" });
    assert.deepEqual(answer, {
      stranger: 400,
      next: 403,
      initError: 403,
      telemetry: 403,
      telemetryOfStranger: 403,
      unknown: 404,
      garbage: "HTTP/1.1 400 Bad Request",
    });
    // The bootstrap answers, too, which nobody hears of.
    assert.equal((await attack({ attempt: "twice" })).answer, "forged");
    assert.ok((await attack({ attempt: "environment" })).answer.AWS_LAMBDA_FUNCTION_NAME);
  });

  test("that subscribes to telemetry and never takes it keeps nobody from being served, itself neither", async () => {
    const name = await region.deploy({
      runtime: "nodejs26.x",
      zip: zipOf({ "index.mjs": DEAF_SUBSCRIBER }),
      more: { Timeout: 20 },
    });
    for (let count = 0; count < 3; count++) {
      const { text } = await attack({}, name);
      assert.equal(text, '"200 flooded"');
    }
  });

  test("that never ends is cut off at its timeout", async () => {
    const spinner = await deployAttacker({ Timeout: 1 });
    const { functionError, text } = await region.invoke(spinner, '{"attempt":"spin"}');
    assert.equal(functionError, "Unhandled");
    assert.match(
      text,
      /"errorType":"Sandbox\.Timedout","errorMessage":"RequestId: \S+ Error: Task timed out after 1\.00 seconds"/,
    );
  });
});

async function health(region: TestRegion): Promise<string> {
  return (await fetch(`${region.url}/_alonzo/health`)).text();
}

/** Debian's own Python. */
function minorOfPython(): number {
  const minor = [13, 12, 11, 10].find((candidate) => existsSync(`/usr/bin/python3.${candidate}`));
  assert.ok(minor, "a Python in /usr/bin is needed");
  return minor;
}
