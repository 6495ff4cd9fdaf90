import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { claimTexts, JwtIssuers } from "./jwt-authorizer.ts";

const AUDIENCE = ["app"];

describe("a JWT authorizer", () => {
  let server: Server;
  let issuer: string;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  let asked = 0;
  const issuers = new JwtIssuers();

  before(async () => {
    keys = await generateKeyPair("RS256");
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: "one", alg: "RS256", use: "sig" };
    server = createServer((request, response) => {
      asked++;
      const documents: Readonly<Record<string, object>> = {
        "/.well-known/openid-configuration": { issuer, jwks_uri: `${issuer}/keys` },
        "/keys": { keys: [jwk] },
      };
      const document = documents[request.url ?? ""];
      response.writeHead(document ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(document));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const sign = (claims: JWTPayload, more: { key?: CryptoKey; alg?: string; expires?: string } = {}) =>
    new SignJWT({ aud: "app", iss: issuer, ...claims })
      .setProtectedHeader({ alg: more.alg ?? "RS256", kid: "one" })
      .setExpirationTime(more.expires ?? "5m")
      .sign(more.key ?? keys.privateKey);

  const verify = async (token: string | Promise<string>, audience = AUDIENCE) =>
    issuers.verify(await token, { issuer, audience, isOutside: false });

  it("takes what the issuer has signed for the audience, and asks the issuer once", async () => {
    const verdict = await verify(sign({ sub: "me", scope: "read write" }));
    assert.ok("claims" in verdict);
    assert.deepEqual([verdict.claims.sub, verdict.scopes], ["me", ["read", "write"]]);
    const before = asked;
    assert.ok("claims" in (await verify(`Bearer ${await sign({})}`)));
    assert.equal(asked, before);
  });

  it("takes the client's id for an audience where there is none", async () => {
    assert.ok("claims" in (await verify(sign({ aud: undefined as never, client_id: "app" }))));
    assert.ok("error" in (await verify(sign({ aud: "other", client_id: "app" }))));
  });

  it("refuses what is expired, not yet valid, of another issuer, for others, forged or no token", async () => {
    const stranger = await generateKeyPair("RS256");
    const elliptic = await generateKeyPair("ES256");
    const later = Math.floor(Date.now() / 1000) + 600;
    for (const token of [
      sign({}, { expires: "-1m" }),
      sign({ nbf: later }),
      sign({ iat: later }),
      sign({ iss: "http://other.example" }),
      sign({ aud: ["one", "two"] }),
      sign({}, { key: stranger.privateKey }),
      sign({}, { key: elliptic.privateKey, alg: "ES256" }),
      "no.token.atall",
      "",
    ]) {
      const verdict = await verify(token);
      assert.ok("error" in verdict && verdict.error === "invalid_token");
    }
  });

  it("asks an issuer again that could not be reached", async () => {
    const other = new JwtIssuers();
    const token = await sign({});
    const gone = "http://127.0.0.1:1";
    assert.ok("error" in (await other.verify(token, { issuer: gone, audience: AUDIENCE, isOutside: false })));
    assert.ok("claims" in (await other.verify(token, { issuer, audience: AUDIENCE, isOutside: false })));
  });

  it("asks no issuer on this machine for whom may not reach it, also when its keys are known", async () => {
    const token = await sign({});
    const rules = { issuer, audience: AUDIENCE };
    assert.ok("claims" in (await issuers.verify(token, { ...rules, isOutside: false })));
    const before = asked;
    const verdict = await issuers.verify(token, { ...rules, isOutside: true });
    assert.ok("error" in verdict);
    assert.match(verdict.description, /where execution roles may not send/);
    assert.equal(asked, before);
  });

  it("tells claims as text, lists in brackets", () => {
    assert.deepEqual(claimTexts({ sub: "me", exp: 1, groups: ["a", "b"], ok: true, address: { city: "x" } }), {
      sub: "me",
      exp: "1",
      groups: "[a b]",
      ok: "true",
      address: '{"city":"x"}',
    });
  });
});
