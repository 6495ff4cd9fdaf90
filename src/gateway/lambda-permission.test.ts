import assert from "node:assert/strict";
import { test } from "node:test";
import { lambdaPermission } from "./lambda-permission.ts";

const PLACE = { region: "us-east-1", accountId: "000000000000" };
const FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f";
const LAYER = "arn:aws:lambda:us-east-1:000000000000:layer:l";

/** What is needed for an operation with this path and query. */
const needed = (operation: string, url: string): string[] => {
  const [path = "", query = ""] = url.split("?");
  const { action, resource } = lambdaPermission(operation, { path, query }, PLACE);
  return [action, resource];
};

test("functions, their versions and aliases are named by path and query", () => {
  const get = (url: string) => needed("GetFunction", `/2015-03-31/functions/${url}`)[1];
  assert.deepEqual(needed("GetFunction", "/2015-03-31/functions/f"), ["lambda:GetFunction", FUNCTION]);
  assert.equal(get("f?Qualifier=live"), `${FUNCTION}:live`);
  assert.equal(get("f%3A1"), `${FUNCTION}:1`);
  assert.equal(get("f%3A1?Qualifier=2"), `${FUNCTION}:1`);
  assert.equal(get("f?Qualifier="), FUNCTION);
  for (const url of ["", "%zz", "a%20b"]) assert.equal(get(url), "*", url);
  assert.deepEqual(needed("GetAccountSettings", "/2016-08-19/account-settings"), ["lambda:GetAccountSettings", "*"]);
});

test("layers and their versions are named by path, or by the ARN in the query", () => {
  const base = "/2018-10-31/layers";
  assert.deepEqual(needed("PublishLayerVersion", `${base}/l/versions`), ["lambda:PublishLayerVersion", LAYER]);
  assert.deepEqual(needed("GetLayerVersion", `${base}/l/versions/3`), ["lambda:GetLayerVersion", `${LAYER}:3`]);
  const policy = `${base}/${encodeURIComponent(LAYER)}/versions/3/policy`;
  assert.equal(needed("GetLayerVersionPolicy", policy)[1], `${LAYER}:3`);
  const byArn = `${base}?find=LayerVersion&Arn=${encodeURIComponent(`${LAYER}:4`)}`;
  assert.deepEqual(needed("GetLayerVersionByArn", byArn), ["lambda:GetLayerVersion", `${LAYER}:4`]);
  assert.deepEqual(needed("ListLayers", base), ["lambda:ListLayers", "*"]);
  assert.deepEqual(needed("ListLayerVersions", `${base}/l/versions`), ["lambda:ListLayerVersions", "*"]);
  assert.equal(needed("GetLayerVersion", `${base}/a.b/versions/1`)[1], "*");
  assert.equal(needed("GetLayerVersion", `${base}/l/versions/x`)[1], LAYER);
});
