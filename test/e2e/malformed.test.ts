/**
 * A thousand malformed requests of every kind against the started program. Each must get an AWS-shaped 4xx; afterwards
 * the region must be as healthy as before. The generator is seeded: a failure names its seed and the bytes sent.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { TestRegion } from "../test-region.ts";
import { Chooser, malformedKinds } from "./malformed-requests.ts";
import { type Answer, exchange, render, signed } from "./raw-request.ts";

const SEED = Number(process.env.ALONZO_TEST_SEED ?? 20261121);
const REQUESTS = 1000;
const AT_ONCE = 8;
const FUNCTIONS = "/2015-03-31/functions";

function complaintOf({ status, headers, body }: Answer, isOwnRoute: boolean): string | undefined {
  if (status < 400 || status > 499) return `status ${status}`;
  if (!/\r\nx-amzn-requestid: [0-9a-f-]{36}(\r|$)/i.test(headers)) return "no x-amzn-RequestId";
  // Routes of Alonzo's own have no errors of AWS.
  if (!isOwnRoute && !/\r\nx-amzn-errortype: [A-Za-z]+(\r|$)/i.test(headers)) return "no x-amzn-ErrorType";
  try {
    const { message, Message } = JSON.parse(body) as Record<string, unknown>;
    return typeof (message ?? Message) === "string" ? undefined : "no message";
  } catch {
    return "the body is not JSON";
  }
}

describe("a thousand malformed requests", () => {
  let region: TestRegion;
  let host = "";
  let port = 0;

  before(async () => {
    region = await TestRegion.start();
    host = new URL(region.url).host;
    port = Number(new URL(region.url).port);
  });

  after(() => region.stop());

  it("each get an AWS-shaped 4xx", { timeout: 180_000 }, async () => {
    const choose = new Chooser(SEED);
    const makers = malformedKinds(host);
    const kinds = Object.keys(makers);
    const complaints: string[] = [];
    let sent = 0;
    const worker = async (): Promise<void> => {
      while (sent < REQUESTS) {
        const kind = kinds[sent++ % kinds.length] as string;
        const bytes = makers[kind]?.(choose) ?? "";
        const answer = await exchange(port, bytes);
        const complaint = complaintOf(answer, bytes.startsWith("GET /_alonzo/"));
        if (complaint === undefined) continue;
        complaints.push(
          `${kind}: ${complaint}\n${JSON.stringify(bytes.slice(0, 900))}\n${answer.headers}\n${answer.body}`,
        );
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    assert.equal(
      complaints.length,
      0,
      `seed ${SEED}, ${complaints.length} wrong answers:\n${complaints.slice(0, 5).join("\n\n")}`,
    );
  });

  it("leave the region healthy, serving, and without a fault in its log", async () => {
    assert.ok(region.isRunning, region.stderr);
    const health = await fetch(`http://${host}/_alonzo/health`);
    assert.equal(health.status, 200);
    assert.equal(((await health.json()) as { status: string }).status, "ready");
    const list = await exchange(port, render(signed(host, "GET", `${FUNCTIONS}/`)));
    assert.equal(list.status, 200);
    assert.deepEqual(JSON.parse(list.body), { Functions: [] });
    assert.doesNotMatch(region.stderr, /fault|ERROR|Error:/);
  });

  it("do not keep the region from ending with 0", async () => {
    assert.equal(await region.stop(), 0);
  });
});
