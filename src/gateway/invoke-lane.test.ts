/** Connections that carry plain invokes, and what happens when something else comes over them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, test } from "node:test";
import { signHeaders, startTestGateway, type TestGateway } from "./test-gateway.ts";

const PATH = "/2015-03-31/functions/f/invocations";

async function signed(gateway: TestGateway, method: string, path: string, body = ""): Promise<string> {
  const headers = await signHeaders(method, `http://127.0.0.1:${gateway.port}${path}`, {}, body);
  const lines = Object.entries({ ...headers, "content-length": String(body.length) }).map(([n, v]) => `${n}: ${v}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

/** Reads until so many answers have come. @returns their status lines and bodies */
async function answers(socket: Socket, count: number): Promise<{ status: number; body: string }[]> {
  const found: { status: number; body: string }[] = [];
  let text = "";
  while (found.length < count) {
    const head = /^HTTP\/1\.1 (\d+)[\s\S]*?content-length: (\d+)[\s\S]*?\r\n\r\n/i.exec(text);
    const end = head ? head[0].length + Number(head[2]) : Number.POSITIVE_INFINITY;
    if (head && text.length >= end) {
      found.push({ status: Number(head[1]), body: text.slice(head[0].length, end) });
      text = text.slice(end);
    } else text += String((await once(socket, "data"))[0]);
  }
  return found;
}

function open(gateway: TestGateway): Socket {
  const socket = connect(gateway.port, "127.0.0.1");
  socket.on("error", () => {});
  return socket;
}

describe("a connection of plain invokes", () => {
  test("answers one after the other, in order, also when they come together", async () => {
    await using gateway = await startTestGateway();
    const socket = open(gateway);
    const [one, two] = [await signed(gateway, "POST", PATH, "1"), await signed(gateway, "POST", PATH, "22")];
    socket.write(one + two + one);
    assert.deepEqual(
      (await answers(socket, 3)).map(({ body }) => body),
      ["1", "22", "1"],
    );
    socket.write(two);
    assert.deepEqual(await answers(socket, 1), [{ status: 200, body: "22" }]);
    socket.destroy();
  });

  test("takes a request in pieces of any size", async () => {
    await using gateway = await startTestGateway();
    const text = await signed(gateway, "POST", PATH, '{"a": 1}');
    for (const size of [1, 7, 200, text.length - 3]) {
      const socket = open(gateway);
      socket.setNoDelay(true);
      const answer = answers(socket, 1);
      for (let at = 0; at < text.length; at += size) {
        await new Promise((resolve) => socket.write(text.slice(at, at + size), resolve));
      }
      assert.deepEqual(await answer, [{ status: 200, body: '{"a": 1}' }], `pieces of ${size}`);
      socket.destroy();
    }
  });

  test("serves every other request too, and invokes after it", async () => {
    await using gateway = await startTestGateway();
    const socket = open(gateway);
    const invoke = await signed(gateway, "POST", PATH, "1");
    const list = await signed(gateway, "GET", "/2015-03-31/functions/");
    const large = await signed(gateway, "POST", PATH, JSON.stringify("x".repeat(100_000)));
    socket.write(invoke + list + invoke + large + invoke);
    const found = await answers(socket, 5);
    assert.deepEqual(
      found.map(({ status, body }) => [status, body.length]),
      [
        [200, 1],
        [200, '{"Functions":[]}'.length],
        [200, 1],
        [200, 100_002],
        [200, 1],
      ],
    );
    socket.destroy();
  });

  test("tells errors in Lambda's shape and goes on", async () => {
    await using gateway = await startTestGateway();
    const socket = open(gateway);
    const good = await signed(gateway, "POST", PATH, "1");
    socket.write(good.replace(/Signature=./, "Signature=x") + (await signed(gateway, "POST", PATH, "{")) + good);
    const found = await answers(socket, 3);
    assert.deepEqual(
      found.map(({ status }) => status),
      [403, 400, 200],
    );
    assert.match(String(found[1]?.body), /Could not parse request body into json/);
    socket.destroy();
  });

  test("answers a caller that has closed its sending half, and then closes", async () => {
    await using gateway = await startTestGateway();
    const socket = open(gateway);
    socket.end(await signed(gateway, "POST", PATH, "1"));
    assert.deepEqual(await answers(socket, 1), [{ status: 200, body: "1" }]);
    await once(socket, "end");
  });

  test("finishes what runs when the gateway drains, and ends idle ones", async () => {
    let finish: (() => void) | undefined;
    const gateway = await startTestGateway({
      invoker: {
        invoke: (request) =>
          new Promise((resolve) => {
            finish = () =>
              resolve({
                kind: "ok",
                payload: request.invocation.payload,
                executedVersion: "1",
                logTail: Buffer.alloc(0),
                durationMs: 1,
                billedMs: 1,
                maxMemoryMb: 1,
              });
          }),
        check: async () => {},
      },
    });
    const [busy, idle] = [open(gateway), open(gateway)];
    const ended = new Promise((resolve) => idle.once("close", resolve));
    idle.resume();
    busy.write(await signed(gateway, "POST", PATH, "1"));
    await once(idle, "connect");
    while (finish === undefined) await new Promise(setImmediate);
    const closed = gateway.gateway.close();
    await ended;
    finish();
    assert.deepEqual(await answers(busy, 1), [{ status: 200, body: "1" }]);
    await closed;
  });
});
