/** SnapStart's endpoints of the Runtime API, over real connections. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { ContainerCredentials } from "../container-credentials.ts";
import { CredentialMint } from "../credentials.ts";
import { Extensions } from "../extensions.ts";
import { InvocationSlot, type RestoreMode } from "../invocation-slot.ts";
import { SILENT, VERSION } from "../played-runtime.ts";
import { RuntimeApi } from "./runtime-api.ts";

let slot: InvocationSlot;
let api: RuntimeApi;
const server = createServer((socket) => api.accept(socket));
before(() => once(server.listen(0, "127.0.0.1"), "listening"));
after(() => server.close());

function freshSlot(restoreMode?: RestoreMode, credentials?: ContainerCredentials): void {
  slot = new InvocationSlot(restoreMode);
  const side = { extensions: new Extensions(), telemetry: SILENT, version: VERSION };
  api = new RuntimeApi(slot, { ...side, ...(credentials && { credentials }) });
}

/** Every answer comes in one piece. */
function dial(): { readonly socket: Socket; until(pattern: RegExp): Promise<string> } {
  const address = server.address();
  assert(address && typeof address === "object");
  const socket = connect(address.port, "127.0.0.1").setEncoding("utf8");
  const until = async (pattern: RegExp) => {
    let text = "";
    while (!pattern.test(text)) text += (await once(socket, "data"))[0];
    return text;
  };
  return { socket, until };
}

test("a runtime of no snapshot cannot ask to be restored", async () => {
  freshSlot();
  const { socket, until } = dial();
  socket.write("GET /2018-06-01/runtime/restore/next HTTP/1.1\r\n\r\n");
  assert.match(await until(/not found/), /^HTTP\/1\.1 404 /);
  socket.write("POST /2018-06-01/runtime/restore/error HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}");
  assert.match(await until(/not found/), /^HTTP\/1\.1 404 /);
  socket.destroy();
});

test("a runtime waits in restore/next until it is let go on, and may then report an error, once", async () => {
  freshSlot("held");
  const { socket, until } = dial();
  socket.write("GET /2018-06-01/runtime/restore/next HTTP/1.1\r\n\r\n");
  while (slot.state !== "RestoreReady") await new Promise(setImmediate);
  slot.letGoOn();
  assert.match(await until(/\r\n\r\n/), /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-length: 0\r\n/);
  const report =
    "POST /2018-06-01/runtime/restore/error HTTP/1.1\r\nLambda-Runtime-Function-Error-Type: Runtime.AfterRestoreError\r\ncontent-length: 2\r\n\r\n{}";
  socket.write(report);
  assert.match(await until(/OK"}/), /^HTTP\/1\.1 202 /);
  socket.write(report);
  assert.match(await until(/InvalidStateTransition/), /^HTTP\/1\.1 403 /);
  assert.equal(slot.state, "RestoreError");
  socket.destroy();
});

test("credentials are for who knows the token, and new ones each time", async () => {
  const mint = new CredentialMint(Buffer.alloc(32, 1));
  freshSlot("held", new ContainerCredentials("the-token", mint, { roleArn: "arn:role", sessionName: "f" }));
  const { socket, until } = dial();
  const ask = async (authorization: string) => {
    socket.write(`GET /2021-04-23/credentials HTTP/1.1\r\n${authorization}\r\n`);
    return until(/\r\n\r\n[\s\S]+/);
  };
  assert.match(await ask(""), /^HTTP\/1\.1 404 /);
  assert.match(await ask("Authorization: the-tokem\r\n"), /^HTTP\/1\.1 404 /);
  const [one, other] = [await ask("Authorization: the-token\r\n"), await ask("Authorization: the-token\r\n")].map(
    (answer) => JSON.parse(answer.slice(answer.indexOf("{"))),
  );
  assert.deepEqual(Object.keys(one), ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"]);
  assert.notEqual(one.AccessKeyId, other.AccessKeyId);
  const known = mint.check(one.AccessKeyId, one.Token, Date.now());
  assert.ok(known && known !== "expired" && known.secretAccessKey === one.SecretAccessKey);
  assert.equal(mint.check(one.AccessKeyId, one.Token, Date.parse(one.Expiration)), "expired");
  socket.destroy();
});
