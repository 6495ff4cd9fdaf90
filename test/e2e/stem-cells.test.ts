/**
 * Functions that start in a sandbox and a language started ahead: they find what they would find in a plain start, and
 * nothing of anybody else. One region keeps cells, the other has none.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import {
  PublishLayerVersionCommand,
  PublishVersionCommand,
  PutProvisionedConcurrencyConfigCommand,
} from "@aws-sdk/client-lambda";
import { signHeaders } from "../../src/gateway/test-gateway.ts";
import { settled } from "../api/lambda/given.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { type Deployment, TestRegion } from "../test-region.ts";

/** A process that was started for its function has its name in what it was started with. */
const NODE_DUMP = `
const fs = require("node:fs"), os = require("node:os"), path = require("node:path");
const read = (file) => fs.readFileSync(file, "utf8");
const link = (fd) => { try { return fs.readlinkSync("/proc/self/fd/" + fd); } catch { return "gone"; } };
const tree = (directory) => fs.readdirSync(directory, { recursive: true }).sort();
const atLoad = { cwd: process.cwd(), tz: new Date(0).toString(), stage: process.env.STAGE };
exports.handler = async (event) => {
  if (event.exit) process.exit(9);
  return {
  wasCell: !read("/proc/self/environ").includes("AWS_LAMBDA_FUNCTION_NAME"),
  env: { ...process.env }, argv: process.argv, execArgv: process.execArgv, execPath: process.execPath, title: process.title,
  cwd: process.cwd(), atLoad, pid: process.pid, uid: [os.userInfo().username, process.getgid(), process.getgroups()].slice(0, 1),
  umask: process.umask(), hostname: os.hostname(), tmpdir: os.tmpdir(), home: os.homedir(), nice: os.getPriority(),
  fds: fs.readdirSync("/proc/self/fd").map(link).map((name) => name.replace(/\\d+/g, "N")).filter((name) => !name.startsWith("/proc/") && name !== "gone").sort(),
  cmdline: read("/proc/self/cmdline"), limits: read("/proc/self/limits"), oom: read("/proc/self/oom_score_adj"),
  status: read("/proc/self/status").split("\\n").filter((line) => /^(Umask|NSpid|Cap|NoNewPrivs|Seccomp|Cpus_allowed|Sig[IC])/.test(line)),
  mounts: Object.fromEntries(read("/proc/self/mounts").trim().split("\\n").map((line) => { const [, at, type, options] = line.split(" "); return [at, type + " " + options]; })),
  heap: require("node:v8").getHeapStatistics().heap_size_limit, paths: require("node:module").globalPaths,
  task: tree("/var/task"), opt: tree("/opt"), tmp: tree("/tmp"), tmpSize: fs.statfsSync("/tmp").blocks,
  layered: (() => { try { return require("layered"); } catch (error) { return error.code; } })(),
  processes: fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).map((pid) => [pid, read("/proc/" + pid + "/comm").trim(), fs.readdirSync("/proc/" + pid + "/fd").length > 0]),
  };
};`;

const PYTHON_DUMP = `
import os, sys, time, resource, locale
at_load = [os.getcwd(), time.tzname, os.environ.get("STAGE"), sys.path]
def read(path):
    with open(path) as file: return file.read()
def tree(directory): return sorted(os.path.join(at, name) for at, folders, files in os.walk(directory) for name in folders + files)
def link(fd):
    try: return "".join("N" if c.isdigit() else c for c in os.readlink("/proc/self/fd/" + fd))
    except OSError: return ""
def handler(event, context):
    if event.get("exit"): os._exit(9)
    size = os.statvfs("/tmp")
    return {
        "wasCell": "AWS_LAMBDA_FUNCTION_NAME" not in read("/proc/self/environ"),
        "env": dict(os.environ), "argv": sys.argv, "flags": str(sys.flags), "at_load": at_load, "pid": os.getpid(), "ppid": os.getppid(),
        "cwd": os.getcwd(), "user": os.path.expanduser("~"), "nice": os.nice(0), "encoding": [sys.stdout.encoding, sys.getfilesystemencoding(), locale.getpreferredencoding(False)],
        "modules": sorted(name for name in sys.modules if not name.startswith("alonzo_runtime")),
        "fds": sorted(filter(None, map(link, os.listdir("/proc/self/fd")))), "fd_numbers": sorted(os.listdir("/proc/self/fd")),
        "cmdline": read("/proc/self/cmdline"), "limits": read("/proc/self/limits"), "oom": read("/proc/self/oom_score_adj"),
        "status": [line for line in read("/proc/self/status").split("\\n") if line.split(":")[0] in ("Umask", "NSpid", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp", "SigIgn", "SigCgt", "Threads")],
        "mounts": {line.split(" ")[1]: line.split(" ")[2:4] for line in read("/proc/self/mounts").strip().split("\\n")},
        "task": tree("/var/task"), "opt": tree("/opt"), "tmp": tree("/tmp"), "tmp_size": size.f_blocks,
    }
`;

const PYTHON = readdirSync("/usr/bin").find((name) => /^python3\.\d+$/.test(name)) ?? "";
const NODES = ["nodejs22.x", "nodejs24.x", "nodejs26.x"];

type Dump = Record<string, unknown> & { readonly wasCell: boolean; readonly env: Record<string, string> };

/** What differs between any two environments. */
const OWN =
  /^(AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|AWS_LAMBDA_LOG_STREAM_NAME|AWS_LAMBDA_FUNCTION_NAME|AWS_LAMBDA_LOG_GROUP_NAME|_X_AMZN_TRACE_ID)$/;

function comparable({ wasCell: _, env, mounts, ...rest }: Dump) {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_LAMBDA_LOG_STREAM_NAME"])
    assert.ok(env[name], name);
  // Where there are no layers /opt is empty, and in a cell that is a place for what might have come.
  // Who is root inside is somebody else in each.
  const elsewhere = Object.entries(mounts as Record<string, unknown>)
    .filter(([at]) => at !== "/opt")
    .map(([at, options]) => [at, String(options).replaceAll(/,[ug]id=\d+/g, "")]);
  return {
    ...rest,
    mounts: Object.fromEntries(elsewhere),
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !OWN.test(name))),
  };
}

const CONTAINERS = process.getuid?.() === 0 && process.platform === "linux";

describe("functions that start in what was started ahead", { skip: !CONTAINERS && "containers need root" }, () => {
  let ahead: TestRegion;
  let plain: TestRegion;
  before(async () => {
    [ahead, plain] = await Promise.all([
      TestRegion.start("auto", { ALONZO_STEM_CELLS: "2" }),
      TestRegion.start("auto", { ALONZO_STEM_CELLS: "0" }),
    ]);
  });
  after(() => Promise.all([ahead.stop(), plain.stop()]));

  const more: Deployment["more"] = {
    MemorySize: 512,
    EphemeralStorage: { Size: 1024 },
    Environment: {
      Variables: { STAGE: "tést", TZ: "America/New_York", PATH: "/opt/bin:/usr/bin", NODE_ENV: "production" },
    },
  };
  const dumping = (runtime: string): Deployment => ({
    runtime,
    zip: zipOf(runtime.startsWith("python") ? { "index.py": PYTHON_DUMP } : { "index.js": NODE_DUMP }),
    more,
  });
  const dump = async (region: TestRegion, name: string): Promise<Dump> => {
    const { text, functionError, log } = await region.invoke(name);
    assert.equal(functionError, undefined, `${text}\n${log}`);
    return JSON.parse(text);
  };
  /** Fresh functions are invoked until one starts in a cell: the first ones may come before there are any. */
  const fromCell = async (deployment: Deployment): Promise<{ name: string; dump: Dump }> => {
    for (;;) {
      const name = await ahead.deploy(deployment);
      const found = await dump(ahead, name);
      if (found.wasCell) return { name, dump: found };
    }
  };

  for (const runtime of [...NODES, PYTHON]) {
    test(`${runtime}: environment, files, descriptors, limits and mounts are those of a plain start`, async () => {
      const { dump: cell } = await fromCell(dumping(runtime));
      const other = await dump(plain, await plain.deploy(dumping(runtime)));
      assert.equal(other.wasCell, false);
      assert.deepEqual(comparable(cell), comparable(other));
    });
  }

  test("layers are there before the function is loaded", async () => {
    const arns = await Promise.all(
      [ahead, plain].map(async ({ lambda }) => {
        const ZipFile = zipOf({
          "nodejs/node_modules/layered/index.js": "module.exports = 'from a layer';",
          "bin/x": "",
        });
        const { LayerVersionArn } = await lambda.send(
          new PublishLayerVersionCommand({ LayerName: "layered", Content: { ZipFile } }),
        );
        return String(LayerVersionArn);
      }),
    );
    const layered = (arn = ""): Deployment => {
      const deployment = dumping("nodejs26.x");
      return { ...deployment, more: { ...more, Layers: [arn] } };
    };
    const { dump: cell } = await fromCell(layered(arns[0]));
    assert.equal(cell.layered, "from a layer");
    assert.deepEqual(comparable(cell), comparable(await dump(plain, await plain.deploy(layered(arns[1])))));
  });

  test("a cell serves one function only; one that crashed starts again as any other, and keeps /tmp", async () => {
    const code = `
      const fs = require("node:fs");
      const before = fs.readdirSync("/tmp");
      fs.writeFileSync("/tmp/mark", process.env.AWS_LAMBDA_FUNCTION_NAME);
      const wasCell = !fs.readFileSync("/proc/self/environ", "utf8").includes("AWS_LAMBDA_FUNCTION_NAME");
      exports.handler = async (event) => {
        if (event.exit) process.exit(9);
        if (event.hang) await new Promise((resolve) => setTimeout(resolve, 60_000));
        return { wasCell, before, env: {}, name: process.env.AWS_LAMBDA_FUNCTION_NAME, files: fs.readdirSync("/var/task") };
      };`;
    const deployment: Deployment = { runtime: "nodejs26.x", zip: zipOf({ "index.js": code }), more: { Timeout: 2 } };
    const seen = [await fromCell(deployment), await fromCell(deployment)];
    for (const { name, dump: found } of seen) {
      assert.deepEqual(found.before, []);
      assert.equal(found.name, name);
    }
    const { name } = seen[0] as { name: string };
    assert.equal((await ahead.invoke(name, '{"exit":true}')).functionError, "Unhandled");
    await untilReset(ahead, name);
    const again = await dump(ahead, name);
    assert.deepEqual(again, { wasCell: false, before: ["mark"], env: {}, name, files: ["index.js"] });
    const other = seen[1]?.name ?? "";
    const { text } = await ahead.invoke(other, '{"hang":true}');
    assert.match(text, /Task timed out after 2\.00 seconds/);
    await untilReset(ahead, other);
    assert.deepEqual((await dump(ahead, other)).before, ["mark"]);
  });

  test("what must be there when a process starts makes it a plain start", async () => {
    for (const Variables of [{ NODE_OPTIONS: "--no-deprecation" }, { LD_LIBRARY_PATH: "/opt/lib" }]) {
      const deployment = dumping("nodejs26.x");
      await fromCell(deployment);
      const name = await ahead.deploy({ ...deployment, more: { ...more, Environment: { Variables } as never } });
      assert.equal((await dump(ahead, name)).wasCell, false);
    }
  });

  test("a function that cannot be loaded fails as it does in a plain start, with the lines that tell so", async () => {
    const broken: Deployment = { runtime: "nodejs26.x", zip: zipOf({ "index.js": "throw new Error('no');" }) };
    await fromCell({ ...dumping("nodejs26.x"), more: { MemorySize: 256 } });
    const [one, two] = await Promise.all(
      [ahead, plain].map(async (region) => region.invokeFailing(await region.deploy(broken))),
    );
    assert.deepEqual(one?.document, two?.document);
    const shape = (log = "") => log.replace(/\d+(\.\d+)?/g, "N").replace(/[0-9a-fN]+(-[0-9a-fN]+){4}/g, "ID");
    assert.equal(shape(one?.log), shape(two?.log));
  });

  test("provisioned environments start in cells, too", async () => {
    for (;;) {
      const { name: FunctionName } = await fromCell(dumping(PYTHON));
      const { Version: Qualifier } = await ahead.lambda.send(new PublishVersionCommand({ FunctionName }));
      await settled(ahead, FunctionName, Qualifier);
      const one = { FunctionName, Qualifier, ProvisionedConcurrentExecutions: 1 };
      await ahead.lambda.send(new PutProvisionedConcurrencyConfigCommand(one));
      let found: Dump;
      do found = await dump(ahead, `${FunctionName}:${Qualifier}`);
      while (found.env.AWS_LAMBDA_INITIALIZATION_TYPE !== "provisioned-concurrency");
      if (found.wasCell) break;
    }
  });

  test("a waiting process that is killed is replaced", async () => {
    await fromCell(dumping("nodejs26.x"));
    for (const pid of waitingProcesses(ahead.pid)) kill(pid);
    await fromCell(dumping("nodejs26.x"));
  });

  test("many functions that start at once all answer, each with its own code", async () => {
    const echo = (mark: number): Deployment => ({
      runtime: "nodejs26.x",
      zip: zipOf({ "index.js": `exports.handler = async () => [process.env.AWS_LAMBDA_FUNCTION_NAME, ${mark}];` }),
    });
    const names = await Promise.all(Array.from({ length: 12 }, (_, mark) => ahead.deploy(echo(mark))));
    const answers = await Promise.all(names.map(async (name) => JSON.parse((await ahead.invoke(name)).text)));
    assert.deepEqual(
      answers,
      names.map((name, mark) => [name, mark]),
    );
  });
});

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/** The cells' processes of a region that nobody has adopted, or which began as such. */
function waitingProcesses(region: number): number[] {
  const number = readdirSync("/run/alonzo").find((name) => {
    return name.endsWith(".lock") && readFileSync(`/run/alonzo/${name}`, "utf8").trim() === String(region);
  });
  const group = `/alonzo/${number?.replace(".lock", "")}/`;
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const isCell = readFileSync(`/proc/${pid}/environ`, "utf8").includes("ALONZO_CELL=");
      return isCell && readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(group) ? [Number(pid)] : [];
    } catch {
      // It is none, or has ended meanwhile.
      return [];
    }
  });
}

/** Its processes are gone. Before that a cell that is ready may serve the next invocation sooner. */
async function untilReset(region: TestRegion, functionName: string): Promise<void> {
  const url = `${region.url}/_alonzo/environments?functionName=${functionName}`;
  for (;;) {
    const answer = await fetch(url, { headers: await signHeaders("GET", url, {}, "") });
    const { environments } = (await answer.json()) as { environments: { state: string }[] };
    if (environments.length > 0 && environments.every(({ state }) => state === "down")) return;
  }
}
