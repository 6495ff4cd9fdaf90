/** Large answers take turns: whoever has to wait is not read from, and is served when a turn is free. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { Extensions } from "../extensions.ts";
import { InvocationSlot } from "../invocation-slot.ts";
import { LARGE_BYTES, LargeBodies } from "../large-bodies.ts";
import { SILENT, VERSION } from "../played-runtime.ts";
import { RuntimeApi } from "./runtime-api.ts";

const heard: string[] = [];
const inside: Socket[] = [];
const largeBodies = new LargeBodies();
const server = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on("error", () => {});
  inside.push(socket);
  // An environment of its own each.
  const slot = new InvocationSlot();
  slot.listen({
    onNext: () => {},
    onStream: () => undefined,
    onAnswer: () => {},
    onInitError: (body) => heard.push(`${body[0]} ${body.length}`),
  });
  new RuntimeApi(slot, { extensions: new Extensions(), telemetry: SILENT, version: VERSION }, largeBodies).accept(
    socket,
  );
});
before(() => once(server.listen(0, "127.0.0.1"), "listening"));
after(() => server.close());
const turn = () => new Promise(setImmediate);

async function dial(): Promise<Socket> {
  const address = server.address();
  assert(address && typeof address === "object");
  const count = inside.length;
  const socket = connect(address.port, "127.0.0.1");
  socket.on("error", () => {});
  while (inside.length === count) await turn();
  return socket;
}

test("the fifth large body waits for one of four to be whole or gone, and small ones for none", async () => {
  const bytes = LARGE_BYTES + 1;
  const head = `POST /2018-06-01/runtime/init/error HTTP/1.1\r\ncontent-length: ${bytes}\r\n\r\n`;
  const sockets: Socket[] = [];
  for (let count = 0; count < 6; count++) {
    const socket = await dial();
    socket.write(head);
    socket.write(Buffer.alloc(bytes - 1, count));
    sockets.push(socket);
    const peer = inside.at(-1) as Socket;
    if (count < 4) while (peer.bytesRead < head.length + bytes - 1) await turn();
    else while (!peer.isPaused()) await turn();
  }
  const small = await dial();
  small.write("POST /2018-06-01/runtime/init/error HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc");
  while (heard.length < 1) await turn();
  assert.deepEqual(heard.splice(0), ["97 3"]);

  for (const socket of sockets) socket.write(Buffer.alloc(1));
  while (heard.length < 6) await turn();
  assert.deepEqual(
    // Which of the two that waited gets the first free turn is the machine's to say.
    heard.splice(0).sort(),
    [0, 1, 2, 3, 4, 5].map((count) => `${count} ${bytes}`),
  );

  const hoarders = await Promise.all([dial(), dial(), dial(), dial()]);
  for (const hoarder of hoarders) hoarder.write(head);
  while (inside.slice(-4).some((peer) => peer.bytesRead < head.length)) await turn();
  const waiting = await dial();
  waiting.write(head);
  waiting.write(Buffer.alloc(bytes, 9));
  while (!(inside.at(-1) as Socket).isPaused()) await turn();
  hoarders[2]?.destroy();
  while (heard.length < 2) await turn();
  assert.deepEqual(heard, ["undefined 0", `9 ${bytes}`], "what broke off is told as empty");
  for (const socket of [...sockets, ...hoarders, small, waiting]) socket.destroy();
});

test("a body of undeclared length waits with its rest once it has turned out to be large", async () => {
  const hoarders = [await dial(), await dial(), await dial(), await dial()];
  for (const hoarder of hoarders) {
    hoarder.write(`POST /2018-06-01/runtime/init/error HTTP/1.1\r\ncontent-length: ${LARGE_BYTES + 1}\r\n\r\n`);
  }
  while (inside.slice(-4).some((peer) => peer.bytesRead === 0)) await turn();
  heard.length = 0;
  const chunked = await dial();
  const chunk = Buffer.concat([Buffer.from("40000\r\n"), Buffer.alloc(0x40000, 7), Buffer.from("\r\n")]);
  chunked.write("POST /2018-06-01/runtime/init/error HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n");
  for (let count = 0; count < 4; count++) chunked.write(chunk);
  chunked.write("0\r\n\r\n");
  while (!(inside.at(-1) as Socket).isPaused()) await turn();
  assert.deepEqual(heard, []);
  hoarders[0]?.destroy();
  while (heard.length < 2) await turn();
  assert.deepEqual(heard, ["undefined 0", `7 ${4 * 0x40000}`]);
  for (const socket of [...hoarders, chunked]) socket.destroy();
});
