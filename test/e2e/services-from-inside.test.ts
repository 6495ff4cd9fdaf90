/** Functions that use the services of their region through the AWS SDKs, with nothing configured in them. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { Runtimes } from "../../src/execution/runtimes.ts";
import { type ZipEntry, zipOfEntries } from "../api/lambda/zip.ts";
import { boto3Missing, PYTHON } from "../python-with-boto3.ts";
import { RUNTIMES, TestRegion } from "../test-region.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const ROLE = "arn:aws:iam::000000000000:role/worker";
const installed = (await Runtimes.discover({ runtimesDirectory: RUNTIMES })).list().map(({ runtime }) => runtime);

describe("functions with nothing configured use every service of their region", () => {
  let region: TestRegion;
  before(async () => {
    region = await TestRegion.start("auto");
  });
  after(() => region.stop());

  async function check(name: string, runtime: string, handler: string, entries: readonly ZipEntry[]): Promise<void> {
    const worker = await region.deploy({
      runtime,
      handler,
      zip: zipOfEntries(entries),
      more: { Role: ROLE, Timeout: 60, MemorySize: 512 },
    });
    const invoked = await region.invoke(worker, JSON.stringify({ name, role: ROLE }));
    assert.equal(invoked.functionError, undefined, `${invoked.text}\n${invoked.log}`);
    assert.deepEqual(JSON.parse(invoked.text), {
      bodies: ['"matched"', "published", "queued", "scheduled"],
      object: "stored",
      logGroups: [`/aws/lambda/${worker}`],
      caller: `arn:aws:sts::000000000000:assumed-role/worker/${worker}`,
    });
  }

  test("through the AWS SDK for JavaScript", async () => {
    const runtime = installed.findLast((name) => name.startsWith("nodejs")) ?? "nodejs24.x";
    await check("from-node", runtime, "index.handler", [
      entry("index.js", join(import.meta.dirname, "services-inside.cjs")),
      ...sdkForJavaScript(["sqs", "sns", "s3", "eventbridge", "scheduler", "cloudwatch-logs", "sts"]),
    ]);
  });

  test("through boto3", async (t) => {
    const runtime = installed.findLast((name) => name.startsWith("python"));
    const missing = runtime === undefined ? "no Python on this machine" : boto3Missing();
    if (missing !== undefined && process.env.CI) assert.fail(missing);
    if (missing !== undefined || runtime === undefined) return t.skip(missing);
    await check("from-python", runtime, "app.handler", [
      entry("app.py", join(import.meta.dirname, "services_inside.py")),
      ...boto3(["sqs", "sns", "s3", "events", "scheduler", "logs", "sts"]),
    ]);
  });
});

function entry(name: string, path: string): ZipEntry {
  return { name, content: readFileSync(path), mode: 0o100644 };
}

/** The clients and all that they depend on, in the places where npm has put them. */
function sdkForJavaScript(clients: readonly string[]): ZipEntry[] {
  const packages = new Set<string>();
  const add = (name: string, from: string): void => {
    let parent = from;
    while (!existsSync(join(parent, "node_modules", name, "package.json"))) parent = dirname(parent);
    const directory = join(parent, "node_modules", name);
    if (packages.has(directory)) return;
    packages.add(directory);
    const { dependencies = {} } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
    for (const dependency of Object.keys(dependencies)) add(dependency, directory);
  };
  for (const client of clients) add(`@aws-sdk/client-${client}`, ROOT);
  return [...packages].flatMap((directory) => {
    const unused = ["**/node_modules/**", "**/dist-es/**", "**/dist-types/**"];
    const files = globSync("**/*.{js,cjs,mjs,json}", { cwd: directory, exclude: unused });
    return files.map((file) => entry(relative(ROOT, join(directory, file)), join(directory, file)));
  });
}

/** boto3 and what it needs, with the models of these services alone: those of all would be 100 MB. */
function boto3(services: readonly string[]): ZipEntry[] {
  const print = "import boto3, os; print(os.path.dirname(os.path.dirname(boto3.__file__)))";
  const cwd = execFileSync(PYTHON, ["-c", print], { encoding: "utf8" }).trim();
  const code = ["six.py", "{boto3,botocore,dateutil,jmespath,s3transfer,urllib3}/**/*.py"];
  const data = ["botocore/data/*.json", `botocore/data/{${services}}/**`, "botocore/cacert.pem"];
  const files = globSync([...code, ...data], { cwd }).filter((file) => statSync(join(cwd, file)).isFile());
  return files.map((file) => entry(file, join(cwd, file)));
}
