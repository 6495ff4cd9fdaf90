import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FunctionUrlCors } from "../../functions/function-url.ts";
import { startTestGateway } from "../test-gateway.ts";

const ID = "a".repeat(32);
const HOST = `${ID}.lambda-url.us-east-1.localhost`;
const ORIGIN = "https://example.com";
const POLICY = { Statement: [{ Effect: "Allow" as const, Principal: "*" as const, Action: "*", Resource: "*" }] };

/** The CORS headers of an answer, and whether the function was asked. */
async function ask(cors: FunctionUrlCors | undefined, headers: Record<string, string>, method = "GET") {
  const url = { urlId: ID, authType: "NONE", invokeMode: "BUFFERED", creationTime: "", lastModifiedTime: "" } as const;
  const owner = { functionName: "f", alias: undefined, policy: POLICY, url: { ...url, ...(cors && { cors }) } };
  await using gateway = await startTestGateway({ functionUrls: { find: async () => owner } });
  const answer = await gateway.send({ method, path: "/", credentials: null, headers: { host: HOST, ...headers } });
  const told: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (name.startsWith("access-control-")) told[name.slice("access-control-".length)] = value;
  }
  const { status } = answer;
  return { status, vary: answer.headers.vary, isInvoked: gateway.invoked.length > 0, ...told } as Record<
    string,
    unknown
  >;
}

const preflight = (origin: string, more: Record<string, string> = {}) => ({
  origin,
  "access-control-request-method": "PUT",
  ...more,
});

describe("CORS settings of a function URL", () => {
  const cors: FunctionUrlCors = {
    allowOrigins: ["http://localhost:3000", ORIGIN],
    allowMethods: ["GET", "PUT"],
    allowHeaders: ["X-Custom", "Content-Type"],
    exposeHeaders: ["Date", "X-Answer"],
    allowCredentials: true,
    maxAge: 300,
  };

  it("go with every answer to an allowed origin", async () => {
    assert.deepEqual(await ask(cors, { origin: ORIGIN }), {
      status: 200,
      vary: "Origin",
      isInvoked: true,
      "allow-origin": ORIGIN,
      "allow-credentials": "true",
      "expose-headers": "Date,X-Answer",
    });
  });

  it("answer preflight requests, without the function", async () => {
    assert.deepEqual(await ask(cors, preflight(ORIGIN), "OPTIONS"), {
      status: 200,
      vary: "Origin",
      isInvoked: false,
      "allow-origin": ORIGIN,
      "allow-credentials": "true",
      "expose-headers": "Date,X-Answer",
      "allow-methods": "GET,PUT",
      "allow-headers": "X-Custom,Content-Type",
      "max-age": "300",
    });
  });

  it("tell other origins nothing, and do not keep the function from them", async () => {
    for (const origin of ["https://evil.example", "null", "https://example.com.evil"]) {
      assert.deepEqual(await ask(cors, { origin }), { status: 200, vary: "Origin", isInvoked: true });
      assert.deepEqual(await ask(cors, preflight(origin), "OPTIONS"), {
        status: 200,
        vary: "Origin",
        isInvoked: false,
      });
    }
    assert.deepEqual(await ask(cors, {}), { status: 200, vary: "Origin", isInvoked: true });
  });

  it("allow any origin by an asterisk, which credentials turn into its name", async () => {
    const any = { allowOrigins: ["*"] };
    const open = { status: 200, vary: undefined, isInvoked: true, "allow-origin": "*" };
    assert.deepEqual(await ask(any, { origin: ORIGIN }), open);
    assert.deepEqual(await ask(any, {}), open);
    const named = await ask({ ...any, allowCredentials: true }, { origin: ORIGIN });
    assert.deepEqual([named["allow-origin"], named["allow-credentials"], named.vary], [ORIGIN, "true", "Origin"]);
  });

  it("allow any method and header by an asterisk: what was asked for is told", async () => {
    const any = { allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"] };
    const asked = await ask(
      any,
      preflight(ORIGIN, { "access-control-request-headers": "authorization, x-a" }),
      "OPTIONS",
    );
    assert.deepEqual([asked["allow-methods"], asked["allow-headers"]], ["PUT", "authorization,x-a"]);
    const nonsense = await ask(any, preflight(ORIGIN, { "access-control-request-headers": "a b" }), "OPTIONS");
    assert.equal(nonsense["allow-headers"], "*");
  });

  it("leave OPTIONS to the function where it is no preflight request, or where there are none", async () => {
    assert.equal((await ask(cors, { origin: ORIGIN }, "OPTIONS")).isInvoked, true);
    assert.deepEqual(await ask(undefined, preflight(ORIGIN), "OPTIONS"), {
      status: 200,
      vary: undefined,
      isInvoked: true,
    });
  });
});
