import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PolicyConditions, PolicyDocument, PolicyPrincipal, PolicyStatement } from "./policy-document.ts";
import { evaluatePolicy, type PolicyRequest, type RequestPrincipal } from "./policy-evaluation.ts";

const FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:f";
const ROLE_SESSION = "arn:aws:sts::111122223333:assumed-role/reader/f";
const STRANGER = "arn:aws:iam::999988887777:user/eve";

const s3: RequestPrincipal = { kind: "service", service: "s3.amazonaws.com" };
const session: RequestPrincipal = { kind: "account", accountId: "111122223333", arn: ROLE_SESSION };
const owner: RequestPrincipal = {
  kind: "account",
  accountId: "111122223333",
  arn: "arn:aws:iam::111122223333:root",
};
const stranger: RequestPrincipal = { kind: "account", accountId: "999988887777", arn: STRANGER };
const anonymous: RequestPrincipal = { kind: "anonymous" };

const statement = (more: Partial<PolicyStatement> = {}): PolicyStatement => ({
  Effect: "Allow",
  Principal: "*",
  Action: "lambda:InvokeFunction",
  Resource: FUNCTION,
  ...more,
});
const policy = (...statements: PolicyStatement[]): PolicyDocument => ({
  Version: "2012-10-17",
  Statement: statements,
});
const request = (more: Partial<PolicyRequest> = {}): PolicyRequest => ({
  action: "lambda:InvokeFunction",
  resource: FUNCTION,
  principal: s3,
  conditions: {},
  ...more,
});

describe("a resource policy", () => {
  it("says nothing when there is none or it is empty", () => {
    assert.equal(evaluatePolicy(undefined, request()), "none");
    assert.equal(evaluatePolicy(policy(), request()), "none");
  });

  it("may hold one statement instead of a list", () => {
    assert.equal(evaluatePolicy({ Statement: statement() }, request()), "allow");
  });

  it("lets a Deny win, wherever it stands", () => {
    const deny = statement({ Effect: "Deny" });
    assert.equal(evaluatePolicy(policy(statement(), deny), request()), "deny");
    assert.equal(evaluatePolicy(policy(deny, statement()), request()), "deny");
  });

  it("names principals", () => {
    const cases: [PolicyPrincipal, RequestPrincipal, boolean][] = [
      ["*", anonymous, true],
      ["*", stranger, true],
      ["*", s3, true],
      [{ AWS: "*" }, anonymous, true],
      [{ AWS: ["999988887777", "*"] }, session, true],
      [{ Service: "s3.amazonaws.com" }, s3, true],
      [{ Service: ["sns.amazonaws.com", "s3.amazonaws.com"] }, s3, true],
      [{ Service: "sns.amazonaws.com" }, s3, false],
      [{ Service: "s3.amazonaws.com" }, anonymous, false],
      [{ Service: "*" }, s3, false],
      [{ AWS: "s3.amazonaws.com" }, s3, false],
      [{ AWS: STRANGER }, stranger, true],
      [{ AWS: "999988887777" }, stranger, true],
      [{ AWS: "arn:aws:iam::999988887777:root" }, stranger, true],
      [{ AWS: "arn:aws:iam::999988887777:user/bob" }, stranger, false],
      [{ AWS: "999988887777" }, anonymous, false],
      // An account leaves it to its identity policies, which were asked already.
      [{ AWS: "111122223333" }, session, false],
      [{ AWS: "arn:aws:iam::111122223333:root" }, session, false],
      [{ AWS: "111122223333" }, owner, true],
      [{ AWS: ROLE_SESSION }, session, true],
      [{ AWS: "arn:aws:iam::111122223333:role/reader" }, session, true],
      [{ AWS: "arn:aws:iam::111122223333:role/service-role/reader" }, session, true],
      [{ AWS: "arn:aws:iam::111122223333:role/writer" }, session, false],
      [{ AWS: "arn:aws:iam::999988887777:role/reader" }, session, false],
      [{ Federated: "cognito-identity.amazonaws.com" }, session, false],
      [{}, s3, false],
    ];
    for (const [Principal, principal, isNamed] of cases) {
      const decision = evaluatePolicy(policy(statement({ Principal })), request({ principal }));
      const what = `${JSON.stringify(Principal)} and ${JSON.stringify(principal)}`;
      assert.equal(decision, isNamed ? "allow" : "none", what);
    }
  });

  it("denies everyone of an account that it names", () => {
    const denying = policy(statement({ Effect: "Deny", Principal: { AWS: "111122223333" } }));
    assert.equal(evaluatePolicy(denying, request({ principal: session })), "deny");
  });

  it("denies everyone but whom NotPrincipal names", () => {
    const { Principal: _, ...rest } = statement({ Effect: "Deny" });
    const denying = policy({ ...rest, NotPrincipal: { AWS: "arn:aws:iam::111122223333:role/reader" } });
    assert.equal(evaluatePolicy(denying, request({ principal: session })), "none");
    assert.equal(evaluatePolicy(denying, request({ principal: stranger })), "deny");
  });

  it("names actions and resources by patterns", () => {
    const cases: [Partial<PolicyStatement>, boolean][] = [
      [{ Action: "lambda:*" }, true],
      [{ Action: "*" }, true],
      [{ Action: "LAMBDA:invokefunction" }, true],
      [{ Action: "lambda:Invoke?unction" }, true],
      [{ Action: ["lambda:GetFunction", "lambda:Invoke*"] }, true],
      [{ Action: "lambda:InvokeFunctionUrl" }, false],
      [{ Action: [] }, false],
      [{ Resource: "*" }, true],
      [{ Resource: `${FUNCTION}*` }, true],
      [{ Resource: `${FUNCTION}:*` }, false],
      [{ Resource: FUNCTION.toUpperCase() }, false],
    ];
    for (const [more, fits] of cases) {
      const decision = evaluatePolicy(policy(statement(more)), request());
      assert.equal(decision, fits ? "allow" : "none", JSON.stringify(more));
    }
  });

  it("names everything but what NotAction and NotResource name", () => {
    const { Action: _, Resource: __, ...rest } = statement();
    const but = policy({ ...rest, NotAction: "lambda:Get*", NotResource: `${FUNCTION}:secret` });
    assert.equal(evaluatePolicy(but, request()), "allow");
    assert.equal(evaluatePolicy(but, request({ action: "lambda:GetFunction" })), "none");
    assert.equal(evaluatePolicy(but, request({ resource: `${FUNCTION}:secret` })), "none");
    assert.equal(evaluatePolicy(policy(rest), request()), "none");
  });
});

describe("conditions of a resource policy", () => {
  const bucket = "arn:aws:s3:::photos";
  const known = {
    "AWS:SourceArn": bucket,
    "aws:SourceAccount": "111122223333",
    "aws:SourceIp": "203.0.113.9",
    "lambda:InvokedViaFunctionUrl": "true",
    "aws:CurrentTime": "2026-11-21T12:00:00Z",
    "s3:max-keys": "10",
  };
  const cases: [PolicyConditions, boolean][] = [
    [{}, true],
    [{ StringEquals: { "AWS:SOURCEACCOUNT": "111122223333" } }, true],
    [{ StringEquals: { "aws:SourceAccount": ["999988887777", "111122223333"] } }, true],
    [{ StringEquals: { "aws:SourceAccount": "999988887777" } }, false],
    [{ StringEquals: { "aws:SourceAccount": [] } }, false],
    [{ StringEquals: { "aws:PrincipalOrgID": "o-1" } }, false],
    [{ StringEqualsIfExists: { "aws:PrincipalOrgID": "o-1" } }, true],
    [{ StringEqualsIfExists: { "aws:SourceAccount": "999988887777" } }, false],
    [{ StringEquals: { "aws:SourceArn": "ARN:aws:s3:::photos" } }, false],
    [{ StringEqualsIgnoreCase: { "aws:SourceArn": "ARN:AWS:S3:::PHOTOS" } }, true],
    [{ StringNotEquals: { "aws:SourceArn": "x" } }, true],
    [{ StringNotEquals: { "aws:SourceArn": ["x", bucket] } }, false],
    [{ StringNotEquals: { "aws:PrincipalOrgID": "o-1" } }, true],
    [{ StringLike: { "aws:SourceArn": "arn:aws:s3:::pho*s" } }, true],
    [{ StringLike: { "aws:SourceArn": "pho*s" } }, false],
    [{ StringNotLike: { "aws:SourceArn": "arn:*" } }, false],
    [{ ArnLike: { "AWS:SourceArn": "arn:aws:s3:::p?otos" } }, true],
    [{ ArnLike: { "AWS:SourceArn": "arn:aws:*:::photos" } }, true],
    [{ ArnLike: { "AWS:SourceArn": "arn:*:photos" } }, false],
    [{ ArnEquals: { "AWS:SourceArn": "arn:aws:s3:::*" } }, true],
    [{ ArnNotEquals: { "AWS:SourceArn": "arn:aws:s3:::*" } }, false],
    [{ Bool: { "lambda:InvokedViaFunctionUrl": "true" } }, true],
    [{ Bool: { "lambda:InvokedViaFunctionUrl": true } }, true],
    [{ Bool: { "lambda:InvokedViaFunctionUrl": "false" } }, false],
    [{ Bool: { "aws:SecureTransport": "false" } }, false],
    [{ Null: { "aws:PrincipalOrgID": "true" } }, true],
    [{ Null: { "aws:SourceArn": "true" } }, false],
    [{ Null: { "aws:SourceArn": "false" } }, true],
    [{ IpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, true],
    [{ IpAddress: { "aws:SourceIp": "203.0.113.9" } }, true],
    [{ IpAddress: { "aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"] } }, false],
    [{ IpAddress: { "aws:SourceIp": "203.0.113.0/99" } }, false],
    [{ NotIpAddress: { "aws:SourceIp": "10.0.0.0/8" } }, true],
    [{ NumericLessThan: { "s3:max-keys": "11" } }, true],
    [{ NumericGreaterThanEquals: { "s3:max-keys": "ten" } }, false],
    [{ DateGreaterThan: { "aws:CurrentTime": "2026-01-01T00:00:00Z" } }, true],
    [{ DateLessThan: { "aws:CurrentTime": "yesterday" } }, false],
    [{ "ForAnyValue:StringEquals": { "aws:SourceAccount": "111122223333" } }, true],
    [{ "ForAnyValue:StringEquals": { "aws:TagKeys": "a" } }, false],
    [{ "ForAllValues:StringEquals": { "aws:TagKeys": "a" } }, true],
    // All must hold.
    [{ StringEquals: { "aws:SourceAccount": "111122223333", "aws:SourceArn": "x" } }, false],
    [{ StringEquals: { "aws:SourceAccount": "111122223333" }, ArnLike: { "aws:SourceArn": "x" } }, false],
    // What is not known never allows.
    [{ StringSounds: { "aws:SourceAccount": "111122223333" } }, false],
    [{ constructor: { "aws:SourceAccount": "111122223333" } }, false],
  ];
  for (const [Condition, holds] of cases) {
    it(`${JSON.stringify(Condition)} ${holds ? "holds" : "does not hold"}`, () => {
      const decision = evaluatePolicy(policy(statement({ Condition })), request({ conditions: known }));
      assert.equal(decision, holds ? "allow" : "none");
    });
  }

  it("that nobody understands do not undo a Deny, unless another one does not hold", () => {
    const unknown = { StringSounds: { "aws:SourceAccount": "1" } };
    const denying = policy(statement({ Effect: "Deny", Condition: unknown }));
    assert.equal(evaluatePolicy(denying, request({ conditions: known })), "deny");
    const Condition = { ...unknown, StringEquals: { "aws:SourceAccount": "1" } };
    assert.equal(
      evaluatePolicy(policy(statement({ Effect: "Deny", Condition })), request({ conditions: known })),
      "none",
    );
  });
});
