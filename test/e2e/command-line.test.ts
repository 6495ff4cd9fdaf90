import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { RegionClient } from "../../src/cli/client.ts";
import { deploy } from "../../src/cli/function-calls.ts";
import { zipDirectory } from "../../src/cli/zip.ts";
import { AlonzoCommand } from "./alonzo-command.ts";
import { call } from "./function-url-client.ts";

const EXAMPLE = join(import.meta.dirname, "..", "..", "examples", "hello-node");
const READY = /http:\/\/127\.0\.0\.1:\d+/;

async function deployExample(endpoint: string, name: string): Promise<void> {
  const target = { endpoint, region: "us-east-1", accessKeyId: "test", secretAccessKey: "test" };
  await deploy(new RegionClient(target), {
    name,
    runtime: "nodejs26.x",
    handler: "index.handler",
    roleArn: "arn:aws:iam::000000000000:role/test",
    zip: await zipDirectory(EXAMPLE),
  });
}

test("start announces its endpoint and isolation in one line, answers the health check, and exits 0 on SIGTERM", async (t) => {
  const region = AlonzoCommand.spawn(t, ["start", "--port", "0"]);
  const [url] = await region.printed(READY);
  const health = await fetch(`${url}/_alonzo/health`);
  assert.equal(health.status, 200);
  const document = (await health.json()) as { status: string; version: string; isolation: string };
  assert.equal(document.status, "ready");
  assert.equal(document.version, "0.1.0");
  region.signal("SIGTERM");
  const { code, stdout } = await region.ended();
  assert.equal(code, 0);
  assert.equal(stdout.trimEnd().split("\n").length, 1);
  assert.match(stdout, new RegExp(`isolation: ${document.isolation}`));
});

test("a setting that cannot be used ends the command with 2 and says why", async (t) => {
  const badPort = await AlonzoCommand.run(t, ["start", "--port", "many"]);
  assert.equal(badPort.code, 2);
  assert.match(badPort.stderr, /--port must be a whole number/);
  const beyondLoopback = await AlonzoCommand.run(t, ["start", "--host", "0.0.0.0"]);
  assert.equal(beyondLoopback.code, 2);
  assert.match(beyondLoopback.stderr, /refusing to listen on 0\.0\.0\.0/);
  const unknown = await AlonzoCommand.run(t, ["strat"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /'strat' is no verb/);
});

test("a taken port and a data directory in use are refused by start with advice", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const onPort = await AlonzoCommand.run(t, ["start", "--port", String(port)]);
  assert.equal(onPort.code, 2);
  assert.match(onPort.stderr, new RegExp(`port ${port} on 127.0.0.1 is taken`));

  const dataDir = AlonzoCommand.directory(t);
  const first = AlonzoCommand.spawn(t, ["start", "--data-dir", dataDir]);
  await first.printed(READY);
  const second = await AlonzoCommand.run(t, ["start", "--data-dir", dataDir]);
  assert.equal(second.code, 2);
  assert.match(second.stderr, /in use by another region/);
});

test("invoke prints a function's answer, logs what it logged, and --follow what it logs later", async (t) => {
  const region = AlonzoCommand.spawn(t, ["start"]);
  const [url] = await region.printed(READY);
  await deployExample(url, "talkative");

  const invoke = ["invoke", "talkative", "--endpoint", url, "--payload", '{"name":"Ada"}'];
  const answer = await AlonzoCommand.run(t, [...invoke, "--tail"]);
  assert.equal(answer.code, 0, answer.stderr);
  assert.match(answer.stdout, /Ada/);
  assert.match(answer.stderr, /START RequestId[\s\S]*REPORT RequestId/);

  const logs = await AlonzoCommand.run(t, ["logs", "talkative", "--endpoint", url]);
  assert.equal(logs.code, 0, logs.stderr);
  assert.equal(logs.stdout.match(/REPORT RequestId/g)?.length, 1);

  const following = AlonzoCommand.spawn(t, ["logs", "talkative", "--follow", "--endpoint", url]);
  await following.printed(/REPORT RequestId/);
  await AlonzoCommand.run(t, invoke);
  await following.printed(/REPORT RequestId[\s\S]*REPORT RequestId/);

  // Somebody who follows does not keep the region from closing.
  region.signal("SIGTERM");
  assert.equal((await region.ended()).code, 0);
});

test("logs --follow goes on when the region is back after a restart and after a crash, and repeats nothing", async (t) => {
  const dataDir = AlonzoCommand.directory(t);
  const start = async (port: string) => {
    const region = AlonzoCommand.spawn(t, ["start", "--data-dir", dataDir, "--port", port]);
    return { region, url: (await region.printed(READY))[0] };
  };
  let { region, url } = await start("0");
  await deployExample(url, "steady");
  const follow = AlonzoCommand.spawn(t, ["logs", "steady", "--follow", "--endpoint", url]);
  for (const [index, signal] of (["SIGTERM", "SIGKILL", "SIGTERM"] as const).entries()) {
    await AlonzoCommand.run(t, ["invoke", "steady", "--endpoint", url, "--payload", `{"name":"Ada ${index}"}`]);
    await follow.printed(new RegExp(`Greeting Ada ${index}.*REPORT`, "s"));
    region.signal(signal);
    await region.ended();
    if (index < 2) ({ region, url } = await start(new URL(url).port));
  }
  await follow.stop();
  const { stdout } = await follow.ended();
  assert.deepEqual(stdout.match(/Greeting Ada \d/g), ["Greeting Ada 0", "Greeting Ada 1", "Greeting Ada 2"]);
  assert.equal(stdout.match(/REPORT RequestId/g)?.length, 3);
});

test("invoke says what is wrong: no such function, no region", async (t) => {
  const region = AlonzoCommand.spawn(t, ["start"]);
  const [url] = await region.printed(READY);
  const unknown = await AlonzoCommand.run(t, ["invoke", "nobody", "--endpoint", url]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /ResourceNotFoundException: Function not found/);
  region.signal("SIGTERM");
  await region.ended();
  const unreachable = await AlonzoCommand.run(t, ["invoke", "nobody", "--endpoint", url]);
  assert.equal(unreachable.code, 1);
  assert.match(unreachable.stderr, /no answer from .*Start one with `npm start`/);
});

test("url gives a function a URL that anybody may call, and prints it again", async (t) => {
  const region = AlonzoCommand.spawn(t, ["start"]);
  const [endpoint] = await region.printed(READY);
  await deployExample(endpoint, "web");
  const first = await AlonzoCommand.run(t, ["url", "web", "--endpoint", endpoint]);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^http:\/\/[a-z0-9]{32}\.lambda-url\.us-east-1\.localhost:\d+\/\n$/);
  const answer = await call(first.stdout.trim());
  assert.deepEqual([answer.status, JSON.parse(answer.body.toString()).message], [200, "Hello, world!"]);
  assert.equal((await AlonzoCommand.run(t, ["url", "web", "--endpoint", endpoint])).stdout, first.stdout);
  await deployExample(endpoint, "private");
  const signed = await AlonzoCommand.run(t, ["url", "private", "--signed", "--stream", "--endpoint", endpoint]);
  assert.equal((await call(signed.stdout.trim())).status, 403);
  const unknown = await AlonzoCommand.run(t, ["url", "nobody", "--endpoint", endpoint]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /ResourceNotFoundException/);
  region.signal("SIGTERM");
  await region.ended();
});

test("doctor lists what the machine offers", async (t) => {
  const { code, stdout, stderr } = await AlonzoCommand.run(t, ["doctor"]);
  assert.ok(code === 0 || code === 1, stderr);
  for (const part of ["cgroups", "container", "process", "OCI runtime", "nftables", "nodejs26.x", "provided.al2023"]) {
    assert.ok(stdout.includes(part), `${part} is in:\n${stdout}`);
  }
});
