/**
 * A telemetry extension in Rust, by AWS's own crate `lambda-extension`: it registers, subscribes, and parses each event into the
 * crate's own types, which know every field that they want.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { findExecutable } from "../../src/cli/machine.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { logOnce, publishExtensions } from "./extension-fixture.ts";

const CRATE = join(import.meta.dirname, "telemetry-extension");
const TARGET = join(import.meta.dirname, "../../.cache/telemetry-extension");
/** A cold build compiles some 60 crates: a minute on two processors. Later ones find them there. */
const BUILD_MS = 10 * 60_000;
/** Says what the extension has noted, once all of that is there. */
const FUNCTION = `
  import { existsSync, readFileSync } from "node:fs";
  console.log("loading");
  export const handler = async ({ until }) => {
    console.log("working on " + until);
    for (;;) {
      const notes = existsSync("/tmp/telemetry") ? readFileSync("/tmp/telemetry", "utf8") : "";
      if (notes.includes(until)) return notes.split("\\n");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
`;

async function build(): Promise<Buffer | string> {
  if (findExecutable("cargo") === undefined) return "cargo is not installed, which builds the extension";
  const env = { ...process.env, CARGO_TARGET_DIR: TARGET };
  const options = { cwd: CRATE, env, timeout: BUILD_MS, maxBuffer: 1 << 24 };
  try {
    await promisify(execFile)("cargo", ["build", "--locked", "--quiet"], options);
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    // Without the registry there is nothing to build from; anything else is a failure.
    if (/download|registry|resolve host/i.test(stderr) && !/could not compile/.test(stderr)) return stderr.trim();
    throw error;
  }
  return readFile(join(TARGET, "debug/telemetry-extension"));
}

test("an extension of AWS's own Rust crate hears of invocations and takes platform, function and extension events", {
  timeout: BUILD_MS + 60_000,
}, async (t: TestContext) => {
  const program = await build();
  if (typeof program === "string") return t.skip(program);
  const region = await TestRegion.start("auto");
  t.after(() => region.stop());
  const { isolation } = (await (await fetch(`${region.url}/_alonzo/health`)).json()) as { isolation: string };
  if (isolation === "process") return t.skip("plain processes have no /opt of their own");

  const layer = await publishExtensions(region, { "telemetry-extension": program });
  const zip = zipOf({ "index.mjs": FUNCTION });
  const name = await region.deploy({ runtime: "nodejs26.x", zip, more: { Layers: [layer], Timeout: 30 } });
  const invoke = async (until: string) => {
    const { text, requestId } = await region.invoke(name, JSON.stringify({ until }));
    return { notes: JSON.parse(text) as string[], requestId };
  };

  const first = await invoke("PlatformInitReport");
  assert.ok(first.notes.some((note) => note.startsWith(`invoke ${first.requestId} arn:aws:lambda:`)));
  const { notes } = await invoke("PlatformReport");
  const noted = (kind: string) => notes.filter((note) => note.startsWith(kind)).join("\n");
  assert.match(noted("PlatformInitStart"), /initialization_type: OnDemand, phase: Init/);
  assert.match(noted("PlatformInitRuntimeDone"), /status: Success/);
  assert.match(noted("PlatformInitReport"), /duration_ms: [\d.]+/);
  assert.match(noted("PlatformStart"), new RegExp(`request_id: "${first.requestId}", version: Some\\("\\$LATEST"\\)`));
  assert.match(noted("PlatformRuntimeDone"), new RegExp(`request_id: "${first.requestId}", status: Success`));
  assert.match(noted("PlatformReport"), new RegExp(`request_id: "${first.requestId}".*billed_duration_ms: \\d+`));
  assert.match(noted("PlatformExtension"), /name: "telemetry-extension"/);
  assert.match(noted("PlatformTelemetrySubscription"), /name: "telemetry-extension"/);
  assert.match(noted("Function"), /loading[\s\S]*working on PlatformInitReport/);
  assert.match(await logOnce(region, name, /TELEMETRY\tName: telemetry-extension/), /State: Subscribed/);

  await region.stop();
});
