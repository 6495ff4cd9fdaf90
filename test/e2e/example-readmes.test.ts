/**
 * The stories of examples/ as their READMEs tell them: every command is run as it stands there, by a shell, with the
 * unmodified AWS CLI. Only the region's address is another.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { buildExample } from "../../examples/build.ts";
import { logsClient } from "../api/logs/client.ts";
import { PYTHON } from "../python-with-boto3.ts";
import { TestRegion } from "../test-region.ts";
import { clis } from "./aws-cli-program.ts";
import { clientEnvironment } from "./python-story.ts";

const ROOT = join(import.meta.dirname, "..", "..");

interface Told {
  /** What the commands print, in this order. */
  readonly prints?: readonly string[];
  /** What functions log because of them, if not at once. */
  readonly logs?: Readonly<Record<string, readonly string[]>>;
}

const STORIES: Readonly<Record<string, Told>> = {
  "s3-thumbnail": { logs: { "s3-thumbnail": ["photos/in/my rocket.jpg became 128x85"] } },
  "sqs-worker": { prints: ["000000000000:orders", '"{\\"order\\":2,\\"amount\\":-1}"'] },
  "sqs-worker-python": { prints: ["000000000000:py-orders", '"{\\"order\\":2,\\"amount\\":-1}"'] },
  "sns-fanout": {
    logs: {
      invoice: ["Order placed: invoice of 12.5 for o-12.5", "Order placed: invoice of 2400 for o-2400"],
      pack: ["Packing o-12.5 for Lyon", "Packing o-30 for Lyon"],
      review: ["order of 2400: to be reviewed"],
    },
  },
  "python-web": { prints: ['{"hello":"world","query":[["tag","a"],["tag","b"]]'] },
  cron: { prints: [":schedule/default/nightly"] },
  "order-events": { logs: { "pack-big": ["Packing order o-1"], notify: ["Order o-1 of 120.5 arrived"] } },
};

/** A CLI of the second line: the first does not know `logs tail`. */
function secondCli(): string | undefined {
  return [...clis()].find(([version]) => version.startsWith("aws-cli/2"))?.[1];
}

describe("the READMEs of examples", () => {
  let region: TestRegion;
  before(async () => {
    region = await TestRegion.start("auto");
  });
  after(() => region.stop());

  async function run(example: string, cli: string): Promise<string> {
    const readme = await readFile(join(ROOT, "examples", example, "README.md"), "utf8");
    const [, commands = ""] = /```\n(.*?)```/s.exec(readme) ?? [];
    const script = commands.replace("http://127.0.0.1:4566", region.url);
    assert.notEqual(script, commands);
    // Made ahead: what downloads for it needs the settings of whoever runs the tests.
    await buildExample(example, { python: PYTHON });
    const env = {
      ...clientEnvironment(region),
      PATH: [dirname(process.execPath), dirname(cli), process.env.PATH].join(":"),
      ALONZO_PORT: new URL(region.url).port,
      AWS_PAGER: "",
    };
    const { stdout } = await promisify(execFile)("bash", ["--norc", "-euo", "pipefail", "-c", script], {
      cwd: ROOT,
      env,
    });
    return stdout;
  }

  async function untilLogged(name: string, line: string): Promise<void> {
    const logs = logsClient(region);
    const command = new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${name}`, filterPattern: `"${line}"` });
    const isThere = () => logs.send(command).then(({ events = [] }) => events.length > 0);
    while (!(await isThere().catch(() => false))) await delay(100);
    logs.destroy();
  }

  for (const [example, { prints = [], logs = {} }] of Object.entries(STORIES)) {
    test(`examples/${example} does what its README says, command by command`, { timeout: 300_000 }, async (t) => {
      const cli = secondCli();
      if (cli === undefined && process.env.CI) assert.fail("no AWS CLI v2");
      if (cli === undefined) return t.skip("no AWS CLI v2");
      let rest = await run(example, cli);
      for (const text of prints) {
        assert.ok(rest.includes(text), `${text} is in:\n${rest}`);
        rest = rest.slice(rest.indexOf(text));
      }
      for (const [name, lines] of Object.entries(logs)) for (const line of lines) await untilLogged(name, line);
    });
  }
});
