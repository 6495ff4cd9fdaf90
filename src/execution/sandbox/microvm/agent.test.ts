import assert from "node:assert/strict";
import { once } from "node:events";
import { type Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import { Agent } from "./agent.ts";

function frame(letter: string, content: string | Buffer): Buffer {
  const body = Buffer.from(content);
  const head = Buffer.alloc(5, letter);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

const told = (message: object): Buffer => frame("M", JSON.stringify(message));

function given(): { agent: Agent; guest: Duplex; line: Duplex; heard: string[] } {
  const [line, guest] = duplexPair();
  const heard: string[] = [];
  const agent = new Agent(line, {
    onOutput: (chunk) => heard.push(`runtime ${chunk}`),
    onExtensionOutput: (chunk) => heard.push(`extension ${chunk}`),
  });
  return { agent, guest, line, heard };
}

test("orders are lines of JSON", async () => {
  const { agent, guest } = given();
  agent.order("start", { argv: ["a\nb"] });
  const [chunk] = await once(guest, "data");
  assert.equal(String(chunk), '{"do":"start","argv":["a\\nb"]}\n');
});

test("what is written comes before the end of who wrote it, however the frames are cut", async () => {
  const { agent, guest, heard } = given();
  const exited = agent.endOf("r").then((exit) => heard.push(JSON.stringify(exit)));
  const end = told({ event: "ended", who: "r", code: 3, outOfMemory: false });
  const bytes = Buffer.concat([frame("O", "one"), frame("E", "two"), frame("O", "three"), end]);
  for (const byte of bytes) guest.write(Buffer.of(byte));
  await exited;
  const exit = '{"code":3,"signal":null,"outOfMemory":false}';
  assert.deepEqual(heard, ["runtime one", "extension two", "runtime three", exit]);
});

test("a death by signal comes as a negative number", async () => {
  const { agent, guest } = given();
  const exited = agent.endOf("0");
  guest.write(told({ event: "ended", who: "0", code: -11, outOfMemory: false }));
  assert.deepEqual(await exited, { code: null, signal: "SIGSEGV", outOfMemory: false });
});

test("when the machine is gone all that ran in it was killed, and what was waited for will not come", async () => {
  const { agent, line } = given();
  const exited = agent.endOf("r");
  const ready = agent.done("ready");
  line.destroy();
  assert.deepEqual(await exited, { code: null, signal: "SIGKILL", outOfMemory: false });
  await assert.rejects(ready, /the machine is gone/);
  await assert.rejects(agent.done("reset"), /the machine is gone/);
  assert.equal((await agent.endOf("1")).signal, "SIGKILL");
  agent.order("start");
});

for (const [what, bytes] of [
  ["a frame that is too large", Buffer.concat([Buffer.from("O"), Buffer.from([0xff, 0xff, 0xff, 0xff])])],
  ["a letter that means nothing", frame("X", "{}")],
  ["a message that is no JSON", frame("M", "{")],
  ["a message of no known kind", told({ event: "constructor" })],
  ["null", frame("M", "null")],
  ["an end without a code", told({ event: "ended", who: "r", code: "0", outOfMemory: false })],
  ["memory that is no number", told({ event: "memory", peakBytes: "1" })],
] as const) {
  test(`${what} is the end of the line`, async () => {
    const { guest, line, agent } = given();
    const exited = agent.endOf("r");
    guest.on("error", () => {}).write(bytes);
    assert.equal((await exited).signal, "SIGKILL");
    assert.equal(line.destroyed, true);
  });
}

test("an end that nobody waits for is no trouble", async () => {
  const { agent, guest } = given();
  const started = agent.done("started");
  guest.write(told({ event: "ended", who: "7", code: 0, outOfMemory: false }));
  guest.write(told({ event: "started" }));
  await started;
});
