/** Logs of functions through clients that are not ours: boto3, and whatever AWS CLI runs here. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { after, before, describe, type TestContext, test } from "node:test";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { zipOf } from "../api/lambda/zip.ts";
import { eventually } from "../api/logs/client.ts";
import { TestRegion } from "../test-region.ts";
import { clis } from "./aws-cli-program.ts";
import { clientEnvironment, lacksBoto3, tellStory } from "./python-story.ts";

describe("logs", () => {
  let region: TestRegion;
  before(async () => {
    region = await TestRegion.start("auto");
  });
  after(() => region.stop());

  const environment = () => ({
    ...clientEnvironment(region),
    AWS_PAGER: "",
    // The CLI would put a prefix of AWS's before the region's address.
    AWS_DISABLE_HOST_PREFIX_INJECTION: "true",
    PYTHONUNBUFFERED: "1",
  });

  /** A command that goes on until the test ends. */
  function begin(t: TestContext, program: string, ...args: readonly string[]): ChildProcess {
    const all = ["--endpoint-url", region.url, "logs", ...args];
    const command = spawn(program, all, { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
    t.after(() => command.kill("SIGKILL"));
    return command;
  }

  test("errors of a function in JavaScript wake one in Python, as boto3 sees it", async (t) => {
    if (lacksBoto3(t)) return;
    await tellStory(t, region, "boto3_logs_story.py");
  });

  for (const [version, program] of clis()) {
    test(`${version} finds what a function wrote, and follows what it writes`, async (t) => {
      const run = async (...args: readonly string[]) => {
        const command = begin(t, program, ...args);
        const [stdout, stderr, [code]] = await Promise.all([
          text(command.stdout ?? assert.fail()),
          text(command.stderr ?? assert.fail()),
          once(command, "exit"),
        ]);
        return { code: Number(code), stdout, stderr };
      };
      const zip = zipOf({ "index.mjs": "export const handler = async ({ n }) => { console.log('hello', n); };" });
      const name = await region.deploy({ runtime: "nodejs26.x", zip });
      const invoke = (n: number) =>
        region.lambda.send(new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify({ n })) }));
      await invoke(1);
      const group = `/aws/lambda/${name}`;
      const search = await run("filter-log-events", "--log-group-name", group, "--filter-pattern", '"hello 1"');
      assert.equal(search.code, 0, search.stderr);
      assert.match(JSON.parse(search.stdout).events[0].message, /\tINFO\thello 1\n$/);

      const arn = `arn:aws:logs:us-east-1:000000000000:log-group:${group}`;
      const followers = [
        ["tail", group, "--follow", "--filter-pattern", "hello"],
        ["start-live-tail", "--log-group-identifiers", arn, "--log-event-filter-pattern", "hello"],
      ];
      // Version 1 has no `tail`, early ones of version 2 have no `start-live-tail`.
      const commands = await Promise.all(
        followers.map(async ([verb = "", ...args]) => {
          const known = (await run(verb, "help")).code === 0;
          return known ? [verb, ...args] : [];
        }),
      );
      const known = commands.filter(({ length }) => length > 0);
      assert.ok(known.length > 0);
      for (const args of known) {
        const command = begin(t, program, ...args);
        let seen = "";
        command.stdout?.on("data", (chunk: Buffer) => {
          seen += chunk;
        });
        // It does not tell when it has begun to listen.
        let n = 2;
        await eventually(async () => {
          assert.equal(command.exitCode, null, seen);
          await invoke(n++);
          return /hello ([2-9]|\d\d)/.test(seen) || undefined;
        });
        command.kill("SIGKILL");
        t.diagnostic(`${args[0]}: ${seen.trim().split("\n").at(-1)}`);
      }
    });
  }
});
