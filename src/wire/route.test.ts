import assert from "node:assert/strict";
import { test } from "node:test";
import { loadModel } from "./model.ts";
import { RestRouter } from "./route.ts";

const model = loadModel("lambda");
const router = new RestRouter(model);

function match(method: string, pathAndQuery: string): string {
  const [path = "", query = ""] = pathAndQuery.split("?");
  const result = router.match({ method, path, query });
  return typeof result === "string" ? result : result.operation.name;
}

test("every operation is found by its own method and path", () => {
  for (const { name, http, input } of model.operations.values()) {
    const [method = "", uri = ""] = http ?? [];
    const required = input.members.filter((member) => member.required && member.traits.httpQuery);
    const query = required.map(({ traits }) => `${traits.httpQuery}=x`).join("&");
    const path = uri.replace(/\{\w+\}/g, "x");
    assert.equal(match(method, query === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${query}`), name);
  }
});

test("one trailing slash means nothing", () => {
  assert.equal(match("GET", "/2015-03-31/functions/"), "ListFunctions");
  assert.equal(match("GET", "/2015-03-31/functions"), "ListFunctions");
  assert.equal(match("POST", "/2015-03-31/functions/"), "CreateFunction");
  assert.equal(match("POST", "/2014-11-13/functions/f/invoke-async/"), "InvokeAsync");
  assert.equal(match("GET", "/2015-03-31/functions//"), "unknown-path");
});

test("query parameters tell apart operations that share a path", () => {
  assert.equal(match("GET", "/2018-10-31/layers"), "ListLayers");
  assert.equal(match("GET", "/2018-10-31/layers?find=LayerVersion&Arn=x"), "GetLayerVersionByArn");
  const provisioned = "/2019-09-30/functions/f/provisioned-concurrency";
  assert.equal(match("GET", `${provisioned}?List=ALL`), "ListProvisionedConcurrencyConfigs");
  assert.equal(match("GET", `${provisioned}?Qualifier=1`), "GetProvisionedConcurrencyConfig");
  assert.equal(match("GET", provisioned), "GetProvisionedConcurrencyConfig");
});

test("an ARN in a label may be encoded or not", () => {
  const arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
  for (const label of [arn, encodeURIComponent(arn)]) {
    const result = router.match({ method: "GET", path: `/2015-03-31/functions/${label}`, query: "" });
    assert.ok(typeof result === "object");
    assert.equal(result.operation.name, "GetFunction");
    assert.equal(decodeURIComponent(result.labels.get("FunctionName") ?? ""), arn);
  }
});

test("dot segments, encoded or not, and empty segments match nothing", () => {
  for (const trick of ["..", ".", "%2e%2E", ".%2e", "%2e", ""]) {
    assert.equal(match("GET", `/2015-03-31/functions/${trick}/configuration`), "unknown-path", trick);
    assert.equal(match("GET", `/2015-03-31/${trick}/functions`), "unknown-path", trick);
  }
  assert.equal(match("GET", "/2015-03-31/functions/../../_alonzo/health"), "unknown-path");
  assert.equal(match("GET", "/2015-03-31/functions/a%2f..%2fb"), "GetFunction");
});

test("a known path with another method is told from an unknown path", () => {
  assert.equal(match("DELETE", "/2015-03-31/functions"), "unknown-method");
  assert.equal(match("get", "/2015-03-31/functions"), "unknown-method");
  assert.equal(match("GET", "/2015-03-31/nothing"), "unknown-path");
});

test("nothing that a path can hold makes the router throw", () => {
  for (const path of [
    "",
    "/",
    "//",
    "*",
    "http://x/",
    "/%",
    "/%zz/%",
    "/\0",
    "/".repeat(100_000),
    `/${"a".repeat(1_000_000)}`,
  ]) {
    assert.equal(match("GET", path), "unknown-path", path.slice(0, 20));
  }
});
