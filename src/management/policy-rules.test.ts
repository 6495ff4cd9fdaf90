import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { evaluatePolicy } from "../functions/policy-evaluation.ts";
import { failFor } from "../wire/fail.ts";
import { loadModel } from "../wire/model.ts";
import { ServiceError } from "../wire/service-error.ts";
import type { Lambda, LambdaFail } from "./lambda-api.ts";
import { parsePolicy, policyText } from "./policy-rules.ts";

const fail: LambdaFail = failFor<Lambda>(loadModel<Lambda>("lambda"));
const RESOURCE = "arn:aws:lambda:us-east-1:000000000000:function:f";

/** What may stand where a policy has something, right and wrong. */
const oddity = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom("*", "Allow", "Deny", "lambda:*", RESOURCE, "s3.amazonaws.com"),
);
const some = (value: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: oddity });
const list = (value: fc.Arbitrary<unknown>) => fc.oneof(value, fc.array(some(value), { maxLength: 2 }));
const condition = fc.dictionary(
  fc.constantFrom("StringEquals", "ArnLike", "Bool", "Null", "IpAddress", "DateLessThan", "NumericEqualsIfExists"),
  some(fc.dictionary(fc.constantFrom("aws:SourceArn", "aws:SourceIp"), list(fc.string()), { maxKeys: 2 })),
  { maxKeys: 2 },
);
const statement = fc.record(
  {
    Effect: some(fc.constantFrom("Allow", "Deny")),
    Principal: some(fc.constantFrom("*", { AWS: ["*", "123456789012"] }, { Service: "s3.amazonaws.com" })),
    Action: list(fc.constantFrom("lambda:InvokeFunction", "lambda:*", "*")),
    Resource: list(fc.constant(RESOURCE)),
    Condition: some(condition),
  },
  { requiredKeys: ["Effect", "Principal", "Action", "Resource"] },
);
const document = fc.record({ Version: fc.constant("2012-10-17"), Statement: list(statement) });

test("whatever is put as a policy is refused as the caller's fault, or evaluated", () => {
  const request = {
    action: "lambda:InvokeFunction",
    resource: RESOURCE,
    principal: { kind: "service", service: "s3.amazonaws.com" } as const,
    conditions: { "aws:SourceArn": "arn:aws:s3:::b", "aws:SourceIp": "10.0.0.1" },
  };
  const decisions = new Set<string>();
  const decide = (policy: unknown) => {
    try {
      const parsed = parsePolicy(fail, JSON.stringify(policy), RESOURCE);
      assert.equal(policyText(parsed), JSON.stringify(policy));
      decisions.add(evaluatePolicy(parsed, request));
    } catch (error) {
      assert.ok(error instanceof ServiceError, String(error));
      assert.equal(error.code, "InvalidParameterValueException");
      decisions.add("refused");
    }
  };
  fc.assert(fc.property(fc.oneof(document, oddity), decide), { numRuns: 2_000, seed: 7 });
  assert.deepEqual([...decisions].sort(), ["allow", "deny", "none", "refused"], "every way was taken");
});
