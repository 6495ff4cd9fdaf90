import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { receivedBytes } from "./streamed-body.ts";

describe("a body that is read as it comes", () => {
  let server: Server;
  let port: number;
  let read: (incoming: IncomingMessage) => Promise<unknown>;
  let told: Promise<unknown>;
  before(async () => {
    server = createServer((incoming, outgoing) => {
      told = read(incoming);
      told.then(
        () => outgoing.end(),
        () => outgoing.destroy(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close());

  const send = (length: number) => {
    const sent = request({ port, method: "PUT", headers: { "content-length": String(length) } });
    const ended = new Promise<void>((resolve) => {
      sent.on("error", () => resolve());
      sent.on("response", (response) => response.resume().on("end", () => resolve()));
    });
    return { sent, ended };
  };
  const sha = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

  it("comes whole and in order, and what was read before is given back", async () => {
    const body = randomBytes(3_000_000);
    const hash = createHash("sha256");
    let released = 0;
    read = async (incoming) => {
      let last: Buffer | undefined;
      for await (const bytes of receivedBytes(incoming, { stallMs: 60_000 })) {
        if (last?.length === 0) released++;
        hash.update(bytes);
        last = bytes;
        // A reader that takes its time: what comes meanwhile waits.
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const { sent, ended } = send(body.length);
    sent.end(body);
    await ended;
    await told;
    assert.equal(hash.digest("hex"), sha(body));
    assert.ok(released > 10, `${released} pieces were given back`);
  });

  it("is nothing when nothing is sent", async () => {
    const pieces: Buffer[] = [];
    read = async (incoming) => {
      for await (const bytes of receivedBytes(incoming, { stallMs: 60_000 })) pieces.push(bytes);
    };
    const { sent, ended } = send(0);
    sent.end();
    await ended;
    await told;
    assert.deepEqual(pieces, []);
  });

  it("ends with an error when its sender goes away", async () => {
    let seen = 0;
    const { sent, ended } = send(1_000_000);
    read = async (incoming) => {
      for await (const bytes of receivedBytes(incoming, { stallMs: 60_000 })) {
        seen += bytes.length;
        sent.destroy();
      }
    };
    sent.write(Buffer.alloc(1000));
    await ended;
    await assert.rejects(told, { code: "IncompleteBody" });
    assert.ok(seen > 0);
  });

  it("ends with an error when its sender falls silent", async () => {
    const { sent, ended } = send(1_000_000);
    read = async (incoming) => {
      for await (const _ of receivedBytes(incoming, { stallMs: 20 }));
    };
    sent.write(Buffer.alloc(1000));
    await ended;
    await assert.rejects(told, { code: "IncompleteBody" });
  });

  it("leaves the rest where it is when its reader stops", async () => {
    read = async (incoming) => {
      for await (const bytes of receivedBytes(incoming, { stallMs: 60_000 })) {
        assert.ok(bytes.length > 0);
        break;
      }
      assert.equal(incoming.isPaused(), true);
      incoming.destroy();
    };
    const { sent, ended } = send(1_000_000);
    sent.end(Buffer.alloc(1_000_000));
    await ended;
    await told;
  });
});
