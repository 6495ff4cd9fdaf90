import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startTestGateway } from "./test-gateway.ts";

const LIST = "/2015-03-31/functions/";

describe("browsers", () => {
  it("get a preflight answer when the page is from this machine", async () => {
    await using gateway = await startTestGateway();
    for (const origin of ["http://localhost:3000", "http://127.0.0.1", "https://[::1]:8443", "http://app.localhost"]) {
      const answer = await gateway.send({
        method: "OPTIONS",
        path: LIST,
        credentials: null,
        headers: { origin, "access-control-request-headers": "authorization, x-amz-date, bad name" },
      });
      assert.equal(answer.status, 204, origin);
      assert.equal(answer.headers["access-control-allow-origin"], origin);
      assert.equal(answer.headers["access-control-allow-headers"], "authorization, x-amz-date");
      assert.equal(answer.headers["access-control-allow-credentials"], undefined);
    }
  });

  it("get CORS headers on answers and errors alike", async () => {
    await using gateway = await startTestGateway();
    const origin = "http://localhost:3000";
    assert.equal(
      (await gateway.send({ path: LIST, headers: { origin } })).headers["access-control-allow-origin"],
      origin,
    );
    const error = await gateway.send({ path: LIST, headers: { origin }, credentials: null });
    assert.deepEqual([error.status, error.headers["access-control-allow-origin"]], [403, origin]);
  });

  it("are refused when the page is from elsewhere, even with a good signature", async () => {
    await using gateway = await startTestGateway();
    const origins = [
      "https://evil.example",
      "null",
      "http://localhost.evil.example",
      "http://evil.example:4566",
      "http://127.0.0.1.evil.example",
    ];
    for (const origin of origins) {
      const answer = await gateway.send({ path: LIST, headers: { origin } });
      assert.equal(answer.status, 403, origin);
      assert.equal(answer.headers["access-control-allow-origin"], undefined);
      assert.equal(
        (await gateway.send({ method: "OPTIONS", path: LIST, credentials: null, headers: { origin } })).status,
        403,
      );
    }
    assert.equal((await gateway.send({ path: LIST, headers: { "sec-fetch-site": "cross-site" } })).status, 403);
  });

  it("are served when the operator allows their origin", async () => {
    await using gateway = await startTestGateway({ allowedOrigins: ["https://console.example.org"] });
    assert.equal((await gateway.send({ path: LIST, headers: { origin: "https://console.example.org" } })).status, 200);
  });
});

describe("host names", () => {
  it("that a hostile DNS could point here are refused, the usual ones served", async () => {
    await using gateway = await startTestGateway({ hostNames: ["lambda.example.org"] });
    const status = async (host: string) =>
      (await gateway.send({ path: "/_alonzo/health", headers: { host }, credentials: null })).status;
    for (const host of ["evil.example:4566", "localhost.evil.example", "127.0.0.1.nip.io"])
      assert.equal(await status(host), 403, host);
    const good = [
      "localhost:4566",
      "127.0.0.1",
      "[::1]:4566",
      "alonzo:4566",
      "lambda.us-east-1.amazonaws.com",
      "host.docker.internal:1",
      "LAMBDA.example.org",
      "192.168.1.2",
    ];
    for (const host of good) assert.equal(await status(host), 200, host);
  });
});
