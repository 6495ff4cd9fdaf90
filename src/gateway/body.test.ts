import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { SignatureV4 } from "@smithy/signature-v4";
import { BodyBudget } from "../execution/body-budget.ts";
import { LARGE_BYTES } from "../execution/large-bodies.ts";
import { readBody } from "./body.ts";
import { ADMINISTRATOR, signHeaders, startTestGateway } from "./test-gateway.ts";
import { Sha256 } from "./test-signing.ts";

const PATH = "/2015-03-31/functions/thumb/invocations";

describe("the budget of unverified bodies", () => {
  it("gives what is left and no more", () => {
    const budget = new BodyBudget(10);
    assert.ok(budget.take(7));
    assert.ok(!budget.take(4));
    budget.giveBack(7);
    assert.ok(budget.take(10));
  });

  it("bounds what callers without proof can make the region hold, and is given back", async () => {
    await using gateway = await startTestGateway({ limits: { unverifiedBytes: 100_000 } });
    const url = `http://127.0.0.1:${gateway.port}${PATH}`;
    const large = JSON.stringify("x".repeat(90_000));
    const { "x-amz-content-sha256": _, ...unproved } = await withoutHash(url, large);
    const send = (headers: Record<string, string>, body: string) => fetch(url, { method: "POST", headers, body });
    assert.equal((await send(unproved, large)).status, 200);

    const holder = connect(gateway.port, "127.0.0.1");
    const head = Object.entries(unproved).map(([name, value]) => `${name}: ${value}`);
    holder.write(`POST ${PATH} HTTP/1.1\r\n${head.join("\r\n")}\r\nContent-Length: ${large.length}\r\n\r\n`);
    holder.write(large.slice(0, 80_000));
    let refused: Response;
    do refused = await send(unproved, large);
    while (refused.status === 200);
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("x-amzn-errortype"), "ServiceUnavailable");

    const proved = await signHeaders("POST", url, {}, large);
    assert.ok(proved["x-amz-content-sha256"]);
    assert.equal((await send(proved, large)).status, 200);

    holder.end(large.slice(80_000));
    await once(holder.resume(), "close");
    assert.equal((await send(unproved, large)).status, 200);
  });
});

describe("large events", () => {
  it("take turns, and who gives up waiting holds nobody up", { timeout: 9_000 }, async () => {
    await using gateway = await startTestGateway();
    const url = `http://127.0.0.1:${gateway.port}${PATH}`;
    const large = JSON.stringify("x".repeat(LARGE_BYTES));
    const signed = Object.entries(await signHeaders("POST", url, {}, large));
    const head = signed.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const begin = () => {
      const socket = connect(gateway.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(`POST ${PATH} HTTP/1.1\r\n${head}Content-Length: ${large.length}\r\n\r\n${large.slice(0, -1)}`);
      return socket;
    };
    const small = () => gateway.send({ method: "POST", path: PATH, body: "1" });
    const inside = [begin(), begin(), begin(), begin()];
    assert.equal((await small()).text, "1");
    const impatient = Array.from({ length: 5 }, begin);
    assert.equal((await small()).text, "1", "small events do not wait");
    for (const socket of impatient) socket.destroy();
    const patient = gateway.send({ method: "POST", path: PATH, body: large });
    assert.equal((await small()).text, "1");
    for (const socket of inside) socket.end(large.slice(-1));
    assert.equal((await patient).text, large);
    for (const socket of inside) if (!socket.closed) await once(socket.resume(), "close");
  });

  it("of undeclared length wait for their turn when they have turned out to be large", async () => {
    const request = Object.assign(new PassThrough(), { headers: { "transfer-encoding": "chunked" } });
    const hasCome = Promise.withResolvers<void>();
    const asked: boolean[] = [];
    const body = readBody(request as unknown as IncomingMessage, {
      limit: 4 * LARGE_BYTES,
      onLarge: () => {
        asked.push(request.isPaused());
        return hasCome.promise;
      },
    });
    request.write(Buffer.alloc(LARGE_BYTES, 1));
    await new Promise(setImmediate);
    assert.deepEqual(asked, []);
    request.write(Buffer.alloc(1, 2));
    request.end(Buffer.alloc(LARGE_BYTES, 3));
    await new Promise(setImmediate);
    assert.deepEqual([asked, request.isPaused()], [[true], true]);
    hasCome.resolve();
    assert.equal((await body).length, 2 * LARGE_BYTES + 1);
    assert.equal(asked.length, 1, "once");
  });
});

/** Headers as the AWS CLI and boto3 sign them: the body's hash is in the signature, but not told. */
async function withoutHash(url: string, body: string): Promise<Record<string, string>> {
  const { host, hostname, pathname: path } = new URL(url);
  const signer = new SignatureV4({
    service: "lambda",
    region: "us-east-1",
    credentials: ADMINISTRATOR,
    sha256: Sha256 as never,
    applyChecksum: false,
  });
  const request = { method: "POST", path, query: {}, headers: { host }, body, protocol: "http:", hostname };
  return (await signer.sign(request)).headers;
}
