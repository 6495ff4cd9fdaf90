/** Unmodified clients of AWS, told nothing but an endpoint, drive functions through their whole life. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { promisify } from "node:util";
import { ZipFile } from "yazl";
import { findExecutable } from "../../src/cli/machine.ts";
import { AlonzoCommand } from "./alonzo-command.ts";

const run = promisify(execFile);
const READY = /http:\/\/127\.0\.0\.1:\d+/;

/** Debian's version 2, and whichever comes first on PATH (version 1 from PyPI, on some machines). */
const AWS_CLIS = new Set(
  [findExecutable("aws"), "/usr/bin/aws"].filter((path) => path !== undefined && existsSync(path)),
);

async function zipOf(code: string): Promise<Buffer> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(`exports.handler = async (event) => ({ ...event, code: ${code} });`), "index.js");
  zip.end();
  return buffer(zip.outputStream);
}

const python = process.env.ALONZO_TEST_PYTHON;

test("boto3 drives a function through its whole life", { skip: python === undefined && "no boto3" }, async (t) => {
  const region = AlonzoCommand.spawn(t, ["start"]);
  const [url] = await region.printed(READY);
  const { stdout } = await run(python as string, [join(import.meta.dirname, "lifecycle_boto3.py"), url]);
  assert.equal(stdout, "done\n");
});

for (const cli of AWS_CLIS) {
  test(`the AWS CLI at ${cli} drives a function through its whole life`, async (t) => {
    const region = AlonzoCommand.spawn(t, ["start"]);
    const [url] = await region.printed(READY);
    const directory = AlonzoCommand.directory(t);
    writeFileSync(join(directory, "one.zip"), await zipOf("1"));
    writeFileSync(join(directory, "two.zip"), await zipOf("process.env.CODE"));
    const path = `${dirname(cli as string)}:${process.env.PATH}`;
    const script = join(import.meta.dirname, "lifecycle-aws-cli.sh");
    const { stdout } = await run("bash", [script, url, directory], { env: { ...process.env, PATH: path } });
    assert.deepEqual(stdout.trim().split("\n"), [
      '{"from":"cli","code":1}',
      '{"from":"cli","code":"2"}',
      "7",
      "cli-1 cli-2 cli-3",
      "0",
      "ResourceNotFoundException",
    ]);
  });
}
