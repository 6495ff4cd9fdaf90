import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InvokeRefusal } from "../../invocation/refusal.ts";
import { ARN, FORBIDDEN, HOST, ID, MAY_CALL, MAY_INVOKE, startTestUrl } from "./test-url.ts";

describe("a function URL", () => {
  it("hands the request to its function and the answer back", async () => {
    await using region = await startTestUrl();
    const { status, headers, text } = await region.send({ method: "PUT", path: "/a/b?c=d", body: "x" });
    assert.deepEqual([status, headers["content-type"]], [200, "application/json"]);
    const event = JSON.parse(text);
    assert.deepEqual([event.rawPath, event.rawQueryString, event.body], ["/a/b", "c=d", "eA=="]);
    assert.equal(event.requestContext.http.method, "PUT");
    assert.equal(event.requestContext.domainName, HOST);
    assert.equal(event.requestContext.requestId, headers["x-amzn-requestid"]);
    const [invoked] = region.gateway.invoked;
    assert.deepEqual([invoked?.functionName, invoked?.qualifier], ["f", undefined]);
    assert.equal(invoked?.invocation.requestId, headers["x-amzn-requestid"]);
    assert.equal(invoked?.invocation.invokedFunctionArn, ARN);
    assert.equal(invoked?.invocation.traceId, headers["x-amzn-trace-id"]);
  });

  it("of an alias invokes the alias", async () => {
    const resource = { Resource: `${ARN}:live` };
    const policy = { Statement: [MAY_CALL, MAY_INVOKE].map((one) => ({ ...one, ...resource })) };
    await using region = await startTestUrl({ alias: "live", policy });
    assert.equal((await region.send()).status, 200);
    const [invoked] = region.gateway.invoked;
    assert.deepEqual([invoked?.qualifier, invoked?.invocation.invokedFunctionArn], ["live", `${ARN}:live`]);
  });

  it("is reached by every host name that is its own, and by its path", async () => {
    await using region = await startTestUrl({ hostNames: ["alonzo.example.org"] });
    const hosts = [
      `${HOST}:4566`,
      HOST.toUpperCase(),
      `${ID}.lambda-url.us-east-1.on.aws`,
      `${ID}.lambda-url.us-east-1.alonzo.example.org`,
    ];
    for (const host of hosts) assert.equal((await region.send({ headers: { host } })).status, 200, host);
    for (const path of [`/_url/${ID}`, `/_url/${ID}/`, `/_url/${ID}/x/_url/?y`]) {
      const answer = await region.send({ path, headers: { host: "127.0.0.1" } });
      assert.equal(answer.status, 200, path);
      const event = JSON.parse(answer.text);
      assert.equal(event.rawPath, path.endsWith("y") ? "/x/_url/" : "/");
      assert.equal(event.requestContext.domainName, HOST);
      assert.match(String(answer.headers["content-security-policy"]), /^sandbox /, "no page of it is the region's own");
    }
    assert.equal((await region.send()).headers["content-security-policy"], undefined);
  });

  it("has all paths to itself under its host name", async () => {
    await using region = await startTestUrl();
    for (const path of ["/_alonzo/health", "/2015-03-31/functions/f/invocations", `/_url/${ID}/`, "/_console/"]) {
      for (const method of ["GET", "POST"]) {
        assert.equal(JSON.parse((await region.send({ method, path, body: "{}" })).text).rawPath, path);
      }
    }
  });

  it("that does not exist is forbidden, and tells no more", async () => {
    await using region = await startTestUrl();
    const hosts = [HOST.replaceAll("a.", "b."), HOST.replace("us-east-1", "eu-west-1")];
    for (const headers of hosts.map((host) => ({ host }))) {
      const answer = await region.send({ headers });
      assert.deepEqual([answer.status, answer.text], [403, '{"Message":null}']);
      assert.equal(answer.headers["x-amzn-errortype"], "AccessDeniedException");
    }
    const byPath = await region.send({ path: "/_url/nonsense/", headers: { host: "127.0.0.1" } });
    assert.deepEqual([byPath.status, byPath.text], [403, '{"Message":null}']);
  });

  it("is not served under names that a hostile DNS could point here", async () => {
    await using region = await startTestUrl();
    for (const host of [`${ID}.lambda-url.us-east-1.evil.example`, "evil.example"]) {
      const answer = await region.send({ path: `/_url/${ID}/`, headers: { host } });
      assert.match(answer.text, /is not served under the host name/, host);
    }
    assert.equal(region.gateway.invoked.length, 0);
  });

  it("serves pages that may not call the region itself, from no origin of theirs", async () => {
    await using region = await startTestUrl();
    const headers = { host: "127.0.0.1" };
    for (const origin of [`http://${HOST}`, `http://${HOST}:4566`, `https://${ID}.lambda-url.eu-west-1.localhost`]) {
      const answer = await region.gateway.send({ path: "/2015-03-31/functions/", headers: { ...headers, origin } });
      assert.equal(answer.status, 403, origin);
    }
  });
});

describe("what a function URL makes of an answer", () => {
  it("is an HTTP response, with cookies and bytes", async () => {
    const returns = {
      statusCode: 302,
      headers: { Location: "/next", "content-type": "image/png", "content-length": "1" },
      cookies: ["a=1", "b=2; HttpOnly"],
      body: "AAEC/w==",
      isBase64Encoded: true,
    };
    await using region = await startTestUrl({ returns });
    const { status, headers } = await region.send();
    assert.deepEqual([status, headers.location, headers["content-type"]], [302, "/next", "image/png"]);
    assert.deepEqual(headers["set-cookie"], ["a=1", "b=2; HttpOnly"]);
    assert.deepEqual([headers["content-length"], headers["x-amzn-remapped-content-length"]], ["4", "1"]);
    assert.equal(headers.connection, "keep-alive");
  });

  it("has no body where HTTP has none", async () => {
    await using head = await startTestUrl({ returns: { statusCode: 200, body: "hello" } });
    const answer = await head.send({ method: "HEAD" });
    assert.deepEqual([answer.status, answer.text, answer.headers["content-length"]], [200, "", "5"]);
    for (const statusCode of [204, 304]) {
      await using region = await startTestUrl({ returns: { statusCode, body: "ignored" } });
      const { status, text, headers } = await region.send();
      assert.deepEqual([status, text, headers["content-length"]], [statusCode, "", undefined]);
    }
  });

  it("is 502 when there is no response to be made", async () => {
    await using malformed = await startTestUrl({ returns: { statusCode: "no" } });
    const { status, text } = await malformed.send();
    assert.deepEqual([status, text], [502, "Internal Server Error"]);
  });

  it("is an error of its own when the function could not be invoked", async () => {
    const members = { Reason: "ReservedFunctionConcurrentInvocationLimitExceeded", Type: "User" };
    const told = { ...members, retryAfterSeconds: "1" };
    const throttled = new InvokeRefusal("TooManyRequestsException", "Rate Exceeded.", told);
    await using busy = await startTestUrl({ returns: throttled });
    const answer = await busy.send();
    assert.deepEqual([answer.status, answer.headers["retry-after"]], [429, "1"]);
    assert.deepEqual(JSON.parse(answer.text), { ...members, message: "Rate Exceeded." });
    await using gone = await startTestUrl({
      returns: new InvokeRefusal("ResourceNotFoundException", "Function not found: x"),
    });
    assert.deepEqual([(await gone.send()).status, (await gone.send()).text], [403, FORBIDDEN]);
    await using broken = await startTestUrl({ returns: new Error("a fault") });
    assert.deepEqual([(await broken.send()).status, (await broken.send()).text], [500, "Internal Server Error"]);
    assert.match(broken.gateway.logged.join(), /a fault of ours/);
  });

  it("is 413 when the event would be larger than 6 MB", async () => {
    await using region = await startTestUrl();
    const headers = { "content-type": "text/plain" };
    const tooLarge = '{"Message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"}';
    const fits = await region.send({ method: "POST", headers, body: "x".repeat(6_290_000) });
    assert.equal(fits.status, 200);
    for (const bytes of [6_291_000, 6_291_457]) {
      const answer = await region.send({ method: "POST", headers, body: "x".repeat(bytes) });
      assert.deepEqual([answer.status, answer.text], [413, tooLarge]);
    }
  });
});
