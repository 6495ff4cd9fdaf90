import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PolicyDocument, PolicyStatement } from "../../functions/policy-document.ts";
import { presign } from "../presign.ts";
import { ADMINISTRATOR, FUNCTION_ROLE } from "../test-gateway.ts";
import { ARN, FORBIDDEN, HOST, ID, MAY_CALL, MAY_INVOKE, startTestUrl, statement } from "./test-url.ts";

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
      await using region = await startTestUrl({ policy });
      const { status, text, headers } = await region.send();
      assert.deepEqual([status, text], [403, FORBIDDEN], JSON.stringify(policy));
      assert.equal(headers["x-amzn-errortype"], "AccessDeniedException");
      assert.equal(region.gateway.invoked.length, 0);
    }
    const fromHere = { ...MAY_CALL, Condition: { IpAddress: { "aws:SourceIp": "127.0.0.0/8" } } };
    await using near = await startTestUrl({ policy: only(fromHere, MAY_INVOKE) });
    assert.equal((await near.send()).status, 200);
    const fromAfar = { ...MAY_CALL, Condition: { StringLike: { "aws:Referer": "https://example.com/*" } } };
    await using afar = await startTestUrl({ policy: only(fromAfar, MAY_INVOKE) });
    assert.equal((await afar.send()).status, 403);
    assert.equal((await afar.send({ headers: { referer: "https://example.com/a" } })).status, 200);
    await using region = await startTestUrl({ policy: only({ ...MAY_CALL, Action: "lambda:*" }, MAY_INVOKE) });
    assert.equal((await region.send()).status, 200);
  });

  it("is who signs, with AWS_IAM: by own rights or by the policy", async () => {
    const url = { authType: "AWS_IAM" } as const;
    const arn = "arn:aws:sts::000000000000:assumed-role/role/caller";
    const named = statement("lambda:InvokeFunctionUrl", undefined, { Principal: { AWS: arn } });
    await using administrators = await startTestUrl({ url, policy: only() });
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
    await using roles = await startTestUrl({ url, policy: only(named) });
    assert.equal((await roles.send({ credentials: FUNCTION_ROLE })).status, 200);
    await using denied = await startTestUrl({ url, policy: only(named, deny) });
    assert.equal((await denied.send({ credentials: ADMINISTRATOR })).text, FORBIDDEN);
  });

  it("is who has a presigned URL, until it expires", async () => {
    await using region = await startTestUrl({ url: { authType: "AWS_IAM" }, policy: only() });
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
    await using region = await startTestUrl({ url: { authType: "AWS_IAM" } });
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
    await using region = await startTestUrl();
    const { text } = await region.send({ headers: { authorization: "Bearer x" } });
    assert.equal(JSON.parse(text).headers.authorization, "Bearer x");
  });
});
