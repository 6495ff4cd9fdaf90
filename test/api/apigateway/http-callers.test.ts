/** Who may call the routes of an HTTP API: tokens of an issuer, and signatures. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import {
  ApiGatewayV2Client,
  CreateApiCommand,
  CreateAuthorizerCommand,
  CreateRouteCommand,
  GetIntegrationsCommand,
  GetRoutesCommand,
} from "@aws-sdk/client-apigatewayv2";
import { SignatureV4 } from "@smithy/signature-v4";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { Sha256 } from "../../../src/gateway/test-signing.ts";
import { call } from "../../e2e/function-url-client.ts";
import { TestRegion } from "../../test-region.ts";
import { deployEcho, permit } from "./echo-function.ts";

async function signed(url: string, service: string): Promise<Record<string, string>> {
  const { host, hostname, pathname: path } = new URL(url);
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const signer = new SignatureV4({ service, region: "us-east-1", credentials, sha256: Sha256 as never });
  return (await signer.sign({ method: "GET", path, headers: { host }, protocol: "http:", hostname })).headers;
}

describe("callers of an HTTP API", () => {
  let region: TestRegion;
  let client: ApiGatewayV2Client;
  let issuerServer: Server;
  let issuer: string;
  let privateKey: CryptoKey;
  let ApiId: string;
  let Target: string;
  before(async () => {
    region = await TestRegion.start();
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    client = new ApiGatewayV2Client({ endpoint: region.url, region: "us-east-1", credentials, maxAttempts: 1 });
    const arn = await deployEcho(region);
    await permit(region, arn, "*");
    const created = await client.send(new CreateApiCommand({ Name: "a", ProtocolType: "HTTP", Target: arn }));
    ApiId = String(created.ApiId);
    const { Items = [] } = await client.send(new GetIntegrationsCommand({ ApiId }));
    Target = `integrations/${Items[0]?.IntegrationId}`;
    const keys = await generateKeyPair("RS256");
    privateKey = keys.privateKey;
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: "one", alg: "RS256" };
    issuerServer = createServer((request, response) => {
      const document = request.url === "/keys" ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` };
      response.end(JSON.stringify(document));
    });
    await new Promise<void>((resolve) => issuerServer.listen(0, "127.0.0.1", resolve));
    issuer = `http://127.0.0.1:${(issuerServer.address() as AddressInfo).port}`;
  });
  after(async () => {
    issuerServer?.close();
    client?.destroy();
    await region?.stop();
  });

  const ask = (path: string, headers: Readonly<Record<string, string>> = {}) =>
    call(region.url, { path: `/_apis/${ApiId}${path}`, headers });
  const token = (scope: string, aud = "app") =>
    new SignJWT({ scope, aud, sub: "me", iss: issuer })
      .setProtectedHeader({ alg: "RS256", kid: "one" })
      .setExpirationTime("5m")
      .sign(privateKey);

  it("are told by a token, which must have one of the route's scopes", async () => {
    const { AuthorizerId } = await client.send(
      new CreateAuthorizerCommand({
        ApiId,
        Name: "jwt",
        AuthorizerType: "JWT",
        IdentitySource: ["$request.header.Authorization"],
        JwtConfiguration: { Issuer: issuer, Audience: ["app"] },
      }),
    );
    const secured = { ApiId, Target, AuthorizationType: "JWT", AuthorizerId } as const;
    await client.send(new CreateRouteCommand({ ...secured, RouteKey: "GET /mine" }));
    const AuthorizationScopes = ["write"];
    await client.send(new CreateRouteCommand({ ...secured, RouteKey: "GET /write", AuthorizationScopes }));
    const bearer = async (scope: string, aud?: string) => ({ authorization: `Bearer ${await token(scope, aud)}` });
    const mine = await ask("/mine", await bearer("read"));
    const { jwt } = JSON.parse(mine.body.toString()).requestContext.authorizer;
    assert.deepEqual([jwt.claims.sub, jwt.claims.scope, jwt.scopes], ["me", "read", null]);
    const none = await ask("/mine");
    assert.deepEqual(
      [none.status, none.body.toString(), none.headers["www-authenticate"]],
      [401, '{"message":"Unauthorized"}', "Bearer"],
    );
    const other = await ask("/mine", await bearer("read", "other"));
    assert.equal(other.status, 401);
    assert.match(String(other.headers["www-authenticate"]), /error="invalid_token"/);
    const narrow = await ask("/write", await bearer("read"));
    assert.deepEqual([narrow.status, narrow.body.toString()], [403, '{"message":"Forbidden"}']);
    const wide = await ask("/write", await bearer("read write"));
    assert.deepEqual(JSON.parse(wide.body.toString()).requestContext.authorizer.jwt.scopes, ["read", "write"]);
  });

  it("are told by a signature, whose proof the function does not see", async () => {
    await client.send(new CreateRouteCommand({ ApiId, Target, RouteKey: "GET /signed", AuthorizationType: "AWS_IAM" }));
    const url = `${region.url}/_apis/${ApiId}/signed`;
    const answer = await call(region.url, { path: new URL(url).pathname, headers: await signed(url, "execute-api") });
    const event = JSON.parse(answer.body.toString());
    assert.equal(event.requestContext.authorizer.iam.accessKey, "test");
    assert.equal(event.headers.authorization, undefined);
    const forOthers = await signed(url, "lambda");
    for (const headers of [{}, forOthers]) {
      const refused = await ask("/signed", headers);
      assert.deepEqual([refused.status, refused.body.toString()], [403, '{"message":"Forbidden"}']);
    }
  });

  it("of the control API are told in AWS's words what is wrong, and read lists in pages", async () => {
    const refusing = (input: object, name: string, message: RegExp) =>
      assert.rejects(client.send(new CreateRouteCommand({ ApiId, RouteKey: "GET /p", ...input })), { name, message });
    await refusing({ RouteKey: "no key" }, "BadRequestException", /route key is not formatted properly/);
    await refusing({ RouteKey: "$default" }, "ConflictException", /Route with key \$default already exists/);
    await refusing({ Target: "integrations/none" }, "BadRequestException", /Unable to find integration/);
    await refusing({ AuthorizationType: "JWT", AuthorizerId: "no" }, "BadRequestException", /Invalid authorizer ID/);
    await refusing({ ApiId: "none" }, "NotFoundException", /Invalid API identifier specified none/);
    for (const RouteKey of ["GET /p", "GET /q"]) await client.send(new CreateRouteCommand({ ApiId, RouteKey }));
    const keys: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await client.send(new GetRoutesCommand({ ApiId, MaxResults: "2", ...(NextToken && { NextToken }) }));
      assert.ok((page.Items?.length ?? 0) <= 2);
      keys.push(...(page.Items ?? []).map((route) => String(route.RouteKey)));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    assert.ok(keys.includes("GET /p") && keys.includes("GET /q") && new Set(keys).size === keys.length);
  });
});
