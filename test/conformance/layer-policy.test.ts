/** Who may use a layer version: statements are added, shown as IAM writes them, removed, guarded by revisions. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  AddLayerVersionPermissionCommand,
  type AddLayerVersionPermissionCommandInput,
  DeleteLayerVersionCommand,
  GetLayerVersionPolicyCommand,
  RemoveLayerVersionPermissionCommand,
} from "@aws-sdk/client-lambda";
import { LAYER_ARN, newLayerName, publish } from "./layer-suite.ts";
import { Suite } from "./suite.ts";

const NO_POLICY = {
  status: 404,
  name: "ResourceNotFoundException",
  message: "No policy is associated with the given resource.",
};
const OTHER_REVISION = {
  status: 412,
  name: "PreconditionFailedException",
  message:
    "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest Revision Id",
};
const BELOW_ONE = {
  status: 400,
  name: "InvalidParameterValueException",
  message: "Layer Version Cannot be less than 1",
};

describe("policies of layer versions", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const add = (LayerName: string, StatementId: string, more: Partial<AddLayerVersionPermissionCommandInput> = {}) =>
    suite.lambda.send(
      new AddLayerVersionPermissionCommand({
        LayerName,
        VersionNumber: 1,
        StatementId,
        Action: "lambda:GetLayerVersion",
        Principal: "*",
        ...more,
      }),
    );
  const remove = (LayerName: string, StatementId: string, RevisionId?: string, VersionNumber = 1) =>
    suite.lambda.send(
      new RemoveLayerVersionPermissionCommand({
        LayerName,
        VersionNumber,
        StatementId,
        ...(RevisionId !== undefined && { RevisionId }),
      }),
    );
  const get = (LayerName: string, VersionNumber = 1) =>
    suite.lambda.send(new GetLayerVersionPolicyCommand({ LayerName, VersionNumber }));
  const newLayer = async () => {
    const LayerName = newLayerName();
    await publish(suite, { LayerName });
    return LayerName;
  };

  test("statements are shown as IAM writes them, in their order, also after a crash", async () => {
    const name = await newLayer();
    const arn = `${LAYER_ARN}${name}:1`;
    const common = { Effect: "Allow", Action: "lambda:GetLayerVersion", Resource: arn };
    const root = "arn:aws:iam::210987654321:root";
    const added = [
      await add(name, "all"),
      await add(LAYER_ARN + name, "account", { Principal: "123456789012" }),
      await add(name, "root", { Principal: root }),
      await add(name, "organization", { OrganizationId: "o-a1b2c3d4e5" }),
    ];
    const expected = [
      { Sid: "all", ...common, Principal: "*" },
      { Sid: "account", ...common, Principal: { AWS: "arn:aws:iam::123456789012:root" } },
      { Sid: "root", ...common, Principal: { AWS: root } },
      {
        Sid: "organization",
        ...common,
        Principal: "*",
        Condition: { StringEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } },
      },
    ];
    assert.deepEqual(
      added.map(({ Statement = "" }) => JSON.parse(Statement)),
      expected,
    );
    assert.equal(
      added[0]?.Statement,
      `{"Sid":"all","Effect":"Allow","Principal":"*","Action":"lambda:GetLayerVersion","Resource":"${arn}"}`,
    );
    assert.equal(new Set(added.map(({ RevisionId }) => RevisionId)).size, 4);
    await suite.restart();
    const { Policy = "", RevisionId } = await get(name);
    assert.deepEqual(JSON.parse(Policy), { Version: "2012-10-17", Id: "default", Statement: expected });
    assert.ok(Policy.startsWith('{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"all","Effect":'));
    assert.equal(RevisionId, added.at(-1)?.RevisionId);
  });

  test("removing a statement leaves the others and another revision; removing the last leaves no policy", async () => {
    const name = await newLayer();
    await suite.refused(get(name), NO_POLICY);
    await suite.refused(remove(name, "one"), NO_POLICY);
    await add(name, "one");
    const { RevisionId } = await add(name, "two");
    assert.equal((await remove(name, "two", RevisionId)).$metadata.httpStatusCode, 204);
    await suite.restart();
    const left = await get(name);
    assert.deepEqual(
      JSON.parse(left.Policy ?? "").Statement.map(({ Sid }: { Sid: string }) => Sid),
      ["one"],
    );
    assert.notEqual(left.RevisionId, RevisionId);
    await remove(name, "one");
    await suite.refused(get(name), NO_POLICY);
  });

  test("each version has its own policy, which goes with it", async () => {
    const name = await newLayer();
    await publish(suite, { LayerName: name });
    await add(name, "first");
    await suite.refused(get(name, 2), NO_POLICY);
    await suite.lambda.send(new DeleteLayerVersionCommand({ LayerName: name, VersionNumber: 1 }));
    const missing = {
      status: 404,
      name: "ResourceNotFoundException",
      message: `Layer version ${LAYER_ARN}${name}:1 does not exist.`,
    };
    await suite.refused(get(name), missing);
    await suite.refused(add(name, "again"), missing);
    await suite.refused(remove(name, "first"), missing);
  });

  test("another revision than the latest, and a statement that is there, or is not, is refused", async () => {
    const name = await newLayer();
    await suite.refused(add(name, "one", { RevisionId: "none-yet" }), OTHER_REVISION);
    const { RevisionId = "" } = await add(name, "one");
    await suite.refused(add(name, "two", { RevisionId: "another" }), OTHER_REVISION);
    await suite.refused(remove(name, "one", "another"), OTHER_REVISION);
    await suite.refused(add(name, "one"), {
      status: 409,
      name: "ResourceConflictException",
      message:
        "The statement id (one) provided already exists. Please provide a new statement id, or remove the existing statement.",
    });
    await suite.refused(remove(name, "two"), {
      status: 404,
      name: "ResourceNotFoundException",
      message: "Statement two is not found in resource policy.",
    });
    await add(name, "two", { RevisionId });
  });

  test("layers and versions that do not exist have no policy to change or show", async () => {
    const message = `Layer version ${LAYER_ARN}nobody-published-this:1 does not exist.`;
    const missing = { status: 404, name: "ResourceNotFoundException", message };
    await suite.refused(add("nobody-published-this", "s"), missing);
    await suite.refused(get("nobody-published-this"), missing);
    await suite.refused(remove("nobody-published-this", "s"), missing);
    const name = await newLayer();
    await suite.refused(get(name, 0), BELOW_ONE);
    await suite.refused(add(name, "s", { VersionNumber: 0 }), BELOW_ONE);
    await suite.refused(remove(name, "s", undefined, -1), BELOW_ONE);
  });

  test("a policy holds 20,480 bytes and not one more", async () => {
    const name = await newLayer();
    const size = async () => Buffer.byteLength((await get(name)).Policy ?? "");
    const sid = (number: number, length = 100) => String(number).padStart(length, "s");
    let number = 0;
    await add(name, sid(number));
    const empty = await size();
    await add(name, sid(++number));
    // What a statement takes beside its id, the comma before it included.
    const around = (await size()) - empty - 100;
    const left = async (statements: number) => 20_480 - (await size()) - statements * around;
    while ((await left(3)) >= 100 + 8) await add(name, sid(++number));
    // A few whose ids fill up what is left to the byte.
    const few = (await left(2)) <= 198 ? 2 : 3;
    const rest = await left(few);
    const length = Math.floor(rest / few);
    for (let i = 1; i < few; i += 1) await add(name, sid(++number, length));
    const last = rest - length * (few - 1);
    await suite.refused(add(name, sid(++number, last + 1)), {
      status: 400,
      name: "PolicyLengthExceededException",
      message: "The final policy size (20481) is bigger than the limit (20480).",
    });
    await add(name, sid(++number, last));
    assert.equal(await size(), 20_480);
  });

  test("actions, principals, statement ids and organizations must be of the form that Lambda knows", async () => {
    const name = await newLayer();
    const form = (path: string, constraint: string) => ({
      status: 400,
      name: "ValidationException",
      message: new RegExp(`^1 validation error detected: Value '.*' at '${path}' failed .*: Member must ${constraint}`),
    });
    await suite.refused(add(name, "s", { Action: "*" }), {
      status: 400,
      name: "ValidationException",
      message:
        "1 validation error detected: Value '*' at 'action' failed to satisfy constraint: Member must satisfy regular expression pattern: lambda:GetLayerVersion",
    });
    await suite.refused(add(name, "s", { Principal: "someone" }), form("principal", "satisfy regular expression"));
    await suite.refused(add(name, "a.b"), form("statementId", "satisfy regular expression"));
    await suite.refused(add(name, "s".repeat(101)), form("statementId", "have length less than or equal to 100"));
    await suite.refused(add(name, "s", { OrganizationId: "x" }), form("organizationId", "satisfy regular expression"));
    await suite.refused(add(name, "s", { Principal: "123456789012", OrganizationId: "o-a1b2c3d4e5" }), {
      status: 400,
      name: "InvalidParameterValueException",
      message: "The provided principal was invalid. Please check the principal and try again.",
    });
    await add(name, "s".repeat(100));
  });
});
