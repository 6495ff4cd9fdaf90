import assert from "node:assert/strict";
import { test } from "node:test";
import { layerArn, parseLayerName, parseLayerVersionArn } from "./layer-name.ts";

const ARN = "arn:aws:lambda:us-east-1:123456789012:layer:a-b_C1";
const LAYER = { name: "a-b_C1", region: "us-east-1", accountId: "123456789012" };

test("a layer is named by its name or its ARN", () => {
  assert.deepEqual(parseLayerName("a-b_C1"), { name: "a-b_C1" });
  assert.deepEqual(parseLayerName(ARN), LAYER);
  for (const text of ["", "a.b", `${ARN}:1`, ARN.replace(":layer:", ":function:"), `${ARN}\n`, "a\n"]) {
    assert.equal(parseLayerName(text), undefined, text);
  }
});

test("a version of a layer is named by its ARN alone", () => {
  assert.deepEqual(parseLayerVersionArn(`${ARN}:12`), { ...LAYER, version: 12 });
  for (const text of [ARN, `${ARN}:`, `${ARN}:-1`, `${ARN}:1.5`, `${ARN}:${"9".repeat(20)}`, "a:1"]) {
    assert.equal(parseLayerVersionArn(text), undefined, text);
  }
  assert.equal(parseLayerVersionArn("arn:aws:lambda:::awslayer:AmazonLinux1803"), undefined);
});

test("ARNs are of the partition of their region", () => {
  assert.equal(layerArn(LAYER, "a-b_C1"), ARN);
  assert.equal(layerArn(LAYER, "a-b_C1", 3), `${ARN}:3`);
  assert.ok(layerArn({ ...LAYER, region: "cn-north-1" }, "x", 1).startsWith("arn:aws-cn:lambda:cn-north-1:"));
});
