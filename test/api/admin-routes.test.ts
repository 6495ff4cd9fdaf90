import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { signHeaders } from "../../src/gateway/test-gateway.ts";
import { TestRegion } from "../test-region.ts";
import { activeFunction } from "./lambda/given.ts";

let region: TestRegion;
before(async () => {
  region = await TestRegion.start();
});
after(() => region.stop());

async function get(path: string, credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken: string }) {
  const url = region.url + path;
  const answer = await fetch(url, { headers: await signHeaders("GET", url, {}, "", credentials) });
  const { message } = (await answer.json()) as { message: string };
  return { status: answer.status, code: answer.headers.get("x-amzn-errortype"), message };
}

test("the region's own routes refuse in AWS's shape", async () => {
  assert.deepEqual(await get("/_alonzo/logs?functionName=nobody"), {
    status: 404,
    code: "ResourceNotFoundException",
    message: "Function not found: nobody",
  });
  const name = await activeFunction(region);
  assert.deepEqual(await get(`/_alonzo/logs?functionName=${name}&since=yesterday`), {
    status: 400,
    code: "InvalidParameterValueException",
    message: "since is a time in milliseconds since 1970",
  });
  for (const hash of ["0".repeat(64), "nothing"]) {
    assert.deepEqual(await get(`/_alonzo/code/${hash}`), {
      status: 404,
      code: "ResourceNotFoundException",
      message: "The specified key does not exist.",
    });
  }
});

test("a session token beside the administrator's key is refused", async () => {
  const withToken = { accessKeyId: "test", secretAccessKey: "test", sessionToken: "bogus" };
  assert.deepEqual(await get("/2015-03-31/functions", withToken), {
    status: 403,
    code: "UnrecognizedClientException",
    message: "The security token included in the request is invalid.",
  });
});
