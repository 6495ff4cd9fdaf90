import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startTestGateway } from "./test-gateway.ts";

describe("the head of a request", () => {
  it("is refused when a header that tells whom, or who, occurs twice", async () => {
    await using gateway = await startTestGateway();
    const host = `Host: 127.0.0.1:${gateway.port}`;
    for (const second of ["Host: evil.example", `host: 127.0.0.1:${gateway.port}`]) {
      const answer = await gateway.sendRaw(`GET /_alonzo/health HTTP/1.1\r\n${host}\r\n${second}\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 400 /);
      assert.match(answer, /InvalidRequestException/);
    }
    for (const name of ["Authorization", "Origin", "Content-Type"]) {
      const twice = `${name}: http://localhost\r\n${name}: https://evil.example`;
      const answer = await gateway.sendRaw(`GET /_alonzo/health HTTP/1.1\r\n${host}\r\n${twice}\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 400 /, name);
    }
  });

  it("may repeat any other header", async () => {
    await using gateway = await startTestGateway();
    const head = `GET /_alonzo/health HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\nX-A: 1\r\nX-A: 2\r\n\r\n`;
    assert.match(await gateway.sendRaw(head), /^HTTP\/1\.1 200 /);
  });

  it("may end the host's name with the dot of a full name", async () => {
    await using gateway = await startTestGateway();
    assert.match(
      await gateway.sendRaw("GET /_alonzo/health HTTP/1.1\r\nHost: localhost.:80\r\n\r\n"),
      /^HTTP\/1\.1 200 /,
    );
    assert.match(
      await gateway.sendRaw("GET /_alonzo/health HTTP/1.1\r\nHost: evil.example.\r\n\r\n"),
      /^HTTP\/1\.1 403 /,
    );
  });
});
