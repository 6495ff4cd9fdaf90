/** Large bodies that anyone may send to a function URL: how many of them are in memory at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { InvokeRequest } from "../../invocation/invoker.ts";
import { echo, startTestGateway } from "../test-gateway.ts";
import { HOST, ID, PUBLIC } from "./test-url.ts";

const MEGABYTE = 1024 * 1024;

test("events that wait for their functions count against the memory for bodies until they are delivered", async () => {
  const running: { readonly request: InvokeRequest; readonly finish: () => void }[] = [];
  const isRunning = Promise.withResolvers<void>();
  await using gateway = await startTestGateway({
    limits: { unverifiedBytes: 3 * MEGABYTE },
    functionUrls: {
      find: async () => ({
        functionName: "f",
        alias: undefined,
        policy: PUBLIC,
        url: { urlId: ID, authType: "NONE", invokeMode: "BUFFERED", creationTime: "", lastModifiedTime: "" },
      }),
    },
    invoker: {
      invoke: async (request) => {
        const finish = Promise.withResolvers<void>();
        running.push({ request, finish: finish.resolve });
        isRunning.resolve();
        if (running.length === 1) await finish.promise;
        return { ...echo(request), payload: Buffer.from("{}") };
      },
      check: async () => {},
    },
  });
  const headers = { host: HOST, "content-type": "text/plain" };
  const upload = () =>
    gateway.send({ method: "POST", path: "/", credentials: null, headers, body: "x".repeat(1.6 * MEGABYTE) });
  const first = upload();
  await isRunning.promise;
  const invocation = running[0]?.request.invocation;
  const refused = await upload();
  assert.equal(refused.status, 503);
  assert.match(refused.text, /^\{"Message":"Too many request bodies/);
  invocation?.onDelivered?.();
  assert.equal(invocation?.payload.length, 0);
  assert.equal((await upload()).status, 200);
  running[0]?.finish();
  assert.equal((await first).status, 200);
  assert.equal((await upload()).status, 200);
});
