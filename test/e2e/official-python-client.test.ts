/** AWS's own runtime interface client for Python, as PyPI has it, brought by a function for the OS-only runtime. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type ZipEntry, zipOfEntries } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";

const VERSION = "4.2.2";
const CACHE = fileURLToPath(new URL("../../.cache/awslambdaric", import.meta.url));

const APP = `import os
calls = 0
def handler(event, context):
    global calls
    calls += 1
    print("called", event.get("n"))
    if event.get("fail"):
        raise TypeError("asked to fail")
    return {"calls": calls, "id": context.aws_request_id, "name": context.function_name,
            "left": 0 < context.get_remaining_time_in_millis() <= 10000, "trace": os.environ["_X_AMZN_TRACE_ID"][:7]}
`;

/** @returns the directory with the client in it, or why it cannot be had */
async function installed(python: string): Promise<{ readonly directory: string } | string> {
  const directory = join(CACHE, VERSION);
  if (existsSync(directory)) return { directory };
  await mkdir(CACHE, { recursive: true });
  const staging = await mkdtemp(join(CACHE, "staging-"));
  try {
    const argv = ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--target", staging];
    await promisify(execFile)(python, [...argv, `awslambdaric==${VERSION}`], { timeout: 120_000 });
    await rename(staging, directory);
    return { directory };
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    return `awslambdaric ${VERSION} cannot be installed: ${stderr.trim().split("\n").at(-1)}`;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function entriesOf(directory: string): Promise<ZipEntry[]> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"));
  return Promise.all(
    files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return { name: path.slice(directory.length + 1), content: await readFile(path), mode: 0o100644 };
    }),
  );
}

test("AWS's own client for Python, on provided.al2023", async (t) => {
  const python = process.env.ALONZO_TEST_PYTHON;
  if (python === undefined) return t.skip("no Python with pip on this machine");
  const client = await installed(python);
  if (typeof client === "string") return t.skip(client);
  const region = await TestRegion.start("auto");
  t.after(() => region.stop());
  const bootstrap = '#!/bin/sh\nexec /usr/bin/python3 -m awslambdaric "$_HANDLER"\n';
  const zip = zipOfEntries([
    ...(await entriesOf(client.directory)),
    { name: "app.py", content: APP, mode: 0o100644 },
    { name: "bootstrap", content: bootstrap, mode: 0o100755 },
  ]);
  const name = await region.deploy({
    runtime: "provided.al2023",
    handler: "app.handler",
    zip,
    more: { Timeout: 10, MemorySize: 256 },
  });

  await t.test("answers, keeps its state and knows its context", async () => {
    for (const calls of [1, 2]) {
      const { text, requestId, log } = await region.invoke(name, JSON.stringify({ n: calls }));
      assert.deepEqual(JSON.parse(text), { calls, id: requestId, name, left: true, trace: "Root=1-" });
      assert.match(log, new RegExp(`called ${calls}\n`));
    }
  });

  await t.test("reports what the handler raises", async () => {
    const { document } = await region.invokeFailing(name, '{"fail":true}');
    assert.equal(document.errorType, "TypeError");
    assert.equal(document.errorMessage, "asked to fail");
  });
});
