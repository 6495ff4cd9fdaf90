import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { findCustomBootstrap, Runtimes } from "./runtimes.ts";

const PATHS = { task: "/var/task", runtime: "/var/runtime", language: "/var/lang", layers: "/opt", temporary: "/tmp" };

describe("Runtimes", () => {
  let directory: string;
  let runtimes: Runtimes;

  async function executable(name: string, content: string): Promise<string> {
    const path = join(directory, name);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, content);
    await chmod(path, 0o755);
    return path;
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "alonzo-runtimes-"));
    await executable("3.12.7/bin/python3.12", "\x7fELF");
    await executable("3.12.1/bin/python3.12", "\x7fELF");
    await executable("3.7.1/bin/python3.7", "\x7fELF");
    await executable("shims/python3.13", "#!/bin/sh\n");
    await symlink(join(directory, "gone"), join(directory, "shims/python3.14"));
    runtimes = await Runtimes.discover({
      runtimesDirectory: join(directory, "none"),
      pythonDirectories: ["shims", "3.12.7/bin", "3.12.1/bin", "3.7.1/bin"].map((one) => join(directory, one)),
      standIns: [
        { runtime: "python3.14", by: "python3.12" },
        { runtime: "python3.12", by: "python3.8" },
        { runtime: "java21", by: "java17" },
      ],
    });
  });
  after(() => rm(directory, { recursive: true }));

  it("takes the first interpreter of each minor version, and neither shims nor dangling links nor old ones", () => {
    const pythons = runtimes.list().filter(({ runtime }) => runtime.startsWith("python"));
    assert.deepEqual(
      pythons.map(({ runtime, version, runtimeVersion }) => [runtime, version, runtimeVersion]),
      [
        ["python3.12", "3.12.7", "python:3.12.v7"],
        ["python3.14", "3.12.7", "python:3.12.v7"],
      ],
    );
    assert.equal(pythons[0]?.languageDirectory, join(directory, "3.12.7"));
    assert.deepEqual(pythons[0]?.command(PATHS).slice(0, 1), ["/var/lang/bin/python3.12"]);
  });

  it("gives Node AWS's variables and a heap that fits into the function's memory", () => {
    const node = runtimes.find("nodejs24.x");
    assert.ok(node);
    assert.match(node.version, /^24\.\d+\.\d+$/);
    assert.ok(node.command(PATHS, { memoryMb: 128 }).includes("--max-old-space-size=115"));
    const variables = { NODE_OPTIONS: "--max-old-space-size=64" };
    assert.ok(!node.command(PATHS, { memoryMb: 128, variables }).includes("--max-old-space-size=115"));
    assert.deepEqual(node.environment(PATHS, "index.handler"), {
      _HANDLER: "index.handler",
      AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
      NODE_PATH:
        "/opt/nodejs/node24/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task",
    });
  });

  it("starts managed runtimes through the wrapper script, wherever /opt and /var/task are", () => {
    const variables = { AWS_LAMBDA_EXEC_WRAPPER: "/opt/wrapper" };
    const command = runtimes.find("nodejs26.x")?.command({ ...PATHS, layers: "/data/l1" }, { variables }) ?? [];
    assert.deepEqual(command.slice(0, 5), [
      "/bin/sh",
      "-c",
      'exec "$0" "$@"',
      "/data/l1/wrapper",
      "/var/lang/bin/node",
    ]);
    assert.deepEqual(runtimes.find("provided.al2023")?.command(PATHS, { variables }), ["/var/task/bootstrap"]);
  });

  it("has one version stand in for another that is missing, under the other's name", () => {
    const standIn = runtimes.find("python3.14");
    assert.deepEqual(standIn?.command(PATHS).slice(0, 1), ["/var/lang/bin/python3.12"]);
    assert.equal(standIn?.environment(PATHS, "app.handler").AWS_EXECUTION_ENV, "AWS_Lambda_python3.14");
    assert.equal(runtimes.find("python3.12")?.version, "3.12.7", "what is installed needs no other");
    assert.equal(runtimes.find("java21"), undefined, "nor does what is not installed stand in");
  });

  it("names a runtime version by an ARN that is the same every time", () => {
    const arn = runtimes.find("nodejs22.x")?.runtimeVersionArn("us-east-1");
    assert.match(String(arn), /^arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}$/);
    assert.equal(runtimes.find("nodejs22.x")?.runtimeVersionArn("us-east-1"), arn);
  });

  it("tells why a runtime is missing and what brings it", () => {
    assert.equal(runtimes.find("python3.13"), undefined);
    assert.match(runtimes.whyMissing("python3.13").hint, /apt-get install python3\.13/);
    assert.match(runtimes.whyMissing("nodejs24.x").hint, /npm ci/);
    assert.match(runtimes.whyMissing("java21").hint, /alonzo runtimes install java/);
    assert.match(runtimes.whyMissing("ruby3.4").reason, /no Ruby 3\.4/);
    assert.match(runtimes.whyMissing("dotnet8").reason, /no runtime dotnet8/);
    assert.match(runtimes.whyMissing("dotnet8").hint, /provided\.al2023/);
    const missing = runtimes.missing().map(({ runtime }) => runtime);
    assert.ok(missing.includes("dotnet8") && !missing.includes("python3.12"));
  });

  it("finds a custom bootstrap in the function before the layers, and only an executable file within", async () => {
    const task = join(directory, "task");
    const layers = join(directory, "layers");
    await mkdir(task);
    assert.equal(await findCustomBootstrap(task, layers), undefined);
    await executable("layers/bootstrap", "#!/bin/sh\n");
    assert.equal(await findCustomBootstrap(task, layers), "layers");
    await symlink("/bin/sh", join(task, "bootstrap"));
    assert.equal(await findCustomBootstrap(task), undefined);
    await rm(join(task, "bootstrap"));
    await writeFile(join(task, "bootstrap"), "#!/bin/sh\n");
    assert.equal(await findCustomBootstrap(task), undefined);
    await rm(join(task, "bootstrap"));
    await executable("task/real", "#!/bin/sh\n");
    await symlink("real", join(task, "bootstrap"));
    assert.equal(await findCustomBootstrap(task, layers), "task");
  });
});
