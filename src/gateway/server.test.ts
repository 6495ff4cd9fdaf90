import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import type { Outcome } from "../execution/outcome.ts";
import { presign } from "./presign.ts";
import { echo, FUNCTION_ROLE, signHeaders, startTestGateway } from "./test-gateway.ts";

const LIST = "/2015-03-31/functions/";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("the gateway", () => {
  it("serves a signed operation with a request id", async () => {
    await using gateway = await startTestGateway();
    const answer = await gateway.send({ path: `${LIST}?MaxItems=5` });
    assert.equal(answer.status, 200);
    assert.deepEqual(JSON.parse(answer.text), { Functions: [] });
    assert.match(String(answer.headers["x-amzn-requestid"]), UUID);
  });

  it("answers health without a signature", async () => {
    await using gateway = await startTestGateway();
    const answer = await gateway.send({ path: "/_alonzo/health", credentials: null });
    assert.equal(answer.status, 200);
    assert.deepEqual(JSON.parse(answer.text), { status: "ready", version: "0", isolation: "none" });
  });

  it("refuses unsigned calls and unknown paths in AWS's shape", async () => {
    await using gateway = await startTestGateway();
    for (const path of [LIST, "/", "/nothing", "/2015-03-31/functions/a/b/c/d"]) {
      const answer = await gateway.send({ path, credentials: null });
      assert.equal(answer.status, 403, path);
      assert.equal(answer.headers["x-amzn-errortype"], "MissingAuthenticationTokenException");
      assert.equal(JSON.parse(answer.text).message, "Missing Authentication Token");
    }
    const signed = await gateway.send({ path: "/nothing" });
    assert.equal(signed.status, 404);
    assert.equal(signed.headers["x-amzn-errortype"], "UnknownOperationException");
  });

  it("lets execution roles do only what the region's patterns name", async () => {
    await using gateway = await startTestGateway();
    const denied = await gateway.send({ path: `${LIST}thumb/configuration`, credentials: FUNCTION_ROLE });
    assert.equal(denied.status, 403);
    assert.equal(
      JSON.parse(denied.text).Message,
      "User: arn:aws:sts::000000000000:assumed-role/role/caller is not authorized to perform: lambda:GetFunctionConfiguration on resource: arn:aws:lambda:us-east-1:000000000000:function:thumb because no identity-based policy allows the lambda:GetFunctionConfiguration action",
    );
    const wrongToken = { ...FUNCTION_ROLE, sessionToken: "other" };
    assert.equal((await gateway.send({ path: LIST, credentials: wrongToken })).status, 403);
  });

  it("refuses what its path normalises away", async () => {
    await using gateway = await startTestGateway();
    for (const path of ["/2015-03-31/functions/x/%2e%2e/configuration", "/2015-03-31/functions/%00/configuration"]) {
      const answer = await gateway.send({ path });
      assert.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`);
    }
  });

  it("answers 413 at once when the declared length is too large, before a byte of the body", async () => {
    await using gateway = await startTestGateway();
    const socket = connect(gateway.port, "127.0.0.1");
    const path = `${LIST}x/invocations`;
    const { headers } = await signedHead(gateway.port, "POST", path);
    socket.write(`POST ${path} HTTP/1.1\r\n${headers}Content-Length: 7000000\r\nExpect: 100-continue\r\n\r\n`);
    const [first] = await once(socket, "data");
    assert.match(String(first), /^HTTP\/1.1 413 /);
    assert.match(String(first), /7000000 byte payload is too large for the RequestResponse invocation type/);
    socket.destroy();
  });

  it("sends 100 Continue when the body is wanted", async () => {
    await using gateway = await startTestGateway();
    const answer = await gateway.send({
      method: "POST",
      path: `${LIST}x/invocations`,
      body: "[1]",
      unsigned: { expect: "100-continue", "content-length": "3" },
    });
    assert.deepEqual([answer.status, answer.text], [200, "[1]"]);
  });

  it("answers broken HTTP in AWS's shape and goes on", async () => {
    await using gateway = await startTestGateway();
    const head = `Host: 127.0.0.1:${gateway.port}\r\n`;
    const cases: [string, number][] = [
      ["rubbish\r\n\r\n", 400],
      ["GET / HTTP/1.1\r\n\r\n", 400],
      [`GET http://elsewhere/ HTTP/1.1\r\n${head}\r\n`, 400],
      [`GET / HTTP/1.1\r\n${head}X: ${"a".repeat(100_000)}\r\n\r\n`, 431],
      [`GET / HTTP/1.1\r\n${head}${"x: y\r\n".repeat(300)}\r\n`, 431],
      [`POST ${LIST} HTTP/1.1\r\n${head}Content-Length: 10\r\n\r\nabc`, 403],
      [`POST ${LIST}x/invocations HTTP/1.1\r\n${head}Content-Length: 10\r\n\r\nabc`, 400],
      [`POST ${LIST} HTTP/1.1\r\n${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
      ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
      [`CONNECT a:1 HTTP/1.1\r\n${head}\r\n`, 400],
      [`OPTIONS * HTTP/1.1\r\n${head}\r\n`, 400],
      [`GET /\0 HTTP/1.1\r\n${head}\r\n`, 400],
      [`GET / HTTP/1.1\r\n${head}Expect: wonders\r\n\r\n`, 400],
    ];
    for (const [bytes, status] of cases) {
      const text = await gateway.sendRaw(bytes);
      const name = JSON.stringify(bytes.slice(0, 60));
      assert.match(text, new RegExp(`^HTTP/1.1 ${status} `), `${name}: ${text.slice(0, 100)}`);
      assert.match(text, /x-amzn-requestid: [0-9a-f-]{36}\r\n/i, name);
      assert.ok(JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4)).message, name);
    }
    assert.equal((await gateway.send({ path: LIST })).status, 200);
    assert.deepEqual(gateway.logged, []);
  });

  it("answers 400 when a body is cut off", async () => {
    await using gateway = await startTestGateway();
    const path = `${LIST}x/invocations`;
    const { headers } = await signedHead(gateway.port, "POST", path);
    const text = await gateway.sendRaw(`POST ${path} HTTP/1.1\r\n${headers}Content-Length: 100\r\n\r\nabc`);
    assert.match(text, /^HTTP\/1.1 400 /);
    assert.equal(gateway.invoked.length, 0);
  });

  it("answers 408 to heads and bodies that do not arrive in time", async () => {
    await using gateway = await startTestGateway({ limits: { headTimeoutMs: 50, requestTimeoutMs: 100 } });
    const path = `${LIST}x/invocations`;
    const { headers } = await signedHead(gateway.port, "POST", path);
    for (const start of ["GET / HT", `POST ${path} HTTP/1.1\r\n${headers}Content-Length: 100\r\n\r\nabc`]) {
      const socket = connect(gateway.port, "127.0.0.1");
      socket.write(start);
      const [answer] = await once(socket, "data");
      assert.match(String(answer), /^HTTP\/1.1 408 /);
      assert.match(String(answer), /RequestTimeoutException/);
      await once(socket, "close");
    }
  });

  it("answers pipelined requests in order", async () => {
    await using gateway = await startTestGateway();
    const health = `GET /_alonzo/health HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\n\r\n`;
    const unknown = `GET /nothing HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\n\r\n`;
    const text = await gateway.sendRaw(health + unknown + health);
    assert.deepEqual(text.match(/HTTP\/1.1 \d+/g), ["HTTP/1.1 200", "HTTP/1.1 403", "HTTP/1.1 200"]);
  });

  it("answers a good request before the rubbish behind it", async () => {
    await using gateway = await startTestGateway();
    const health = `GET /_alonzo/health HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\n\r\n`;
    assert.match(await gateway.sendRaw(`${health}rubbish\r\n\r\n`), /^HTTP\/1.1 200 /);
  });

  it("logs a fault of ours, answers 500 without telling, and goes on", async () => {
    await using gateway = await startTestGateway({
      invoker: { invoke: () => Promise.reject(new Error("secret detail")), check: async () => {} },
    });
    const answer = await gateway.send({ method: "POST", path: `${LIST}x/invocations` });
    assert.equal(answer.status, 500);
    assert.equal(answer.headers["x-amzn-errortype"], "ServiceException");
    assert.ok(!answer.text.includes("secret"));
    assert.deepEqual(gateway.logged, ["a request failed by a fault of ours"]);
  });

  it("serves connections from inside sandboxes", async () => {
    await using gateway = await startTestGateway();
    const inner = createServer((socket) => gateway.gateway.accept(socket, { endpoint: "http://169.254.1.1:80" }));
    inner.listen(0, "127.0.0.1");
    await once(inner, "listening");
    const socket = connect((inner.address() as { port: number }).port, "127.0.0.1");
    socket.write("GET /_alonzo/health HTTP/1.1\r\nHost: region.example.org\r\n\r\n");
    assert.match(String((await once(socket, "data"))[0]), /^HTTP\/1.1 200 /);
    socket.destroy();
    inner.close();
  });
});

describe("admin routes", () => {
  const route = (signed: boolean) => ({
    method: "GET",
    prefix: "/_alonzo/code/",
    signed,
    handle: ({ path }: { path: string }) => ({ status: 200, headers: {}, body: Buffer.from(path) }),
  });

  it("are served to administrators, by header or presigned URL, and to nobody else", async () => {
    await using gateway = await startTestGateway({ adminRoutes: [route(true)] });
    assert.equal((await gateway.send({ path: "/_alonzo/code/abc" })).text, "/_alonzo/code/abc");
    assert.equal((await gateway.send({ path: "/_alonzo/code/abc", credentials: null })).status, 403);
    assert.equal((await gateway.send({ path: "/_alonzo/code/abc", credentials: FUNCTION_ROLE })).status, 403);
    assert.equal((await gateway.send({ path: "/_alonzo/other" })).status, 404);
    const url = presign({
      accessKeyId: "test",
      secretAccessKey: "test",
      region: "us-east-1",
      service: "lambda",
      endpoint: `http://127.0.0.1:${gateway.port}`,
      path: "/_alonzo/code/abc",
    });
    assert.equal(await (await fetch(url)).text(), "/_alonzo/code/abc");
    assert.equal((await fetch(url.replace("code/abc", "code/abd"))).status, 403);
  });

  it("never see a path that climbs", async () => {
    await using gateway = await startTestGateway({ adminRoutes: [route(false)] });
    for (const path of ["../x", "%2e%2e/x", "a/..%2fx", "%5c..%5cx", "%00", "%"]) {
      const text = await gateway.sendRaw(
        `GET /_alonzo/code/${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
      );
      assert.match(text, /^HTTP\/1.1 400 /, path);
    }
  });
});

describe("draining", () => {
  it("lets running invokes finish, refuses new requests, and then closes", async () => {
    const { promise: outcome, resolve: finish } = Promise.withResolvers<Outcome>();
    const started = Promise.withResolvers<void>();
    const gateway = await startTestGateway({
      invoker: {
        invoke: (request) => {
          started.resolve();
          return outcome.then(() => echo(request));
        },
        check: async () => {},
      },
    });
    const idle = connect(gateway.port, "127.0.0.1");
    await once(idle, "connect");
    const second = connect(gateway.port, "127.0.0.1");
    second.write("GET /_alonzo/health HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    const running = gateway.send({ method: "POST", path: `${LIST}x/invocations`, body: "7" });
    await started.promise;
    const idleClosed = closed(idle);
    const drained = gateway.gateway.close();
    await idleClosed;
    second.write("\r\n");
    assert.match(String((await once(second, "data"))[0]), /^HTTP\/1.1 503 [\s\S]*draining/);
    finish({} as Outcome);
    assert.equal((await running).text, "7");
    await drained;
    await assert.rejects(fetch(`http://127.0.0.1:${gateway.port}/`));
  });

  it("is not held up by requests that never end", async () => {
    const gateway = await startTestGateway({ limits: { drainReceiveMs: 10 } });
    const path = `${LIST}x/invocations`;
    const { headers } = await signedHead(gateway.port, "POST", path);
    const socket = connect(gateway.port, "127.0.0.1");
    socket.write(`POST ${path} HTTP/1.1\r\n${headers}Content-Length: 100\r\nExpect: 100-continue\r\n\r\nabc`);
    await once(socket, "data");
    await gateway.gateway.close();
  });
});

async function closed(socket: Socket): Promise<void> {
  socket.on("error", () => {});
  socket.resume();
  await new Promise((resolve) => socket.once("close", resolve));
}

/** Head lines of a request whose body's hash is left open (UNSIGNED-PAYLOAD). */
async function signedHead(port: number, method: string, path: string): Promise<{ headers: string }> {
  const headers = await signHeaders(method, `http://127.0.0.1:${port}${path}`, {
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
  });
  return {
    headers: Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join(""),
  };
}
