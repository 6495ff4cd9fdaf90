/** Whatever a function returns, and whatever a client sends: a response of HTTP, never a fault of ours. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { echo, startTestGateway } from "../test-gateway.ts";

const ID = "a".repeat(32);
const HOST = `${ID}.lambda-url.us-east-1.localhost`;
const POLICY = { Statement: [{ Effect: "Allow" as const, Principal: "*" as const, Action: "*", Resource: "*" }] };
const OWNER = {
  functionName: "f",
  alias: undefined,
  policy: POLICY,
  url: { urlId: ID, authType: "NONE", invokeMode: "BUFFERED", creationTime: "", lastModifiedTime: "" } as const,
};

const text = fc.string({ unit: "binary", maxLength: 20 });
const scalar = fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const answers = fc.record(
  {
    statusCode: fc.oneof(fc.integer({ min: 200, max: 599 }), scalar),
    headers: fc.oneof(
      fc.dictionary(fc.oneof(fc.constantFrom("a", "Content-Type", "Connection"), text), scalar),
      scalar,
    ),
    cookies: fc.oneof(fc.array(text, { maxLength: 3 }), scalar),
    body: fc.oneof(text, fc.base64String(), fc.json()),
    isBase64Encoded: fc.oneof(fc.boolean(), scalar),
  },
  { requiredKeys: ["statusCode"] },
);

describe("a function URL before a hostile function", () => {
  it("answers whatever the function returns", async () => {
    let returned = Buffer.alloc(0);
    await using gateway = await startTestGateway({
      functionUrls: { find: async () => OWNER },
      invoker: { invoke: async (request) => ({ ...echo(request), payload: returned }), check: async () => {} },
    });
    const property = fc.asyncProperty(
      fc.oneof(
        answers.map((value) => JSON.stringify(value)),
        text,
      ),
      async (payload) => {
        returned = Buffer.from(payload);
        const { status } = await gateway.send({ path: "/", credentials: null, headers: { host: HOST } });
        const isItsOwn = /"statusCode":"?500\b/.test(payload);
        assert.ok(status >= 200 && status <= 599 && (status !== 500 || isItsOwn), `${status}`);
      },
    );
    await fc.assert(property, { numRuns: 500 });
    assert.deepEqual(gateway.logged, []);
  });

  it("makes an event of whatever a client sends", async () => {
    await using gateway = await startTestGateway({ functionUrls: { find: async () => OWNER } });
    const target = fc.string({ unit: fc.constantFrom(..."/?&=%;+.a0[]{}~@\\^|\"'`<>"), maxLength: 30 });
    const value = fc.string({ unit: fc.constantFrom(...' ;,="\\a\u00ff\u0080%\t'), maxLength: 30 });
    const property = fc.asyncProperty(target, value, value, value, async (path, cookie, type, other) => {
      const head = [`POST /${path} HTTP/1.1`, `Host: ${HOST}`, "Connection: close", "Content-Length: 2"];
      const lines = [...head, `Cookie: ${cookie}`, `Content-Type: ${type}`, `X-Other: ${other}`, `x-other: ${other}`];
      const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n\u00ff\u00fe`, "latin1");
      const answer = await gateway.sendRaw(bytes);
      assert.match(answer, /^HTTP\/1\.1 200 /, lines.join("\n"));
    });
    await fc.assert(property, { numRuns: 300 });
    assert.deepEqual(gateway.logged, []);
    for (const { invocation } of gateway.invoked) assert.equal(JSON.parse(invocation.payload.toString()).body, "//4=");
  });
});
