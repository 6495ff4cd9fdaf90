/** `alonzo cost` and the route behind it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, it, type TestContext } from "node:test";
import { signHeaders } from "../../src/gateway/test-gateway.ts";
import { CODE } from "../api/lambda/given.ts";
import { PYTHON } from "../python-with-boto3.ts";
import { TestRegion } from "../test-region.ts";
import { AlonzoCommand } from "./alonzo-command.ts";
import { ALWAYS, usageOf } from "./usage-fixture.ts";

const PERIOD = ["--from", ALWAYS.from, "--to", ALWAYS.to];

describe("alonzo cost", () => {
  let region: TestRegion;
  let name: string;
  before(async () => {
    region = await TestRegion.start();
    name = await region.deploy({ runtime: "nodejs26.x", zip: CODE });
    for (let n = 0; n < 3; n++) await region.invoke(name);
  });
  after(() => region.stop());

  const cost = (t: TestContext, ...args: string[]) => AlonzoCommand.run(t, ["cost", "--endpoint", region.url, ...args]);

  it("shows use, the month's bill and what is assumed", async (t) => {
    const { code, stdout, stderr } = await cost(t, ...PERIOD);
    assert.equal(code, 0, stderr);
    const { total } = await usageOf(region);
    const cells = stdout.split("\n").map((line) => line.trim().split(/ {2,}/));
    const figures = ["3", String(total.billedMs), total.gbSeconds, "0.000000"];
    assert.deepEqual(cells[1], ["function", "requests", "billed ms", "GB-s", "USD"]);
    assert.deepEqual(cells[2], [name, ...figures]);
    assert.deepEqual(cells[3], ["total", ...figures]);
    assert.ok(
      cells.some(
        ([, item, quantity, price, usd]) =>
          `${item} ${quantity} ${price} ${usd}` === "Requests 3 request free 0.000000",
      ),
    );
    assert.match(stdout, /^assumed:\n {2}- the prices of us-east-1 as published on 2026-09-19/m);
  });

  it("writes CSV that a reader of CSV understands", async (t) => {
    for (const [by, key] of [
      ["function", { function: name }],
      ["version", { function: name, version: "$LATEST" }],
    ] as const) {
      const { code, stdout, stderr } = await cost(t, ...PERIOD, "--by", by, "--csv");
      assert.equal(code, 0, stderr);
      const read = "import csv,json,sys; print(json.dumps(list(csv.DictReader(sys.stdin, strict=True))))";
      const { stdout: rows } = spawnSync(PYTHON, ["-c", read], { input: stdout, encoding: "utf8" });
      const { groups } = await usageOf(region, { by });
      const texts = groups.map((group) => Object.fromEntries(Object.entries(group).map(([k, v]) => [k, String(v)])));
      assert.deepEqual(JSON.parse(rows), texts);
      assert.deepEqual({ ...texts[0], ...key }, texts[0]);
    }
  });

  it("shows this month when no days are given, by day when asked", async (t) => {
    const { stdout } = await cost(t, "--by", "day");
    const [, from, to] = /from (\S+) to (\S+) \(UTC\)/.exec(stdout) ?? [];
    assert.equal(from, `${to?.slice(0, 7)}-01`);
    assert.match(stdout, /^ {2}\d{4}-\d\d-\d\d {2}/m);
  });

  it("tells what it cannot understand", async (t) => {
    for (const [args, message] of [
      [["--from", "yesterday"], "from is a day such as 2026-11-21"],
      [["--to", "2026-02-30"], "to is a day such as 2026-11-21"],
      [["--from", "2026-02-02", "--to", "2026-02-01"], "from is after to"],
      [["--from", "0001-01-01"], "from and to are more than 3660 days apart"],
      [["--by", "week"], "by is one of function, version, day"],
    ] as const) {
      const { code, stderr } = await cost(t, ...args);
      assert.deepEqual([code, stderr.includes(`InvalidParameterValueException: ${message}`)], [1, true], stderr);
    }
  });

  it("is the administrator's alone", async () => {
    const get = async (path: string, isSigned = true) => {
      const url = region.url + path;
      const headers = isSigned ? await signHeaders("GET", url, {}) : {};
      const answer = await fetch(url, { headers });
      const { message } = (await answer.json()) as { message?: string };
      return [answer.status, answer.headers.get("x-amzn-errortype") ?? message];
    };
    assert.equal((await get("/_alonzo/usage", false))[0], 403);
    assert.deepEqual(await get("/_alonzo/usage?until=x"), [400, "InvalidParameterValueException"]);
    assert.deepEqual(await get("/_alonzo/usage?format=xml"), [400, "InvalidParameterValueException"]);
    assert.equal((await get("/_alonzo/usage"))[0], 200);
  });
});
