import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import type { HttpSurface, SurfaceMatch, SurfaceRequest } from "../wire/http-surface.ts";
import { refusal } from "./refusal.ts";
import { FUNCTION_ROLE, signHeaders, startTestGateway } from "./test-gateway.ts";

const HOST = "pages.surface.localhost";

/** Echoes what it is told, under a host name of its own and beneath /_pages/. */
function echoing(handle?: (request: SurfaceRequest) => Promise<void>): HttpSurface {
  const match = (by: "host" | "path"): SurfaceMatch => ({
    by,
    handle:
      handle ??
      (async (request) => {
        const body = await request.readBody(100);
        request.send(201, ["X-By", by, "X-Path", request.path], body);
      }),
    upgrade: async ({ socket, first, path }) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n${path}${first}`,
      );
    },
    renderError: ({ status, code }) => ({ status, headers: {}, body: Buffer.from(`surface ${code}`) }),
  });
  return {
    ownsHost: (host) => host === HOST,
    match: (host, path) => (host === HOST ? match("host") : path.startsWith("/_pages/") ? match("path") : undefined),
  };
}

test("serves a surface under a host name of its own, Lambda's paths too, and beneath a path", async () => {
  await using door = await startTestGateway({ surfaces: [echoing()] });
  const byHost = await door.send({
    method: "POST",
    path: "/a%20b?c",
    headers: { host: HOST },
    body: "hi",
    credentials: null,
  });
  assert.deepEqual(
    [byHost.status, byHost.headers["x-by"], byHost.headers["x-path"], byHost.text],
    [201, "host", "/a%20b", "hi"],
  );
  const invoke = { method: "POST", path: "/2015-03-31/functions/f/invocations", body: "{}", credentials: null };
  const lane = await door.send({ ...invoke, headers: { host: `${HOST}:80`, "content-length": "2" } });
  assert.equal(lane.headers["x-by"], "host");
  assert.equal(door.invoked.length, 0);
  const byPath = await door.send({ path: "/_pages/x", credentials: null });
  assert.equal(byPath.headers["x-by"], "path");
  assert.match(String(byPath.headers["content-security-policy"]), /^sandbox/);
});

test("lets pages of a surface's hosts call their surface, and nothing of the region's own", async () => {
  await using door = await startTestGateway({ surfaces: [echoing()] });
  const origin = `http://${HOST}`;
  assert.equal(
    (await door.send({ path: "/", headers: { host: HOST, origin: "https://far.example" }, credentials: null })).status,
    201,
  );
  const api = await door.send({ path: "/2015-03-31/functions/", unsigned: { origin } });
  assert.equal(api.status, 403);
});

test("tells in the surface's own words of a body that is too large, and of its faults", async () => {
  await using door = await startTestGateway({ surfaces: [echoing()] });
  const large = await door.send({ method: "POST", path: "/_pages/", body: "x".repeat(101), credentials: null });
  assert.deepEqual([large.status, large.text], [413, "surface RequestEntityTooLargeException"]);
  await using broken = await startTestGateway({
    surfaces: [
      echoing(async () => {
        throw new Error("ours");
      }),
    ],
  });
  const fault = await broken.send({ path: "/_pages/", credentials: null });
  assert.deepEqual([fault.status, fault.text], [500, "surface ServiceException"]);
  assert.equal(broken.logged.length, 1);
});

test("says who signed a request, checks the signed body, and what the signer may do", async () => {
  const surface = echoing(async (request) => {
    const signer = request.signer("lambda");
    await request.readBody(100);
    const may = signer.may("lambda:InvokeFunction", "*") && !signer.may("s3:GetObject", "*");
    request.send(200, [], Buffer.from(`${signer.accessKeyId} ${may}`));
  });
  await using door = await startTestGateway({ surfaces: [surface] });
  const send = { method: "POST", path: "/_pages/", body: "signed", credentials: FUNCTION_ROLE };
  assert.equal((await door.send(send)).text, "ASIAROLE true");
  const url = `http://127.0.0.1:${door.port}/_pages/`;
  const headers = await signHeaders("POST", url, {}, "signed", FUNCTION_ROLE);
  const forged = await door.send({ ...send, body: "forged", headers, credentials: null });
  assert.deepEqual([forged.status, forged.text], [403, "surface InvalidSignatureException"]);
});

async function upgrade(port: number, path: string, host: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nfirst`);
  const [bytes] = await once(socket, "data");
  socket.destroy();
  return String(bytes);
}

test("hands a connection that wants to become a WebSocket to the surface, and serves others plainly", async () => {
  await using door = await startTestGateway({ surfaces: [echoing()] });
  assert.match(await upgrade(door.port, "/ws", HOST), /^HTTP\/1.1 101 .*\/wsfirst$/s);
  assert.match(await upgrade(door.port, "/_pages/ws", "127.0.0.1"), /^HTTP\/1.1 101 .*\/_pages\/wsfirst$/s);
  assert.match(await upgrade(door.port, "/_pages/ws", "evil.example"), /^HTTP\/1.1 403 .*surface AccessDenied/s);
  assert.match(await upgrade(door.port, "/_alonzo/health", "127.0.0.1"), /^HTTP\/1.1 200 .*ready/s);
});

test("refuses a WebSocket in the surface's words", async () => {
  const surface = echoing();
  const refusing: HttpSurface = {
    ...surface,
    match: (host, path) => {
      const match = surface.match(host, path);
      return (
        match && { ...match, upgrade: async ({ refuse }) => refuse(403, ["X-Why", "no"], Buffer.from("Forbidden")) }
      );
    },
  };
  await using door = await startTestGateway({ surfaces: [refusing] });
  assert.match(await upgrade(door.port, "/", HOST), /^HTTP\/1.1 403 Forbidden\r\nX-Why: no.*\r\n\r\nForbidden$/s);
  const failing: HttpSurface = {
    ...surface,
    match: (host, path) => {
      const match = surface.match(host, path);
      return (
        match && {
          ...match,
          upgrade: async () => {
            throw refusal("ServiceUnavailable", "x");
          },
        }
      );
    },
  };
  await using other = await startTestGateway({ surfaces: [failing] });
  assert.match(await upgrade(other.port, "/", HOST), /^HTTP\/1.1 503 .*surface ServiceUnavailable$/s);
});

test("ends WebSockets that are still open when the region has closed", async () => {
  const door = await startTestGateway({ surfaces: [echoing()] });
  const socket = connect(door.port, "127.0.0.1");
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`);
  await once(socket, "data");
  const closed = once(socket, "close");
  await door[Symbol.asyncDispose]();
  await closed;
});
