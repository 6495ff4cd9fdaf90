import assert from "node:assert/strict";
import { test } from "node:test";
import type { WebSocket } from "ws";
import { Connection, Connections } from "./connections.ts";

/** A client that notes what is done to it. */
function clientOf(buffered = 0): { readonly socket: WebSocket; readonly done: string[] } {
  const done: string[] = [];
  const socket = {
    bufferedAmount: buffered,
    close: (code: number) => done.push(`close ${code}`),
    terminate: () => {},
    send: (data: Buffer, { binary }: { binary: boolean }, told: () => void) => {
      done.push(`${binary ? "bytes" : "text"} ${data.length}`);
      told();
    },
  };
  return { socket: socket as unknown as WebSocket, done };
}

const factsOf = (connectionId: string) => ({
  connectionId,
  apiId: "a",
  stage: "prod",
  stageVariables: undefined,
  domainName: "d",
  connectedAtMs: 0,
  identity: { sourceIp: "127.0.0.1" },
  authorizer: undefined,
});

test("closes who has been silent for ten minutes, and everyone after two hours", () => {
  const clock = { ms: 0, now: () => clock.ms };
  const connections = new Connections(clock);
  const silent = clientOf();
  const busy = clientOf();
  connections.add(new Connection(factsOf("silent"), silent.socket, clock));
  const active = new Connection(factsOf("busy"), busy.socket, clock);
  connections.add(active);
  for (const minutes of [5, 9, 11]) {
    clock.ms = minutes * 60_000;
    active.touch();
    connections.sweep();
  }
  assert.deepEqual([silent.done, busy.done], [["close 1001"], []]);
  clock.ms = 121 * 60_000;
  active.touch();
  connections.sweep();
  assert.deepEqual(busy.done, ["close 1001"]);
  connections.closeAll();
});

test("sends text as text and bytes as bytes, and nothing more to who does not read", async () => {
  const clock = { now: () => 0 };
  const client = clientOf();
  const connection = new Connection(factsOf("c"), client.socket, clock);
  assert.equal(await connection.send(Buffer.from("ü")), true);
  assert.equal(await connection.send(Buffer.from([0xff])), true);
  assert.deepEqual(client.done, ["text 2", "bytes 1"]);
  assert.equal(await new Connection(factsOf("d"), clientOf(8 << 20).socket, clock).send(Buffer.from("x")), false);
});
