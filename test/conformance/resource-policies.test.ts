/** PutResourcePolicy, GetResourcePolicy and DeleteResourcePolicy: the resource policy as one document. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  AddPermissionCommand,
  CreateAliasCommand,
  DeleteResourcePolicyCommand,
  GetFunctionConfigurationCommand,
  GetPolicyCommand,
  GetResourcePolicyCommand,
  PublishVersionCommand,
  PutResourcePolicyCommand,
  RemovePermissionCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

// In two parts, so that nobody takes it for a template.
const VARIABLE = ["$", "{aws:PrincipalAccount}"].join("");
const STALE = "11111111-1111-4111-8111-111111111111";

describe("resource policies", () => {
  let suite: Suite;
  let name: string;
  let arn: string;
  before(async () => {
    suite = await Suite.start();
    name = await activeFunction(suite.region);
    arn = `${ARN}${name}`;
    await suite.lambda.send(new PublishVersionCommand({ FunctionName: name }));
    await suite.lambda.send(new CreateAliasCommand({ FunctionName: name, Name: "live", FunctionVersion: "1" }));
  });
  after(() => suite.stop());

  const statement = (more: Record<string, unknown> = {}) => ({
    Effect: "Allow",
    Principal: { Service: "s3.amazonaws.com" },
    Action: "lambda:InvokeFunction",
    Resource: arn,
    ...more,
  });
  const document = (...Statement: unknown[]) => ({ Version: "2012-10-17", Statement });
  const putText = (Policy: string, more = {}) =>
    suite.lambda.send(new PutResourcePolicyCommand({ ResourceArn: arn, Policy, ...more }));
  const put = (policy: unknown, more = {}) => putText(JSON.stringify(policy), more);
  const get = (ResourceArn = arn) => suite.lambda.send(new GetResourcePolicyCommand({ ResourceArn }));
  const remove = (more = {}) => suite.lambda.send(new DeleteResourcePolicyCommand({ ResourceArn: arn, ...more }));
  const missing = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 404, name: "ResourceNotFoundException", message });
  const invalid = (call: Promise<unknown>, fault: string) =>
    suite.refused(call, {
      status: 400,
      name: "InvalidParameterValueException",
      message: `The provided policy is invalid. ${fault}.`,
    });

  test("are put whole, each for its own resource, read again after a crash, and deleted", async () => {
    const policies = new Map(
      [arn, `${arn}:1`, `${arn}:live`].map((Resource, index) => [
        Resource,
        document(
          statement({ Sid: `s${index}`, Resource }),
          statement({
            Effect: "Deny",
            Principal: "*",
            Action: ["lambda:*"],
            Resource: [Resource],
            Condition: {
              NotIpAddress: { "aws:SourceIp": ["10.0.0.0/8"] },
              BoolIfExists: { "aws:ViaAWSService": false },
            },
          }),
        ),
      ]),
    );
    for (const [ResourceArn, policy] of policies) {
      const answer = await put(policy, { ResourceArn });
      assert.equal(answer.Policy, JSON.stringify(policy));
      assert.match(String(answer.RevisionId), /^[0-9a-f-]{36}$/);
    }
    await suite.restart();
    for (const [ResourceArn, policy] of policies) {
      assert.equal((await get(ResourceArn)).Policy, JSON.stringify(policy));
      await remove({ ResourceArn });
      await missing(get(ResourceArn), "No policy is associated with the given resource.");
      await missing(remove({ ResourceArn }), "No policy is associated with the given resource.");
    }
  });

  test("replace what AddPermission made, and are what it adds to", async () => {
    const add = (StatementId: string) =>
      suite.lambda.send(
        new AddPermissionCommand({
          FunctionName: name,
          StatementId,
          Action: "lambda:InvokeFunction",
          Principal: "*",
        }),
      );
    const sids = (policy: string | undefined) =>
      JSON.parse(String(policy)).Statement.map(({ Sid }: { Sid?: string }) => Sid);
    await add("one");
    assert.deepEqual(sids((await get()).Policy), ["one"]);
    // One statement need not be a list.
    await put({ Version: "2012-10-17", Id: "mine", Statement: statement({ Sid: "two" }) });
    await add("three");
    const { Policy } = await suite.lambda.send(new GetPolicyCommand({ FunctionName: name }));
    assert.deepEqual(sids(Policy), ["two", "three"]);
    assert.equal(JSON.parse(String(Policy)).Id, "mine");
    await suite.lambda.send(new RemovePermissionCommand({ FunctionName: name, StatementId: "two" }));
    assert.deepEqual(sids((await get()).Policy), ["three"]);
    await remove();
  });

  test("renew the revision of what they hang on, and are guarded by it", async () => {
    const stale = {
      status: 412,
      name: "PreconditionFailedException",
      message:
        "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id",
    };
    const configuration = () => suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    const { RevisionId: first } = await configuration();
    await suite.refused(put(document(statement()), { RevisionId: STALE }), stale);
    const { RevisionId: second } = await put(document(statement()), { RevisionId: first });
    assert.notEqual(second, first);
    assert.equal((await configuration()).RevisionId, second);
    assert.equal((await get()).RevisionId, second);
    await suite.refused(remove({ RevisionId: first }), stale);
    await remove({ RevisionId: second });
    assert.notEqual((await configuration()).RevisionId, second);
  });

  test("of what does not exist, or cannot have one, are refused", async () => {
    const policy = JSON.stringify(document(statement()));
    for (const call of [
      (ResourceArn: string) => putText(policy, { ResourceArn }),
      get,
      (ResourceArn: string) => remove({ ResourceArn }),
    ]) {
      await missing(call(`${ARN}nobody`), `Function not found: ${ARN}nobody`);
      await suite.refused(call(`${arn}:$LATEST`), {
        status: 400,
        name: "InvalidParameterValueException",
        message: "We currently do not support adding policies for $LATEST.",
      });
      await missing(
        call("arn:aws:lambda:us-east-1:000000000000:runtime/nodejs"),
        "The resource you requested does not exist.",
      );
      await missing(
        call(arn.replace("us-east-1", "eu-west-1")),
        "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
      );
    }
    await missing(get(`${arn}:42`), `Function not found: ${arn}:42`);
    await missing(get(`${arn}:other`), `Cannot find alias arn: ${arn}:other`);
    await missing(remove({ ResourceArn: `${arn}:42` }), `Function not found: ${arn}:42`);
    const Resource = `${arn}:42`;
    await missing(put(document(statement({ Resource })), { ResourceArn: Resource }), `Function not found: ${arn}:42`);
  });

  test("must be policies", async () => {
    await invalid(putText("{"), "The policy is not valid JSON");
    const faults: [unknown, string][] = [
      [[], "The policy must be a JSON object"],
      [{ Statement: [] }, "Statement must not be empty"],
      [{ Version: "2012-10-17" }, "Statement must not be empty"],
      [{ Version: "2020-01-01", Statement: statement() }, "Version must be 2012-10-17 or 2008-10-17"],
      [{ Id: 1, Statement: statement() }, "Id must be a string"],
      [{ Owner: "me", Statement: statement() }, "Owner is not an element of a policy"],
      [document("x"), "Each Statement must be a JSON object"],
      [document(statement({ Sid: "a b" })), "Sid must consist of letters, digits, - and _"],
      [document(statement({ Sid: "a" }), statement({ Sid: "a" })), "Sid a is not unique"],
      [document(statement({ Effect: "allow" })), "Effect must be Allow or Deny"],
      [document(statement({ Verb: "x" })), "Verb is not an element of a Statement"],
      [document(statement({ Principal: undefined })), "A Statement must have either Principal or NotPrincipal"],
      [document(statement({ NotAction: "lambda:*" })), "A Statement must have either Action or NotAction"],
      [document(statement({ Resource: undefined })), "A Statement must have either Resource or NotResource"],
      [document(statement({ Principal: undefined, NotPrincipal: "*" })), "NotPrincipal must not be used with Allow"],
      [document(statement({ Principal: "s3" })), "Principal must be * or a JSON object"],
      [document(statement({ Principal: { Aws: "*" } })), "Aws is not a type of principals"],
      [
        document(statement({ Principal: { AWS: "arn:aws:iam::123456789012:role/*" } })),
        'Principal "arn:aws:iam::123456789012:role/*" is not valid',
      ],
      [document(statement({ Principal: { Service: [] } })), "Principal must not be empty"],
      [document(statement({ Action: "s3:GetObject" })), 'Action "s3:GetObject" is not valid'],
      [document(statement({ Action: [1] })), "Action 1 is not valid"],
      [document(statement({ Resource: "*" })), 'Resource "*" is not valid'],
      [document(statement({ Resource: `${arn}:1` })), `Resource "${arn}:1" is not valid`],
      [document(statement({ Condition: "x" })), "Condition must be a JSON object"],
      [document(statement({ Condition: { StringIs: {} } })), "StringIs is not a condition operator"],
      [document(statement({ Condition: { Bool: "x" } })), "Condition Bool must be a JSON object"],
      [
        document(statement({ Condition: { Bool: { "aws:SecureTransport": {} } } })),
        "Condition Bool has a value of aws:SecureTransport that is no text",
      ],
      [
        document(statement({ Condition: { StringEquals: { "aws:SourceAccount": VARIABLE } } })),
        "Policy variables are not served by this region yet",
      ],
    ];
    for (const [policy, fault] of faults) await invalid(put(policy), fault);
    await missing(get(), "No policy is associated with the given resource.");
  });

  test("may be 20,480 long, in characters and in bytes", async () => {
    const withId = (id: string) => ({ Id: id, Statement: [statement()] });
    const empty = JSON.stringify(withId("")).length;
    const { Policy } = await put(withId("x".repeat(20_480 - empty)));
    assert.equal(Policy?.length, 20_480);
    const longer = JSON.stringify(withId("x".repeat(20_481 - empty)));
    await suite.refused(putText(longer), {
      status: 400,
      name: "ValidationException",
      message: / at 'policy' failed to satisfy constraint: Member must have length less than or equal to 20480/,
    });
    await suite.refused(put(withId(`${"x".repeat(20_479 - empty)}é`)), {
      status: 400,
      name: "PolicyLengthExceededException",
      message: "The final policy size (20481) is bigger than the limit (20480).",
    });
    await suite.refused(putText(""), {
      status: 400,
      name: "ValidationException",
      message:
        /^2 validation errors detected: Value '' at 'policy' failed .* length greater than or equal to 1; .* pattern/,
    });
    await remove();
  });

  test("of an ARN or a revision that breaks the model's patterns are refused", async () => {
    await suite.refused(get(`${ARN}a b`), { status: 400, name: "ValidationException", message: /at 'resourceArn'/ });
    await suite.refused(get(name), { status: 400, name: "ValidationException", message: /at 'resourceArn'/ });
    await suite.refused(remove({ RevisionId: "x" }), {
      status: 400,
      name: "ValidationException",
      message: /at 'revisionId' failed to satisfy constraint: Member must have length greater than or equal to 36/,
    });
  });
});
