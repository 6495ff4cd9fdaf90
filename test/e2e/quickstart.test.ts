import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { findExecutable } from "../../src/cli/machine.ts";
import { AlonzoCommand } from "./alonzo-command.ts";

function assertShowsColdAndWarm(stdout: string): void {
  assert.match(stdout, /isolation: \S+/);
  assert.match(stdout, /cold[\s\S]*response {2}.*Alonzo[\s\S]*REPORT RequestId[\s\S]*ms of init/);
  assert.match(stdout, /warm[\s\S]*response {2}.*Alonzo[\s\S]*REPORT RequestId[\s\S]*ms as the caller saw it/);
}

test("quickstart --once shows an example function cold and warm and exits 0, again and again", async (t) => {
  const home = AlonzoCommand.directory(t);
  for (const word of ["created", "updated"]) {
    const { code, stdout, stderr } = await AlonzoCommand.run(t, ["quickstart", "--once"], { ALONZO_DATA_DIR: home });
    assert.equal(code, 0, stderr);
    assert.ok(stdout.includes(`${word} and active`), stdout);
    assertShowsColdAndWarm(stdout);
  }
});

test("quickstart without isolation says so plainly", async (t) => {
  const { code, stdout, stderr } = await AlonzoCommand.run(t, ["quickstart", "--once", "--isolation", "process"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /NO ISOLATION/i);
  assertShowsColdAndWarm(stdout);
});

test("quickstart finds another port when its own is taken, and its commands for the AWS CLI work when pasted", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  const { port } = other.address() as { port: number };
  const quickstart = AlonzoCommand.spawn(t, ["quickstart", "--port", String(port)]);
  await quickstart.printed(/Serving until Ctrl-C/);
  const [, commands = ""] = await quickstart.printed(/in another terminal\n([\s\S]*)\n\nServing/);
  const [said] = await quickstart.printed(/port \d+ is taken: using a free one/);
  assert.ok(said.includes(String(port)));
  if (findExecutable("aws") === undefined) return t.skip("the AWS CLI is not installed");
  const forAws = commands.split("\n").filter((line) => !line.includes("npm run"));
  const output = execFileSync("bash", ["-euc", forAws.join("\n")], { encoding: "utf8" });
  assert.match(output, /"FunctionName": "hello-node"/);
  assert.match(output, /you/);
  quickstart.signal("SIGINT");
  assert.equal((await quickstart.ended()).code, 0);
});
