/** Function URLs in a real region: what its functions see, who may call, and a web application as people write them. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import {
  CreateAliasCommand,
  CreateFunctionUrlConfigCommand,
  DeleteAliasCommand,
  DeleteFunctionUrlConfigCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  RemovePermissionCommand,
  UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import { buildExample } from "../../examples/build.ts";
import { findExecutable } from "../../src/cli/machine.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { call, makePublic, open, publicUrl } from "./function-url-client.ts";

const FORBIDDEN = /^\{"Message":"Forbidden\. For troubleshooting Function URL authorization issues, see: /;

/** Answers with what it got, or what its query asks for. */
const PROBE = zipOf({
  "index.mjs": `
    export const handler = async (event, context) => {
      switch (event.rawPath) {
        case "/throw": throw new Error("no");
        case "/sleep": return new Promise((resolve) => setTimeout(resolve, 60_000));
        case "/exit": return process.exit(1);
        case "/malformed": return { statusCode: "teapot" };
        case "/large": return "x".repeat(7_000_000);
        case "/text": return "hello";
        case "/object": return { a: [1, 2] };
        default: return { event, context, trace: process.env._X_AMZN_TRACE_ID };
      }
    };`,
});

describe("function URLs", () => {
  let region: TestRegion;
  before(async () => {
    region = await TestRegion.start("auto");
  });
  after(() => region.stop());

  const probe = (more = {}) => region.deploy({ runtime: "nodejs22.x", zip: PROBE, more });
  const statusOf = async (url: string, path = "/") => (await call(url, { path })).status;

  it("invoke their function as Lambda would, with its names for the request", async () => {
    const name = await probe();
    const url = await publicUrl(region, name);
    const trace = "Root=1-5e6722a7-aaaaaaaaaaaaaaaaaaaaaaaa;Parent=53995c3f42cd8ad8;Sampled=1";
    const { status, headers, body } = await call(url, {
      path: "/a%2Fb?c=1&c=2",
      headers: { "X-Amzn-Trace-Id": trace },
    });
    assert.equal(status, 200);
    const { event, context, trace: seen } = JSON.parse(body.toString());
    assert.deepEqual([event.rawPath, event.queryStringParameters], ["/a%2Fb", { c: "1,2" }]);
    assert.equal(context.awsRequestId, headers["x-amzn-requestid"]);
    assert.equal(event.requestContext.requestId, context.awsRequestId);
    assert.equal(context.invokedFunctionArn, `arn:aws:lambda:us-east-1:000000000000:function:${name}`);
    assert.equal(event.headers["x-amzn-trace-id"], "Root=1-5e6722a7-aaaaaaaaaaaaaaaaaaaaaaaa");
    assert.ok(seen.startsWith(trace), seen);
    assert.equal(headers["x-amzn-trace-id"], trace);
    assert.equal((await call(url, { path: "/text" })).body.toString(), "hello");
    assert.equal((await call(url, { path: "/object" })).body.toString(), '{"a":[1,2]}');
    const byPath = await fetch(`${region.url}/_url/${new URL(url).hostname.slice(0, 32)}/text`);
    assert.equal(await byPath.text(), "hello");
  });

  it("answer 502 for every way in which a function can fail, and go on", async () => {
    const url = await publicUrl(region, await probe({ Timeout: 1 }));
    for (const path of ["/throw", "/exit", "/sleep", "/malformed", "/large"]) {
      const { status, body } = await call(url, { path });
      assert.deepEqual([status, body.toString()], [502, "Internal Server Error"], path);
    }
    assert.equal(await statusOf(url, "/text"), 200);
  });

  it("answer 429 when their function has no concurrency", async () => {
    const name = await probe();
    const url = await publicUrl(region, name);
    const set = (ReservedConcurrentExecutions: number) =>
      region.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions }));
    await set(0);
    const { status, body } = await call(url);
    assert.equal(status, 429);
    assert.deepEqual(JSON.parse(body.toString()), {
      Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
      Type: "User",
      message: "Rate Exceeded.",
    });
    await set(1);
    assert.equal(await statusOf(url), 200);
  });

  it("obey each change of their settings and of their function's policy at once, and over a crash", async () => {
    const name = await probe();
    const { FunctionUrl: url = "" } = await region.lambda.send(
      new CreateFunctionUrlConfigCommand({ FunctionName: name, AuthType: "NONE" }),
    );
    assert.match((await call(url)).body.toString(), FORBIDDEN);
    await makePublic(region, name);
    assert.equal(await statusOf(url), 200);
    await region.lambda.send(new RemovePermissionCommand({ FunctionName: name, StatementId: "invoke" }));
    assert.equal(await statusOf(url), 403);
    await region.lambda.send(new RemovePermissionCommand({ FunctionName: name, StatementId: "url" }));
    await makePublic(region, name);
    const update = (more: object) =>
      region.lambda.send(new UpdateFunctionUrlConfigCommand({ FunctionName: name, ...more }));
    await update({ AuthType: "AWS_IAM" });
    assert.match((await call(url)).body.toString(), FORBIDDEN);
    await update({ AuthType: "NONE", Cors: { AllowOrigins: ["*"] } });
    assert.equal((await call(url)).headers["access-control-allow-origin"], "*");
    await region.kill();
    await region.startAgain();
    const again = url.replace(/:\d+\//, `:${new URL(region.url).port}/`);
    assert.equal((await call(again)).headers["access-control-allow-origin"], "*");
    await region.lambda.send(new DeleteFunctionUrlConfigCommand({ FunctionName: name }));
    const gone = await call(again);
    assert.deepEqual([gone.status, gone.body.toString()], [403, '{"Message":null}']);
  });

  it("are reached from inside a sandbox by their paths", async () => {
    const caller = zipOf({
      "index.mjs": `export const handler = async ({ path }) => {
        const answer = await fetch(process.env.AWS_ENDPOINT_URL + path);
        return { status: answer.status, text: await answer.text() };
      };`,
    });
    const name = await region.deploy({ runtime: "nodejs22.x", zip: caller });
    const url = await publicUrl(region, await probe());
    const path = `/_url/${new URL(url).hostname.slice(0, 32)}/inside`;
    const { status, text } = JSON.parse((await region.invoke(name, JSON.stringify({ path }))).text);
    assert.equal(status, 200, text);
    const { event } = JSON.parse(text);
    assert.deepEqual([event.rawPath, event.requestContext.domainName], ["/inside", new URL(url).hostname]);
  });

  const curl = findExecutable("curl");
  it("take signed requests of other clients", { skip: curl === undefined && "curl is not installed" }, async () => {
    const name = await probe();
    const settings = { FunctionName: name, AuthType: "AWS_IAM" as const };
    const { FunctionUrl } = await region.lambda.send(new CreateFunctionUrlConfigCommand(settings));
    // curl resolves names below localhost itself.
    const args = ["--silent", "--aws-sigv4", "aws:amz:us-east-1:lambda", "--data", '{"a":1}', `${FunctionUrl}a/b`];
    const signed = async (user: string) =>
      JSON.parse((await promisify(execFile)(String(curl), [...args, "--user", user])).stdout);
    const { event } = await signed("test:test");
    assert.equal(event.requestContext.authorizer.iam.userArn, "arn:aws:iam::000000000000:root");
    assert.equal(Buffer.from(event.body, "base64").toString(), '{"a":1}');
    assert.match((await signed("test:wrong")).Message, /^The request signature we calculated does not match/);
  });

  it("of an alias run what the alias runs, and outlive it without serving", async () => {
    const name = await probe();
    await region.lambda.send(new PublishVersionCommand({ FunctionName: name }));
    await region.lambda.send(new CreateAliasCommand({ FunctionName: name, Name: "live", FunctionVersion: "1" }));
    const url = await publicUrl(region, name, { Qualifier: "live" });
    const { context } = JSON.parse((await call(url)).body.toString());
    assert.equal(context.functionVersion, "1");
    assert.match(context.invokedFunctionArn, /:live$/);
    await region.lambda.send(new DeleteAliasCommand({ FunctionName: name, Name: "live" }));
    const gone = await call(url);
    assert.equal(gone.status, 403);
    assert.match(gone.body.toString(), FORBIDDEN);
  });
});

const STREAMS = zipOf({
  "index.mjs": `
    export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
      const head = { statusCode: 202, headers: { "content-type": "text/plain", "x-a": "ü" }, cookies: ["a=1"] };
      if (event.rawPath === "/throw") throw new Error("no");
      if (event.rawPath === "/bare") return stream.end("bare");
      const body = awslambda.HttpResponseStream.from(stream, head);
      body.write("first");
      if (event.rawPath === "/amid") {
        await new Promise((resolve) => setTimeout(resolve, 100));
        throw new Error("amid");
      }
      if (event.rawPath === "/endless") while (context.getRemainingTimeInMillis() > 500) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        body.write("more");
      }
      body.end();
    });`,
  "plain.mjs": `export const handler = async (event) => ({ statusCode: 418, body: event.requestContext.http.method });`,
});

describe("function URLs that stream", () => {
  let region: TestRegion;
  let url: string;
  before(async () => {
    region = await TestRegion.start("auto");
    url = await streaming("index.handler");
  });
  after(() => region.stop());

  const streaming = async (handler: string, InvokeMode: "BUFFERED" | "RESPONSE_STREAM" = "RESPONSE_STREAM") => {
    const name = await region.deploy({ runtime: "nodejs22.x", handler, zip: STREAMS, more: { Timeout: 5 } });
    return publicUrl(region, name, { InvokeMode });
  };

  it("hand on the first byte before the function ends", async () => {
    const response = await open(url, { path: "/endless" });
    assert.equal(response.statusCode, 202);
    const [first] = (await once(response, "data")) as [Buffer];
    assert.match(first.toString(), /^first/);
    assert.equal(response.complete, false);
    response.destroy();
  });

  it("take status, headers and cookies from the stream", async () => {
    const { status, headers, body } = await call(url);
    assert.deepEqual([status, headers["content-type"], headers["set-cookie"]], [202, "text/plain", ["a=1"]]);
    assert.equal(Buffer.from(String(headers["x-a"]), "latin1").toString(), "ü");
    assert.equal(body.toString(), "first");
    const bare = await call(url, { path: "/bare" });
    assert.deepEqual([bare.status, bare.headers["content-type"]], [200, "application/octet-stream"]);
    assert.equal(bare.body.toString(), "bare");
  });

  it("answer 502 for a failure before the first byte, and break off at a later one", async () => {
    const failed = await call(url, { path: "/throw" });
    assert.deepEqual([failed.status, failed.body.toString()], [502, "Internal Server Error"]);
    await assert.rejects(call(url, { path: "/amid" }));
    assert.equal((await call(url)).status, 202);
  });

  it("serve functions that do not stream, and buffer those that do where the URL does not", async () => {
    const plain = await call(await streaming("plain.handler"), { method: "DELETE" });
    assert.deepEqual([plain.status, plain.body.toString()], [418, "DELETE"]);
    const buffered = await call(await streaming("index.handler", "BUFFERED"), { path: "/bare" });
    assert.deepEqual([buffered.status, buffered.body.toString()], [200, "bare"]);
  });
});

describe("an Express application behind a function URL", () => {
  let region: TestRegion;
  let url: string;
  before(async () => {
    region = await TestRegion.start("auto");
    const zip = await readFile(await buildExample("web-app"));
    const name = await region.deploy({ runtime: "nodejs24.x", zip, more: { MemorySize: 512 } });
    url = await publicUrl(region, name);
  });
  after(() => region.stop());

  it("serves pages and files, binary ones byte for byte", async () => {
    const page = await call(url);
    assert.deepEqual([page.status, page.headers["content-type"]], [200, "text/html; charset=utf-8"]);
    assert.match(page.body.toString(), /<h1>Who are you\?<\/h1>/);
    const image = await call(url, { path: "/pixel.png" });
    assert.equal(image.headers["content-type"], "image/png");
    assert.deepEqual(image.body, await readFile(new URL("../../examples/web-app/public/pixel.png", import.meta.url)));
    const etag = String(image.headers.etag);
    const unchanged = await call(url, { path: "/pixel.png", headers: { "if-none-match": etag } });
    assert.deepEqual([unchanged.status, unchanged.body.length], [304, 0]);
    assert.deepEqual((await call(url, { method: "HEAD" })).body.length, 0);
    assert.equal((await call(url, { path: "/nothing" })).status, 404);
  });

  it("takes uploads byte for byte, whole and in pieces", async () => {
    const image = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256));
    for (const framing of [{ "content-length": String(image.length) }, { "transfer-encoding": "chunked" }]) {
      const headers = { "content-type": "image/png", ...framing } as Record<string, string>;
      const mirrored = await call(url, { method: "POST", path: "/mirror", headers, body: image });
      assert.deepEqual([mirrored.status, mirrored.headers["content-type"]], [200, "image/png"]);
      assert.ok(mirrored.body.equals(image));
    }
  });

  it("takes forms, sets cookies and redirects", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const posted = await call(url, { method: "POST", path: "/guest", headers, body: "name=M%C3%B6we+%26+Co" });
    assert.deepEqual([posted.status, posted.headers.location], [303, "/"]);
    const cookies = posted.headers["set-cookie"] ?? [];
    assert.deepEqual(cookies, ["guest=M%C3%B6we%20%26%20Co; Path=/; HttpOnly; SameSite=Lax", "visits=1; Path=/"]);
    const cookie = cookies.map((text) => text.split(";")[0]).join("; ");
    assert.match((await call(url, { headers: { cookie } })).body.toString(), /<h1>Welcome, Möwe &#38; Co!<\/h1>/);
  });

  it("gets repeated parameters as lists, and JSON as it was sent", async () => {
    const { body } = await call(url, { path: "/search?tag=a&tag=b&q=x%20y" });
    const { query, host } = JSON.parse(body.toString());
    assert.deepEqual(query, { tag: ["a", "b"], q: "x y" });
    assert.equal(host, new URL(url).hostname);
    const sent = { text: "ü€😀", list: [1, null] };
    const headers = { "content-type": "application/json" };
    const put = await call(url, { method: "PUT", path: "/things/a%20b", headers, body: JSON.stringify(sent) });
    assert.deepEqual([put.status, put.headers["x-thing"], JSON.parse(put.body.toString())], [201, "a b", sent]);
  });
});
