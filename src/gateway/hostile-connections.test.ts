/** Connections that break at the worst moment, and callers that do not take their answers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, test } from "node:test";
import { ADMINISTRATOR, echo, signHeaders, startTestGateway, type TestGateway } from "./test-gateway.ts";

const PATH = "/2015-03-31/functions/f/invocations";
/** By further headers of an invoke. */
const WAYS: Readonly<Record<string, Record<string, string>>> = {
  "the lane's": {},
  "any other's": { origin: "http://localhost" },
};
/** bytes: more than the system holds for a connection that nobody reads */
const LARGE = Buffer.alloc(32 * 1024 * 1024, "1");

async function signed(gateway: TestGateway, body: string, more: Record<string, string> = {}): Promise<string> {
  const headers = await signHeaders("POST", `http://127.0.0.1:${gateway.port}${PATH}`, more, body, ADMINISTRATOR);
  const lines = Object.entries({ ...headers, "content-length": String(body.length) }).map(([n, v]) => `${n}: ${v}\r\n`);
  return `POST ${PATH} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

async function open(gateway: TestGateway): Promise<Socket> {
  const socket = connect(gateway.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** How much of one answer's body comes, read from now on. */
async function bodyBytes(socket: Socket): Promise<number> {
  let bytes = 0;
  let head: string | undefined = "";
  let expected = Number.POSITIVE_INFINITY;
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (head !== undefined) {
      head += chunk.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) continue;
      bytes = head.length - end - 4;
      expected = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      head = undefined;
    }
    if (bytes >= expected) return expected;
  }
  return bytes;
}

function answering(payload: Buffer, onInvoke: () => void = () => {}) {
  return {
    invoke: async (request: Parameters<typeof echo>[0]) => {
      onInvoke();
      return { ...echo(request), payload };
    },
    check: async () => {},
  };
}

describe("a connection that is reset under its refusal", () => {
  const beginnings: Readonly<Record<string, string>> = {
    "half an invoke": "POST /2015-03-31/functions/f/inv",
    "half another request": "GET / HTTP/1.1\r\nHo",
    "a CONNECT": "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "an upgrade": "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "no HTTP": "\x00\x01\r\n\r\n",
  };
  for (const [name, text] of Object.entries(beginnings)) {
    test(`harms nobody: ${name}`, async () => {
      await using gateway = await startTestGateway();
      for (const half of [true, false]) {
        for (let i = 0; i < 5; i++) {
          const socket = await open(gateway);
          const closed = new Promise((resolve) => socket.once("close", resolve));
          if (half) socket.end(text, () => socket.resetAndDestroy());
          else socket.write(text, () => socket.resetAndDestroy());
          await closed;
        }
      }
      assert.equal((await gateway.send({ method: "POST", path: PATH, body: "1" })).text, "1");
    });
  }
});

describe("a caller that does not read", () => {
  test("gets no further invokes served before it has taken the answers to the first", async () => {
    let invoked = 0;
    await using gateway = await startTestGateway({ invoker: answering(LARGE, () => invoked++) });
    const socket = await open(gateway);
    socket.write((await signed(gateway, "1")).repeat(5));
    assert.equal(await bodyBytes(socket), LARGE.length);
    assert.ok(invoked <= 2, `${invoked} were invoked`);
    socket.destroy();
  });

  for (const [way, headers] of Object.entries(WAYS)) {
    test(`gets the whole of its answer when the gateway drains: ${way}`, async () => {
      const gateway = await startTestGateway({ invoker: answering(LARGE) });
      const socket = await open(gateway);
      socket.write(await signed(gateway, "1", headers));
      await once(socket, "readable");
      const closed = gateway.gateway.close();
      assert.equal(await bodyBytes(socket), LARGE.length);
      socket.destroy();
      await closed;
    });

    test(`is given up when it takes nothing for long: ${way}`, async () => {
      const gateway = await startTestGateway({ invoker: answering(LARGE), limits: { stallMs: 20 } });
      const socket = await open(gateway);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.write(await signed(gateway, "1", headers));
      await once(socket, "readable");
      await gateway.gateway.close();
      socket.resume();
      await closed;
    });
  }
});

describe("an idle connection", () => {
  test("is kept for as long after its answer, however long that took and takes to be read", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const running = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    await using gateway = await startTestGateway({
      limits: { keepAliveMs: 2_000 },
      invoker: {
        invoke: async (request) => {
          running.resolve();
          await finish.promise;
          return { ...echo(request), payload: LARGE };
        },
        check: async () => {},
      },
    });
    const socket = await open(gateway);
    socket.write(await signed(gateway, "1"));
    await running.promise;
    t.mock.timers.tick(5_000);
    finish.resolve();
    await once(socket, "readable");
    t.mock.timers.tick(5_000);
    assert.equal(await bodyBytes(socket), LARGE.length);
    t.mock.timers.tick(1_000);
    socket.write(await signed(gateway, "1"));
    assert.equal(await bodyBytes(socket), LARGE.length);
    socket.destroy();
  });
});

describe("a caller that leaves while its large event waits for its turn", () => {
  test("holds up neither the others nor a drain", async () => {
    const gateway = await startTestGateway();
    const text = await signed(gateway, JSON.stringify("x".repeat(1_000_000)), { expect: "100-continue" });
    const end = text.indexOf("\r\n\r\n") + 4;
    const first: Socket[] = [];
    for (let i = 0; i < 4; i++) {
      const socket = await open(gateway);
      socket.write(text.slice(0, end));
      await once(socket, "data");
      first.push(socket);
    }
    const leaver = await open(gateway);
    leaver.write(text.slice(0, end));
    leaver.end();
    await once(leaver.resume(), "close");
    for (const socket of first) socket.write(text.slice(end));
    for (const socket of first) {
      assert.match(String((await once(socket, "data"))[0]), /^HTTP\/1\.1 200/);
      socket.destroy();
    }
    await gateway.gateway.close();
    assert.equal(gateway.invoked.length, 4);
  });
});

describe("rubbish behind a request whose answer has begun", () => {
  for (const [name, rubbish] of Object.entries({
    "a CONNECT": "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "no HTTP": "\0\r\n",
  })) {
    test(`ends the connection once that answer is whole: ${name}`, async () => {
      const finish = Promise.withResolvers<void>();
      const gateway = await startTestGateway({
        invoker: {
          invoke: async (request) => {
            request.invocation.sink?.start({ contentType: "text/plain", isStreamed: true, executedVersion: "1" });
            await finish.promise;
            return echo(request);
          },
          check: async () => {},
        },
      });
      const socket = await open(gateway);
      const path = "/2021-11-15/functions/f/response-streaming-invocations";
      const headers = await signHeaders("POST", `http://127.0.0.1:${gateway.port}${path}`, {}, "1");
      const lines = Object.entries({ ...headers, "content-length": "1" }).map(([n, v]) => `${n}: ${v}\r\n`);
      socket.write(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n1`);
      let text = String((await once(socket, "data"))[0]);
      socket.on("data", (chunk) => (text += chunk));
      socket.write(rubbish);
      await gateway.send({ path: "/_alonzo/health" });
      finish.resolve();
      await once(socket, "close");
      assert.match(text, /^HTTP\/1\.1 200 [\s\S]*InvokeComplete[\s\S]*\r\n0\r\n\r\nHTTP\/1\.1 400 /);
      await gateway.gateway.close();
    });
  }
});
