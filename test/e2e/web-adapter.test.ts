/**
 * An extension that others have written, unchanged: the AWS Lambda Web Adapter puts an Express application that knows
 * nothing of Lambda behind a function URL, buffered and streamed.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fromBufferPromise } from "yauzl";
import { buildExample } from "../../examples/build.ts";
import { type ZipEntry, zipOfEntries } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { logOnce, publishLayer } from "./extension-fixture.ts";
import { call, open, publicUrl } from "./function-url-client.ts";
import { buildWebAdapter } from "./web-adapter-build.ts";

const APP = `
import express from "express";
const app = express();
app.use(express.json());
app.get("/", (request, response) => response.send("ready"));
app.get("/search", (request, response) => response.json({ query: request.query, agent: request.get("user-agent") }));
app.post("/guest", (request, response) => {
  response.cookie("guest", request.body.name).status(303).location("/").end();
});
app.get("/pixel", (request, response) => response.type("png").send(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255])));
app.get("/exit", () => process.exit(3));
app.get("/ticks", (request, response) => response.type("text").write("tick 1\\n"));
app.get("/parts", async (request, response) => {
  response.type("text");
  for (let part = 0; part < 112; part++) {
    response.write("x".repeat(65_536));
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end("end");
});
app.listen(process.env.PORT ?? 8080);
`;

/** The entries of the web-app example with Express in it. */
async function expressEntries(): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  const zip = await fromBufferPromise(await readFile(await buildExample("web-app")));
  for await (const entry of zip.eachEntry()) {
    if (!entry.fileName.startsWith("node_modules/")) continue;
    const chunks: Buffer[] = [];
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
    entries.push({ name: entry.fileName, content: Buffer.concat(chunks), mode: 0o100644 });
  }
  return entries;
}

test("an Express application behind the AWS Lambda Web Adapter", async (t) => {
  const adapter = await buildWebAdapter();
  if (typeof adapter === "string") return t.skip(adapter);
  const region = await TestRegion.start("auto");
  t.after(() => region.stop());
  const { isolation } = (await (await fetch(`${region.url}/_alonzo/health`)).json()) as { isolation: string };
  if (isolation === "process")
    return t.skip("plain processes share the machine's ports, and each application wants the same");
  const layer = await publishLayer(
    region,
    zipOfEntries([
      { name: "extensions/lambda-adapter", content: adapter.program, mode: 0o100755 },
      { name: "bootstrap", content: adapter.bootstrap, mode: 0o100755 },
    ]),
  );
  const zip = zipOfEntries([
    ...(await expressEntries()),
    { name: "app.mjs", content: APP, mode: 0o100644 },
    { name: "run.sh", content: "#!/bin/sh\nexec node app.mjs\n", mode: 0o100755 },
  ]);
  const deploy = (variables: Readonly<Record<string, string>> = {}, Timeout = 20) =>
    region.deploy({
      runtime: "nodejs24.x",
      handler: "run.sh",
      zip,
      more: {
        Timeout,
        Layers: [layer],
        Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: "/opt/bootstrap", ...variables } },
      },
    });

  await t.test("answers requests as anywhere else", async () => {
    const name = await deploy();
    const url = await publicUrl(region, name);
    const search = await call(url, { path: "/search?tag=a&tag=b", headers: { "user-agent": "test" } });
    assert.equal(search.status, 200);
    assert.deepEqual(JSON.parse(search.body.toString()), { query: { tag: ["a", "b"] }, agent: "test" });
    const headers = { "content-type": "application/json" };
    const guest = await call(url, { method: "POST", path: "/guest", headers, body: '{"name":"Ada"}' });
    assert.deepEqual([guest.status, guest.headers.location], [303, "/"]);
    assert.match(String(guest.headers["set-cookie"]), /^guest=Ada;/);
    const pixel = await call(url, { path: "/pixel" });
    assert.deepEqual([...pixel.body], [0x89, 0x50, 0x4e, 0x47, 0, 255]);
    assert.equal((await call(url, { path: "/nowhere" })).status, 404);
    assert.match(
      await logOnce(region, name, /REPORT/),
      /EXTENSION\tName: lambda-adapter\tState: Ready\tEvents: \[\]\n/,
    );
  });

  await t.test("its end is the end of the invocation, and the next finds a new one", async () => {
    const url = await publicUrl(region, await deploy());
    assert.equal((await call(url, { path: "/exit" })).status, 502);
    assert.equal((await call(url)).body.toString(), "ready");
  });

  await t.test("streams what it has, and more than a whole answer may hold", async () => {
    const name = await deploy({ AWS_LWA_INVOKE_MODE: "response_stream" }, 6);
    const url = await publicUrl(region, name, { InvokeMode: "RESPONSE_STREAM" });
    const parts = await call(url, { path: "/parts" });
    assert.equal(parts.status, 200);
    assert.equal(parts.body.length, 112 * 65_536 + 3);
    const ticks = await open(url, { path: "/ticks" });
    const [first] = await once(ticks, "data");
    assert.equal(String(first), "tick 1\n", "though the response never ends");
    ticks.destroy();
  });
});
