/**
 * Runtimes that speak garbage to the Runtime, Extensions and Telemetry APIs, lie to them and flood them. Each attempt
 * (hostile-runtime.ts) hurts only itself: a neighbour is served meanwhile, the environment or one that follows it serves the
 * next invocation, and the region keeps nothing of it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { zipOf, zipOfEntries } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { HOSTILE_TALK } from "./hostile-runtime.ts";
import { memoryOf, tracesOf } from "./soak-traces.ts";

const NEIGHBOUR = "export const handler = async (event, context) => ({ pong: event.ping, id: context.awsRequestId });";
const BOOTSTRAP = readFileSync(join(import.meta.dirname, "hostile_runtime.py"), "utf8");
/** The 6 MB of an answer may be held once or twice, and a garbage collection may not have come yet. */
const MOST_GROWTH_MB = 200;
const GIVE_UP_MS = 30_000;

describe("a hostile runtime", { timeout: 240_000 }, () => {
  let region: TestRegion;
  let neighbour: string;
  let hostile: string;
  let memoryBefore: number;
  let socketsBefore: number;

  before(async () => {
    region = await TestRegion.start("auto");
    neighbour = await region.deploy({ runtime: "nodejs26.x", zip: zipOf({ "index.mjs": NEIGHBOUR }) });
    const zip = zipOfEntries([{ name: "bootstrap", content: BOOTSTRAP, mode: 0o100755 }]);
    hostile = await region.deploy({
      runtime: "provided.al2023",
      handler: "any",
      zip,
      more: { Timeout: 30, MemorySize: 512 },
    });
    assert.equal((await region.invoke(hostile, '{"says":"result = 1"}')).text, "1");
    await region.invoke(neighbour);
    memoryBefore = memoryOf(region.pid);
    socketsBefore = tracesOf(region.pid).sockets;
  });
  after(() => region?.stop());

  for (const { name, says, answered } of HOSTILE_TALK) {
    test(name, async () => {
      const { id } = JSON.parse((await region.invoke(neighbour, '{"ping":0}')).text) as { id: string };
      let over = false;
      const asking = (async () => {
        for (let ping = 1; !over || ping < 3; ping++) {
          assert.match((await region.invoke(neighbour, JSON.stringify({ ping }))).text, new RegExp(`"pong":${ping},`));
        }
      })();
      const invoked = await region.invoke(hostile, JSON.stringify({ says, neighbour: id })).finally(() => {
        over = true;
      });
      await asking;
      assert.match(invoked.text, answered, invoked.log);
      assert.equal((await region.invoke(hostile, '{"says":"result = \\"serves\\""}')).text, '"serves"', name);
    });
  }

  test("and the region keeps nothing of it", async () => {
    const giveUpAt = performance.now() + GIVE_UP_MS;
    const left = () => tracesOf(region.pid).sockets - socketsBefore;
    while (left() > 40 && performance.now() < giveUpAt) await delay(100);
    assert.ok(left() <= 40, `${left()} sockets`);
    const growth = memoryOf(region.pid) - memoryBefore;
    assert.ok(growth < MOST_GROWTH_MB, `${growth} MB`);
    assert.doesNotMatch(region.stderr, / ERROR |Error/);
  });
});
