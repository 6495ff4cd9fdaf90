/** Functions that keep their tenants apart: who must name a tenant, and what tenants share (nothing). */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { InvokeCommand, InvokeWithResponseStreamCommand } from "@aws-sdk/client-lambda";
import { activeFunction } from "../api/lambda/given.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { Suite } from "./suite.ts";

/** Answers who it was before, who it is now, and what a tenant before it left behind. */
const CODE = zipOf({
  "index.js": `
    const fs = require("node:fs");
    const seen = [];
    exports.handler = async (_event, context) => {
      seen.push(context.tenantId ?? "nobody");
      const left = fs.existsSync("/tmp/tenant") ? fs.readFileSync("/tmp/tenant", "utf8") : "";
      fs.writeFileSync("/tmp/tenant", left + (context.tenantId ?? "nobody"));
      return { seen, left };
    };`,
});

describe("tenants", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start("auto");
  });
  after(() => suite.stop());

  const isolated = () =>
    activeFunction(suite.region, {
      Code: { ZipFile: CODE },
      Timeout: 20,
      TenancyConfig: { TenantIsolationMode: "PER_TENANT" },
    });
  const invoke = (FunctionName: string, TenantId?: string, InvocationType?: "DryRun") =>
    suite.lambda.send(
      new InvokeCommand({ FunctionName, ...(TenantId && { TenantId }), ...(InvocationType && { InvocationType }) }),
    );
  const answer = async (FunctionName: string, tenant?: string) =>
    JSON.parse(Buffer.from((await invoke(FunctionName, tenant)).Payload ?? []).toString());

  test("have environments of their own, warm for them alone", async () => {
    const name = await isolated();
    assert.deepEqual(await answer(name, "a"), { seen: ["a"], left: "" });
    assert.deepEqual(await answer(name, "b"), { seen: ["b"], left: "" });
    assert.deepEqual(await answer(name, "a"), { seen: ["a", "a"], left: "a" });
    assert.deepEqual(await answer(name, "b"), { seen: ["b", "b"], left: "b" });
  });

  test("must be named where they are kept apart, and nowhere else", async () => {
    const [apart, together] = [await isolated(), await activeFunction(suite.region, { Code: { ZipFile: CODE } })];
    const refusal = (message: string) => ({ status: 400, name: "InvalidParameterValueException", message });
    const missing = refusal(
      "The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again.",
    );
    const unexpected = refusal(
      "The invoked function is not enabled with tenancy configuration. Remove the tenant ID from your request and try again.",
    );
    await suite.refused(invoke(apart), missing);
    await suite.refused(invoke(apart, undefined, "DryRun"), missing);
    await suite.refused(invoke(together, "a"), unexpected);
    await suite.refused(invoke(together, "a", "DryRun"), unexpected);
    assert.deepEqual((await answer(together)).seen, ["nobody"]);
  });

  test("are kept apart whichever way their events come", async () => {
    const name = await isolated();
    const stream = async (more: object) => {
      const { EventStream: events } = await suite.lambda.send(
        new InvokeWithResponseStreamCommand({ FunctionName: name, ...more }),
      );
      const chunks: Uint8Array[] = [];
      for await (const event of events ?? []) if (event.PayloadChunk?.Payload) chunks.push(event.PayloadChunk.Payload);
      return JSON.parse(Buffer.concat(chunks).toString());
    };
    const event = (more: object) =>
      suite.lambda.send(new InvokeCommand({ FunctionName: name, InvocationType: "Event", ...more }));
    assert.deepEqual((await stream({ TenantId: "a" })).seen, ["a"]);
    assert.deepEqual((await stream({ TenantId: "b" })).seen, ["b"]);
    assert.equal((await event({ TenantId: "c" })).StatusCode, 202);
    assert.deepEqual((await answer(name, "b")).left, "b");
    const missing = { status: 400, name: "InvalidParameterValueException", message: /Add a valid tenant ID/ };
    await suite.refused(event({}), missing);
    await suite.refused(stream({}), missing);
  });

  test("have names of 1 to 256 characters", async () => {
    const name = await isolated();
    const longest = `aZ0 ._:/=+-@${"x".repeat(244)}`;
    assert.deepEqual((await answer(name, longest)).seen, [longest]);
    const violation = (message: RegExp) => ({ status: 400, name: "ValidationException", message });
    await suite.refused(invoke(name, `${longest}x`), violation(/at 'tenantId' .* less than or equal to 256$/));
    await suite.refused(invoke(name, "a?"), violation(/at 'tenantId' .* regular expression pattern/));
  });
});
