import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { Connections } from "./connections.ts";

test("a sandbox has a bounded number of connections open, and a new one when it closes another", async () => {
  const connections = new Connections();
  let open = 0;
  const server = await connections.listen({ port: 0, host: "127.0.0.1" }, (socket) => {
    open++;
    socket.resume().once("end", () => socket.end());
    socket.once("close", () => open--);
  });
  const { port } = server.address() as AddressInfo;
  const dialed = Array.from({ length: 200 }, () =>
    connect(port, "127.0.0.1")
      .on("error", () => {})
      .resume(),
  );
  const refused = dialed.map((socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())));
  const isSettled = () => open + dialed.filter(({ closed }) => closed).length === dialed.length;
  while (!isSettled()) await new Promise(setImmediate);
  assert.equal(open, 64);
  const kept = dialed.find(({ closed }) => !closed);
  kept?.end();
  while (open === 64) await new Promise(setImmediate);
  const next = connect(port, "127.0.0.1");
  await once(next, "connect");
  while (open < 64) await new Promise(setImmediate);
  connections.close();
  await Promise.all(refused);
  next.destroy();
});

test("a connection that was made goes with those that were accepted, though its other side says nothing", async () => {
  const connections = new Connections();
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const made = connections.hold(connect((silent.address() as AddressInfo).port, "127.0.0.1"));
  await once(made, "connect");
  connections.close();
  assert.equal(made.destroyed, true);
  silent.close();
});
