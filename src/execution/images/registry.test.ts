import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { ImageError } from "./image-error.ts";
import { checkedDocument, checkedManifest } from "./image-source.ts";
import { chooseManifest, readConfiguration, readManifest } from "./manifest.ts";
import { parseImageReference } from "./reference.ts";
import { Registry } from "./registry.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function served(answer: Answer): Promise<{ url: string; server: Server } & AsyncDisposable> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, server, [Symbol.asyncDispose]: async () => void server.close() };
}

const digest = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const failure = (kind: ImageError["kind"]) => (error: unknown) => error instanceof ImageError && error.kind === kind;

test("a name says its registry, repository and tag, or Docker's own and latest", () => {
  const said = (uri: string) => Object.values(parseImageReference(uri));
  const pinned = digest("x");
  assert.deepEqual(said("alpine"), ["docker.io", "library/alpine", "latest"]);
  assert.deepEqual(said("team/app:2"), ["docker.io", "team/app", "2"]);
  assert.deepEqual(said("localhost:5000/app"), ["localhost:5000", "app", "latest"]);
  assert.deepEqual(said(`1.dkr.ecr.eu-west-1.amazonaws.com/a/b:1@${pinned}`), [
    "1.dkr.ecr.eu-west-1.amazonaws.com",
    "a/b",
    pinned,
  ]);
});

test("a registry that asks for a token gets one for its repository, with the password in the request for it only", async () => {
  const seen: string[] = [];
  await using registry = await served(({ url = "", headers }, response) => {
    seen.push(`${url} ${headers.authorization ?? "-"}`);
    if (url.startsWith("/token?")) return void response.end('{"token":"t0"}');
    if (headers.authorization === "Bearer t0") return void response.end("{}");
    const realm = `Bearer realm="http://${headers.host}/token",service="s",scope="repository:team/app:pull"`;
    response.writeHead(401, { "www-authenticate": realm }).end();
  });
  const source = new Registry(registry.url, { user: "u", password: "p" });
  await source.manifest("team/app", "1");
  await source.manifest("team/app", "2");
  assert.deepEqual(seen, [
    "/v2/team/app/manifests/1 -",
    "/token?service=s&scope=repository%3Ateam%2Fapp%3Apull Basic dTpw",
    "/v2/team/app/manifests/1 Bearer t0",
    "/v2/team/app/manifests/2 Bearer t0",
  ]);
});

test("a password is not sent in clear to another host than the registry's", async () => {
  const seen: string[] = [];
  await using registry = await served(({ url = "" }, response) => {
    seen.push(url);
    response.writeHead(401, { "www-authenticate": 'Bearer realm="http://elsewhere.example/token"' }).end();
  });
  const source = new Registry(registry.url, { user: "u", password: "p" });
  await assert.rejects(source.manifest("app", "1"), failure("denied"));
  assert.deepEqual(seen, ["/v2/app/manifests/1"]);
});

test("what a registry answers tells missing, denied and unreachable apart", async () => {
  const status = { value: 404 };
  const registry = await served((_, response) => void response.writeHead(status.value).end());
  const source = new Registry(registry.url, undefined);
  for (const [value, kind] of [
    [404, "missing"],
    [401, "denied"],
    [403, "denied"],
    [500, "unreachable"],
  ] as const) {
    status.value = value;
    await assert.rejects(source.manifest("app", "1"), failure(kind));
  }
  registry.server.close();
  registry.server.closeAllConnections();
  await assert.rejects(source.manifest("app", "1"), failure("unreachable"));
});

test("what is not what its digest says is refused", async () => {
  await using registry = await served((_, response) => void response.end("forged"));
  const source = new Registry(registry.url, undefined);
  await assert.rejects(checkedManifest(source, "app", digest("real")), failure("invalid"));
  const descriptor = { mediaType: "x", digest: digest("real"), size: 4 };
  await assert.rejects(checkedDocument(source, "app", descriptor), failure("invalid"));
  assert.equal((await buffer(await source.blob("app", descriptor))).toString(), "forged");
});

test("an index gives the manifest of the processor, and none for another", () => {
  const entry = (architecture: string, os = "linux") => ({
    digest: digest(architecture + os),
    platform: { architecture, os },
  });
  const index = Buffer.from(JSON.stringify({ manifests: [entry("amd64", "windows"), entry("arm64"), entry("amd64")] }));
  assert.equal(chooseManifest(index, "amd64")?.digest, digest("amd64linux"));
  assert.throws(() => chooseManifest(index, "riscv64"), failure("invalid"));
  assert.equal(chooseManifest(Buffer.from("{}"), "amd64"), undefined);
});

test("manifests and configurations that are none are refused, odd parts of good ones ignored", () => {
  for (const text of ["", "[]", "{}", '{"config":{"digest":"sha256:1"},"layers":[]}', '{"config":{},"layers":{}}']) {
    assert.throws(() => readManifest(Buffer.from(text)), failure("invalid"), text);
  }
  const config = { Entrypoint: ["/a", 1], Cmd: null, Env: ["A=b=c", "=x", "PATH", 5], WorkingDir: "" };
  assert.deepEqual(readConfiguration(Buffer.from(JSON.stringify({ config, architecture: "amd64" }))), {
    entryPoint: ["/a"],
    command: [],
    workingDirectory: "/",
    environment: { A: "b=c", PATH: "" },
    architecture: "amd64",
  });
});
