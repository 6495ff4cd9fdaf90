import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FunctionUrl } from "../../functions/function-url.ts";
import type { UrlOwner } from "../../functions/function-url-directory.ts";
import type { PolicyDocument, PolicyStatement } from "../../functions/policy-document.ts";
import { InvokeRefusal } from "../../invocation/refusal.ts";
import { presign } from "../presign.ts";
import { ADMINISTRATOR, echo, FUNCTION_ROLE, type SendOptions, startTestGateway } from "../test-gateway.ts";

const ID = "a".repeat(32);
const HOST = `${ID}.lambda-url.us-east-1.localhost`;
const FORBIDDEN =
  '{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}';
const ARN = "arn:aws:lambda:us-east-1:000000000000:function:f";

const statement = (Action: string, Condition: PolicyStatement["Condition"], more: Partial<PolicyStatement> = {}) => ({
  Effect: "Allow" as const,
  Principal: "*" as const,
  Action,
  Resource: ARN,
  ...(Condition && { Condition }),
  ...more,
});
const MAY_CALL = statement("lambda:InvokeFunctionUrl", { StringEquals: { "lambda:FunctionUrlAuthType": "NONE" } });
const MAY_INVOKE = statement("lambda:InvokeFunction", { Bool: { "lambda:InvokedViaFunctionUrl": "true" } });
const PUBLIC: PolicyDocument = { Statement: [MAY_CALL, MAY_INVOKE] };

interface Given {
  readonly url?: Partial<FunctionUrl>;
  readonly policy?: PolicyDocument | undefined;
  readonly alias?: string;
  /** What the function returns instead of its event. */
  readonly returns?: unknown;
  readonly hostNames?: string[];
}

async function start({ url, policy = PUBLIC, alias, returns, hostNames }: Given = {}) {
  const owner: UrlOwner = {
    functionName: "f",
    alias,
    policy,
    url: { urlId: ID, authType: "NONE", invokeMode: "BUFFERED", creationTime: "", lastModifiedTime: "", ...url },
  };
  const gateway = await startTestGateway({
    functionUrls: { find: async (urlId) => (urlId === ID ? owner : undefined) },
    ...(hostNames && { hostNames }),
    ...(returns !== undefined && {
      invoker: {
        invoke: async (request) => {
          if (returns instanceof Error) throw returns;
          return { ...echo(request), payload: Buffer.from(JSON.stringify(returns)) };
        },
        check: async () => {},
      },
    }),
  });
  const send = (options: Partial<SendOptions> = {}) =>
    gateway.send({ path: "/", credentials: null, ...options, headers: { host: HOST, ...options.headers } });
  return { send, gateway, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
}

describe("a function URL", () => {
  it("hands the request to its function and the answer back", async () => {
    await using region = await start();
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
    await using region = await start({ alias: "live", policy });
    assert.equal((await region.send()).status, 200);
    const [invoked] = region.gateway.invoked;
    assert.deepEqual([invoked?.qualifier, invoked?.invocation.invokedFunctionArn], ["live", `${ARN}:live`]);
  });

  it("is reached by every host name that is its own, and by its path", async () => {
    await using region = await start({ hostNames: ["alonzo.example.org"] });
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
    await using region = await start();
    for (const path of ["/_alonzo/health", "/2015-03-31/functions/f/invocations", `/_url/${ID}/`, "/_console/"]) {
      for (const method of ["GET", "POST"]) {
        assert.equal(JSON.parse((await region.send({ method, path, body: "{}" })).text).rawPath, path);
      }
    }
  });

  it("that does not exist is forbidden, and tells no more", async () => {
    await using region = await start();
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
    await using region = await start();
    for (const host of [`${ID}.lambda-url.us-east-1.evil.example`, "evil.example"]) {
      const answer = await region.send({ path: `/_url/${ID}/`, headers: { host } });
      assert.match(answer.text, /is not served under the host name/, host);
    }
    assert.equal(region.gateway.invoked.length, 0);
  });

  it("serves pages that may not call the region itself, from no origin of theirs", async () => {
    await using region = await start();
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
    await using region = await start({ returns });
    const { status, headers } = await region.send();
    assert.deepEqual([status, headers.location, headers["content-type"]], [302, "/next", "image/png"]);
    assert.deepEqual(headers["set-cookie"], ["a=1", "b=2; HttpOnly"]);
    assert.deepEqual([headers["content-length"], headers["x-amzn-remapped-content-length"]], ["4", "1"]);
    assert.equal(headers.connection, "keep-alive");
  });

  it("has no body where HTTP has none", async () => {
    await using head = await start({ returns: { statusCode: 200, body: "hello" } });
    const answer = await head.send({ method: "HEAD" });
    assert.deepEqual([answer.status, answer.text, answer.headers["content-length"]], [200, "", "5"]);
    for (const statusCode of [204, 304]) {
      await using region = await start({ returns: { statusCode, body: "ignored" } });
      const { status, text, headers } = await region.send();
      assert.deepEqual([status, text, headers["content-length"]], [statusCode, "", undefined]);
    }
  });

  it("is 502 when there is no response to be made", async () => {
    await using malformed = await start({ returns: { statusCode: "no" } });
    const { status, text } = await malformed.send();
    assert.deepEqual([status, text], [502, "Internal Server Error"]);
  });

  it("is an error of its own when the function could not be invoked", async () => {
    const members = { Reason: "ReservedFunctionConcurrentInvocationLimitExceeded", Type: "User" };
    const told = { ...members, retryAfterSeconds: "1" };
    const throttled = new InvokeRefusal("TooManyRequestsException", "Rate Exceeded.", told);
    await using busy = await start({ returns: throttled });
    const answer = await busy.send();
    assert.deepEqual([answer.status, answer.headers["retry-after"]], [429, "1"]);
    assert.deepEqual(JSON.parse(answer.text), { ...members, message: "Rate Exceeded." });
    await using gone = await start({
      returns: new InvokeRefusal("ResourceNotFoundException", "Function not found: x"),
    });
    assert.deepEqual([(await gone.send()).status, (await gone.send()).text], [403, FORBIDDEN]);
    await using broken = await start({ returns: new Error("a fault") });
    assert.deepEqual([(await broken.send()).status, (await broken.send()).text], [500, "Internal Server Error"]);
    assert.match(broken.gateway.logged.join(), /a fault of ours/);
  });

  it("is 413 when the event would be larger than 6 MB", async () => {
    await using region = await start();
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

describe("who may call a function URL", () => {
  const only = (...statements: PolicyStatement[]): PolicyDocument => ({ Statement: statements });
  const deny = { ...MAY_INVOKE, Effect: "Deny" as const };

  it("is everybody when both actions are public, and nobody when one is missing or denied", async () => {
    const wrong = statement("lambda:InvokeFunctionUrl", { StringEquals: { "lambda:FunctionUrlAuthType": "AWS_IAM" } });
    const refused = [
      only(MAY_CALL),
      only(MAY_INVOKE),
      only(),
      only(MAY_CALL, MAY_INVOKE, deny),
      only(wrong, MAY_INVOKE),
      only(MAY_CALL, { ...MAY_INVOKE, Resource: `${ARN}:live` }),
    ];
    for (const policy of refused) {
      await using region = await start({ policy });
      const { status, text, headers } = await region.send();
      assert.deepEqual([status, text], [403, FORBIDDEN], JSON.stringify(policy));
      assert.equal(headers["x-amzn-errortype"], "AccessDeniedException");
      assert.equal(region.gateway.invoked.length, 0);
    }
    const fromHere = { ...MAY_CALL, Condition: { IpAddress: { "aws:SourceIp": "127.0.0.0/8" } } };
    await using near = await start({ policy: only(fromHere, MAY_INVOKE) });
    assert.equal((await near.send()).status, 200);
    const fromAfar = { ...MAY_CALL, Condition: { StringLike: { "aws:Referer": "https://example.com/*" } } };
    await using afar = await start({ policy: only(fromAfar, MAY_INVOKE) });
    assert.equal((await afar.send()).status, 403);
    assert.equal((await afar.send({ headers: { referer: "https://example.com/a" } })).status, 200);
    await using region = await start({ policy: only({ ...MAY_CALL, Action: "lambda:*" }, MAY_INVOKE) });
    assert.equal((await region.send()).status, 200);
  });

  it("is who signs, with AWS_IAM: by own rights or by the policy", async () => {
    const url = { authType: "AWS_IAM" } as const;
    const arn = "arn:aws:sts::000000000000:assumed-role/role/caller";
    const named = statement("lambda:InvokeFunctionUrl", undefined, { Principal: { AWS: arn } });
    await using administrators = await start({ url, policy: only() });
    const answer = await administrators.send({ credentials: ADMINISTRATOR, method: "POST", body: "x", path: "/a%20b" });
    assert.equal(answer.status, 200);
    const { requestContext, headers } = JSON.parse(answer.text);
    assert.equal(requestContext.accountId, "000000000000");
    assert.equal(requestContext.authorizer.iam.userArn, "arn:aws:iam::000000000000:root");
    assert.equal(requestContext.authorizer.iam.accessKey, "test");
    assert.equal(headers.authorization, undefined);
    const byPath = { path: `/_url/${ID}/x`, headers: { host: "127.0.0.1" } };
    assert.equal((await administrators.send({ ...byPath, credentials: ADMINISTRATOR })).status, 200);
    assert.equal((await administrators.send(byPath)).status, 403);
    // The role of this test has lambda:InvokeFunction of its own, and not lambda:InvokeFunctionUrl.
    assert.equal((await administrators.send({ credentials: FUNCTION_ROLE })).text, FORBIDDEN);
    await using roles = await start({ url, policy: only(named) });
    assert.equal((await roles.send({ credentials: FUNCTION_ROLE })).status, 200);
    await using denied = await start({ url, policy: only(named, deny) });
    assert.equal((await denied.send({ credentials: ADMINISTRATOR })).text, FORBIDDEN);
  });

  it("is who has a presigned URL, until it expires", async () => {
    await using region = await start({ url: { authType: "AWS_IAM" }, policy: only() });
    const signed = (now: number) =>
      presign({
        ...ADMINISTRATOR,
        region: "us-east-1",
        service: "lambda",
        endpoint: `http://${HOST}`,
        path: "/p",
        now,
      });
    const get = (url: string) => region.send({ path: url.slice(`http://${HOST}`.length) });
    assert.equal((await get(signed(Date.now()))).status, 200);
    assert.equal((await get(signed(Date.now() - 3_600_000))).status, 403);
    assert.equal((await get(signed(Date.now()).replace("/p?", "/q?"))).status, 403);
  });

  it("is nobody without a good signature, with AWS_IAM", async () => {
    await using region = await start({ url: { authType: "AWS_IAM" } });
    assert.deepEqual([(await region.send()).status, (await region.send()).text], [403, FORBIDDEN]);
    const wrong = await region.send({ credentials: { ...ADMINISTRATOR, secretAccessKey: "wrong" } });
    assert.equal(wrong.status, 403);
    assert.match(wrong.text, /^\{"Message":"The request signature we calculated does not match the signature you /);
    const stranger = await region.send({ credentials: { accessKeyId: "AKIA", secretAccessKey: "x" } });
    assert.equal(stranger.text, '{"Message":"The security token included in the request is invalid."}');
    const dotted = await region.send({ credentials: ADMINISTRATOR, path: "/a/../b" });
    assert.equal(dotted.status, 400);
    assert.equal(region.gateway.invoked.length, 0);
  });

  it("is not asked for a signature, with NONE: whatever is there is the function's", async () => {
    await using region = await start();
    const { text } = await region.send({ headers: { authorization: "Bearer x" } });
    assert.equal(JSON.parse(text).headers.authorization, "Bearer x");
  });
});
