/** AddPermission, RemovePermission and GetPolicy: the resource policy, one statement at a time. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  AddPermissionCommand,
  type AddPermissionCommandInput,
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  GetAliasCommand,
  GetFunctionConfigurationCommand,
  GetPolicyCommand,
  PublishVersionCommand,
  RemovePermissionCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, settings } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const INVOKE = { StatementId: "s3", Action: "lambda:InvokeFunction", Principal: "s3.amazonaws.com" } as const;
const STALE = "11111111-1111-4111-8111-111111111111";

describe("permissions", () => {
  let suite: Suite;
  let name: string;
  before(async () => {
    suite = await Suite.start();
    name = await activeFunction(suite.region);
    await suite.lambda.send(new PublishVersionCommand({ FunctionName: name }));
    await suite.lambda.send(new CreateAliasCommand({ FunctionName: name, Name: "live", FunctionVersion: "1" }));
  });
  after(() => suite.stop());

  const add = (more: Partial<AddPermissionCommandInput> = {}) =>
    suite.lambda.send(new AddPermissionCommand({ FunctionName: name, ...INVOKE, ...more }));
  const remove = (StatementId: string, more = {}) =>
    suite.lambda.send(new RemovePermissionCommand({ FunctionName: name, StatementId, ...more }));
  const get = (more = {}) => suite.lambda.send(new GetPolicyCommand({ FunctionName: name, ...more }));
  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const missing = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 404, name: "ResourceNotFoundException", message });
  const violated = (call: Promise<unknown>, violation: string) =>
    suite.refused(call, {
      status: 400,
      name: "ValidationException",
      message: `1 validation error detected: ${violation}`,
    });

  test("of a service are a statement and a policy, letter by letter as AWS writes them", async () => {
    const conditions = { SourceArn: "arn:aws:s3:::b", SourceAccount: "123456789012" };
    const { Statement } = await add(conditions);
    const statement =
      `{"Sid":"s3","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"${ARN}${name}",` +
      `"Condition":{"StringEquals":{"AWS:SourceAccount":"123456789012"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}}`;
    assert.equal(Statement, statement);
    const { Policy, RevisionId } = await get();
    assert.equal(Policy, `{"Version":"2012-10-17","Id":"default","Statement":[${statement}]}`);
    const configuration = await suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    assert.equal(RevisionId, configuration.RevisionId);
    await remove("s3");
  });

  test("know every form of principal and every condition", async () => {
    const cases: [Partial<AddPermissionCommandInput>, unknown, unknown][] = [
      [{ Principal: "*" }, "*", undefined],
      [{ Principal: "123456789012" }, { AWS: "arn:aws:iam::123456789012:root" }, undefined],
      [
        { Principal: "arn:aws:iam::123456789012:role/service-role/r" },
        { AWS: "arn:aws:iam::123456789012:role/service-role/r" },
        undefined,
      ],
      [{ Principal: "logs.us-east-1.amazonaws.com" }, { Service: "logs.us-east-1.amazonaws.com" }, undefined],
      [
        { Principal: "alexa-appkit.amazon.com", EventSourceToken: "amzn1.ask-skill" },
        { Service: "alexa-appkit.amazon.com" },
        { StringEquals: { "lambda:EventSourceToken": "amzn1.ask-skill" } },
      ],
      [
        { Principal: "*", PrincipalOrgID: "o-1234567890" },
        "*",
        { StringEquals: { "aws:PrincipalOrgID": "o-1234567890" } },
      ],
      [
        { Principal: "*", Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE" },
        "*",
        { StringEquals: { "lambda:FunctionUrlAuthType": "NONE" } },
      ],
      [{ Principal: "*", InvokedViaFunctionUrl: true }, "*", { Bool: { "lambda:InvokedViaFunctionUrl": "true" } }],
      [{ Principal: "*", InvokedViaFunctionUrl: false }, "*", undefined],
      [{ Principal: "*", Action: "lambda:*" }, "*", undefined],
    ];
    for (const [more, principal, condition] of cases) {
      const { Statement } = await add({ StatementId: "x", ...more });
      const { Principal, Condition, Action } = JSON.parse(String(Statement));
      assert.deepEqual({ Principal, Condition }, { Principal: principal, Condition: condition });
      assert.equal(Action, more.Action ?? INVOKE.Action);
      await remove("x");
    }
  });

  test("are kept apart for the function, its versions and its aliases, in their order, over a crash", async () => {
    await add({ StatementId: "b" });
    await add({ StatementId: "a" });
    await add({ StatementId: "b", Qualifier: "1" });
    await add({ StatementId: "b", FunctionName: `${name}:live` });
    // A new version has no policy of the one before.
    await suite.restart();
    const sids = async (Qualifier?: string) => {
      const { Policy } = await get(Qualifier === undefined ? {} : { Qualifier });
      const { Statement } = JSON.parse(String(Policy));
      return Statement.map(({ Sid, Resource }: { Sid: string; Resource: string }) => `${Sid} ${Resource}`);
    };
    assert.deepEqual(await sids(), [`b ${ARN}${name}`, `a ${ARN}${name}`]);
    assert.deepEqual(await sids("1"), [`b ${ARN}${name}:1`]);
    assert.deepEqual(await sids("live"), [`b ${ARN}${name}:live`]);
    await remove("b");
    assert.deepEqual(await sids(), [`a ${ARN}${name}`]);
    await remove("a");
    await remove("b", { Qualifier: "1" });
    await remove("b", { Qualifier: "live" });
    await missing(get(), "The resource you requested does not exist.");
  });

  test("are not copied when a version is published", async () => {
    const other = await activeFunction(suite.region);
    await add({ FunctionName: other });
    const { Version } = await suite.lambda.send(new PublishVersionCommand({ FunctionName: other }));
    await missing(get({ FunctionName: other, Qualifier: Version }), "The resource you requested does not exist.");
  });

  test("go with their alias and their function", async () => {
    const other = await activeFunction(suite.region);
    const alias = { FunctionName: other, Name: "a", FunctionVersion: "$LATEST" };
    await suite.lambda.send(new CreateAliasCommand(alias));
    await add({ FunctionName: other, Qualifier: "a" });
    await suite.lambda.send(new DeleteAliasCommand(alias));
    await suite.lambda.send(new CreateAliasCommand(alias));
    await missing(get({ FunctionName: other, Qualifier: "a" }), "The resource you requested does not exist.");
    await add({ FunctionName: other });
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: other }));
    await missing(get({ FunctionName: other }), `Function not found: ${ARN}${other}`);
    await suite.lambda.send(new CreateFunctionCommand(settings({ FunctionName: other })));
    await missing(get({ FunctionName: other }), "The resource you requested does not exist.");
  });

  test("renew the revision of what they hang on, and are guarded by it", async () => {
    const revision = async () =>
      String((await suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }))).RevisionId);
    const stale = {
      status: 412,
      name: "PreconditionFailedException",
      message:
        "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id",
    };
    const first = await revision();
    await suite.refused(add({ RevisionId: STALE }), stale);
    assert.equal(await revision(), first);
    await add({ RevisionId: first });
    const second = await revision();
    assert.notEqual(second, first);
    assert.equal((await get()).RevisionId, second);
    await suite.refused(remove("s3", { RevisionId: first }), stale);
    await remove("s3", { RevisionId: second });
    assert.notEqual(await revision(), second);

    const alias = () => suite.lambda.send(new GetAliasCommand({ FunctionName: name, Name: "live" }));
    const aliasBefore = await alias();
    await add({ Qualifier: "live", RevisionId: aliasBefore.RevisionId });
    const aliasAfter = await alias();
    assert.notEqual(aliasAfter.RevisionId, aliasBefore.RevisionId);
    assert.deepEqual({ ...aliasAfter, $metadata: 0, RevisionId: 0 }, { ...aliasBefore, $metadata: 0, RevisionId: 0 });
    assert.equal((await get({ Qualifier: "live" })).RevisionId, aliasAfter.RevisionId);
    await remove("s3", { Qualifier: "live" });
  });

  test("of $LATEST, of what does not exist, and of unknown statements are refused", async () => {
    await invalid(add({ Qualifier: "$LATEST" }), "We currently do not support adding policies for $LATEST.");
    await missing(add({ FunctionName: "nobody" }), `Function not found: ${ARN}nobody`);
    await missing(add({ FunctionName: "nobody", Qualifier: "1" }), `Function not found: ${ARN}nobody`);
    await missing(add({ Qualifier: "42" }), `Function not found: ${ARN}${name}:42`);
    await missing(add({ Qualifier: "other" }), `Cannot find alias arn: ${ARN}${name}:other`);
    await missing(get({ FunctionName: "nobody" }), `Function not found: ${ARN}nobody`);
    await missing(get({ Qualifier: "42" }), `Function not found: ${ARN}${name}:42`);
    await missing(remove("s3", { FunctionName: "nobody" }), `No policy found for: ${ARN}nobody`);
    await missing(remove("s3"), "No policy is associated with the given resource.");
    await missing(remove("s3", { Qualifier: "42" }), `Function not found: ${ARN}${name}:42`);
    await add();
    await missing(remove("other"), "Statement other is not found in resource policy.");
    await suite.refused(add(), {
      status: 409,
      name: "ResourceConflictException",
      message:
        "The statement id (s3) provided already exists. Please provide a new statement id, or remove the existing statement.",
    });
    await remove("s3");
  });

  test("with a principal or conditions that cannot be are refused", async () => {
    const principal = "The provided principal was invalid. Please check the principal and try again.";
    for (const Principal of [
      "s3",
      "1234",
      "s3.example.com",
      "arn:aws:iam::123456789012:role/*",
      "arn:aws:iam::123456789012:group/g",
      "arn:aws:s3:::bucket",
    ]) {
      await invalid(add({ Principal }), principal);
    }
    await invalid(
      add({ Principal: "*", FunctionUrlAuthType: "NONE" }),
      "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action",
    );
    await invalid(
      add({ Principal: "*", Action: "lambda:InvokeFunctionUrl", InvokedViaFunctionUrl: true }),
      "InvokedViaFunctionUrl is only supported for lambda:InvokeFunction action",
    );
  });

  test("break the model's constraints one past their border", async () => {
    const at = (value: string, member: string) => `Value '${value}' at '${member}' failed to satisfy constraint: `;
    const pattern = (value: string, member: string, text: string) =>
      `${at(value, member)}Member must satisfy regular expression pattern: ${text}`;
    const longest = "s".repeat(100);
    await add({ StatementId: longest });
    await remove(longest);
    await violated(
      add({ StatementId: `${longest}s` }),
      `${at(`${longest}s`, "statementId")}Member must have length less than or equal to 100`,
    );
    await violated(add({ StatementId: "a b" }), pattern("a b", "statementId", "([a-zA-Z0-9-_]+)"));
    await violated(add({ Action: "s3:Get" }), pattern("s3:Get", "action", "(lambda:[*]|lambda:[a-zA-Z]+|[*])"));
    await violated(add({ Principal: "a b" }), pattern("a b", "principal", "[^\\s]+"));
    await violated(add({ SourceAccount: "12345678901" }), pattern("12345678901", "sourceAccount", "\\d{12}"));
    await suite.refused(add({ PrincipalOrgID: "o-123456789" }), {
      status: 400,
      name: "ValidationException",
      message: `2 validation errors detected: ${at("o-123456789", "principalOrgID")}Member must have length greater than or equal to 12; ${pattern("o-123456789", "principalOrgID", "o-[a-z0-9]{10,32}")}`,
    });
    const token = "t".repeat(256);
    await add({ EventSourceToken: token });
    await remove("s3");
    await violated(
      add({ EventSourceToken: `${token}t` }),
      `${at(`${token}t`, "eventSourceToken")}Member must have length less than or equal to 256`,
    );
  });

  test("fill a policy up to 20,480 bytes", async () => {
    const full = await activeFunction(suite.region);
    const arn = (length: number) => `arn:aws:s3:::${"b".repeat(length)}`;
    const size = async () => String((await get({ FunctionName: full })).Policy).length;
    await add({ FunctionName: full, StatementId: "a", SourceArn: arn(8_000) });
    await add({ FunctionName: full, StatementId: "b", SourceArn: arn(8_000) });
    await add({ FunctionName: full, StatementId: "c", SourceArn: arn(0) });
    const left = 20_480 - (await size());
    await remove("c", { FunctionName: full });
    await suite.refused(add({ FunctionName: full, StatementId: "c", SourceArn: arn(left + 1) }), {
      status: 400,
      name: "PolicyLengthExceededException",
      message: "The final policy size (20481) is bigger than the limit (20480).",
    });
    await add({ FunctionName: full, StatementId: "c", SourceArn: arn(left) });
    assert.equal(await size(), 20_480);
  });
});
