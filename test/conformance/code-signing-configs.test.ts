/** Code signing configurations: their own operations, and which functions have them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateCodeSigningConfigCommand,
  type CreateCodeSigningConfigCommandInput,
  CreateFunctionCommand,
  DeleteCodeSigningConfigCommand,
  DeleteFunctionCodeSigningConfigCommand,
  DeleteFunctionCommand,
  GetCodeSigningConfigCommand,
  GetFunctionCodeSigningConfigCommand,
  GetFunctionCommand,
  ListCodeSigningConfigsCommand,
  ListFunctionsByCodeSigningConfigCommand,
  PutFunctionCodeSigningConfigCommand,
  UpdateCodeSigningConfigCommand,
  type UpdateCodeSigningConfigCommandInput,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, settings } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const PROFILE = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/team/abcdefghij";
const OTHER = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/other/abcdefghij";
const UNKNOWN = "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-00000000000000000";

describe("code signing configurations", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const create = async (more: Partial<CreateCodeSigningConfigCommandInput> = {}) => {
    const input = { AllowedPublishers: { SigningProfileVersionArns: [PROFILE] }, ...more };
    const { CodeSigningConfig } = await suite.lambda.send(new CreateCodeSigningConfigCommand(input));
    assert.ok(CodeSigningConfig?.CodeSigningConfigArn);
    return { ...CodeSigningConfig, arn: CodeSigningConfig.CodeSigningConfigArn };
  };
  const get = async (CodeSigningConfigArn: string) =>
    (await suite.lambda.send(new GetCodeSigningConfigCommand({ CodeSigningConfigArn }))).CodeSigningConfig;
  const update = async (CodeSigningConfigArn: string, more: Partial<UpdateCodeSigningConfigCommandInput>) =>
    (await suite.lambda.send(new UpdateCodeSigningConfigCommand({ CodeSigningConfigArn, ...more }))).CodeSigningConfig;
  const remove = (CodeSigningConfigArn: string) =>
    suite.lambda.send(new DeleteCodeSigningConfigCommand({ CodeSigningConfigArn }));
  const attach = (FunctionName: string, CodeSigningConfigArn: string) =>
    suite.lambda.send(new PutFunctionCodeSigningConfigCommand({ FunctionName, CodeSigningConfigArn }));
  const detach = (FunctionName: string) =>
    suite.lambda.send(new DeleteFunctionCodeSigningConfigCommand({ FunctionName }));
  /** By a client that does not hold the answer against the model: AWS's answer without a configuration breaks it. */
  const attached = async (FunctionName: string) =>
    (await suite.region.lambda.send(new GetFunctionCodeSigningConfigCommand({ FunctionName }))).CodeSigningConfigArn;
  const functions = (CodeSigningConfigArn: string, more = {}) =>
    suite.lambda.send(new ListFunctionsByCodeSigningConfigCommand({ CodeSigningConfigArn, ...more }));
  const missing = (call: Promise<unknown>, message: string, name = "ResourceNotFoundException") =>
    suite.refused(call, { status: 404, name, message });
  const violated = (call: Promise<unknown>, message: RegExp) =>
    suite.refused(call, { status: 400, name: "ValidationException", message });

  test("are created with defaults, updated member by member, deleted, and there after a crash", async () => {
    const { arn, ...plain } = await create();
    assert.match(arn, /^arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-[a-z0-9]{17}$/);
    assert.match(String(plain.LastModified), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
    assert.deepEqual(plain, {
      CodeSigningConfigId: arn.split(":").at(-1),
      CodeSigningConfigArn: arn,
      AllowedPublishers: { SigningProfileVersionArns: [PROFILE] },
      CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Warn" },
      LastModified: plain.LastModified,
    });
    const changes: Partial<UpdateCodeSigningConfigCommandInput>[] = [
      { Description: "d" },
      { CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Enforce" } },
      { AllowedPublishers: { SigningProfileVersionArns: [OTHER, PROFILE] } },
      {},
    ];
    let expected: object = plain;
    for (const change of changes) {
      const changed = await update(arn, change);
      expected = { ...expected, ...change, LastModified: changed?.LastModified };
      assert.deepEqual(changed, expected);
    }
    await suite.restart();
    assert.deepEqual(await get(arn), expected);
    await remove(arn);
    await missing(get(arn), `The Lambda code signing configuration ${arn} can not be found.`);
  });

  test("are listed by pages, each once", async () => {
    const made = await Promise.all([create(), create(), create()]);
    const seen: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await suite.lambda.send(new ListCodeSigningConfigsCommand({ Marker, MaxItems: 2 }));
      assert.ok((page.CodeSigningConfigs?.length ?? 0) <= 2);
      seen.push(...(page.CodeSigningConfigs ?? []).map((config) => String(config.CodeSigningConfigArn)));
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    assert.equal(new Set(seen).size, seen.length);
    for (const { arn } of made) assert.ok(seen.includes(arn));
    await suite.refused(suite.lambda.send(new ListCodeSigningConfigsCommand({ Marker: "x" })), {
      status: 400,
      name: "InvalidParameterValueException",
      message: "The provided marker is invalid.",
    });
    const pageOf = (MaxItems: number) => suite.lambda.send(new ListCodeSigningConfigsCommand({ MaxItems }));
    await pageOf(10_000);
    await violated(
      pageOf(0),
      /at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1$/,
    );
    await violated(pageOf(10_001), /at 'maxItems' .* Member must have value less than or equal to 10000$/);
  });

  test("are had by functions, one by each, until these go, and stay while they are had", async () => {
    const [one, two] = [await create(), await create()];
    const name = await activeFunction(suite.region, { CodeSigningConfigArn: one.arn });
    assert.equal(await attached(name), one.arn);
    const other = await activeFunction(suite.region);
    assert.equal(await attached(other), undefined);
    const put = await attach(`${ARN}${other}`, one.arn);
    assert.deepEqual({ ...put, $metadata: 0 }, { CodeSigningConfigArn: one.arn, FunctionName: other, $metadata: 0 });
    await suite.restart();
    const checked = await suite.lambda.send(new GetFunctionCodeSigningConfigCommand({ FunctionName: other }));
    assert.deepEqual({ ...checked, $metadata: 0 }, { ...put, $metadata: 0 });
    assert.deepEqual((await functions(one.arn)).FunctionArns, [`${ARN}${name}`, `${ARN}${other}`].sort());
    const first = await functions(one.arn, { MaxItems: 1 });
    const second = await functions(one.arn, { MaxItems: 1, Marker: first.NextMarker });
    assert.deepEqual([first.FunctionArns?.length, second.FunctionArns?.length, second.NextMarker], [1, 1, undefined]);
    await suite.refused(functions(two.arn, { Marker: first.NextMarker }), {
      status: 400,
      name: "InvalidParameterValueException",
      message: "The provided marker is invalid.",
    });

    await attach(other, two.arn);
    assert.deepEqual((await functions(two.arn)).FunctionArns, [`${ARN}${other}`]);
    await suite.refused(remove(two.arn), {
      status: 409,
      name: "ResourceConflictException",
      message: `The code signing configuration ${two.arn} is in use by one or more functions.`,
    });
    await detach(other);
    await detach(other);
    assert.equal(await attached(other), undefined);
    await remove(two.arn);
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
    assert.deepEqual((await functions(one.arn)).FunctionArns, []);
    await remove(one.arn);
  });

  test("that do not exist, and functions that do not, are refused", async () => {
    const { arn } = await create();
    const elsewhere = arn.replace("us-east-1", "eu-west-1");
    for (const unknown of [UNKNOWN, elsewhere, arn.replace(":000000000000:", ":111111111111:")]) {
      const message = `The Lambda code signing configuration ${unknown} can not be found.`;
      for (const call of [get, remove, functions, (it: string) => update(it, {})])
        await missing(call(unknown), message);
    }
    const name = await activeFunction(suite.region);
    const message = `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${UNKNOWN}.`;
    await missing(attach(name, UNKNOWN), message, "CodeSigningConfigNotFoundException");
    await missing(attach("nobody", UNKNOWN), message, "CodeSigningConfigNotFoundException");
    const creation = settings({ CodeSigningConfigArn: UNKNOWN });
    await missing(
      suite.lambda.send(new CreateFunctionCommand(creation)),
      message,
      "CodeSigningConfigNotFoundException",
    );
    await missing(
      suite.lambda.send(new GetFunctionCommand({ FunctionName: creation.FunctionName })),
      `Function not found: ${ARN}${creation.FunctionName}`,
    );
    for (const call of [() => attach("nobody", arn), () => attached("nobody"), () => detach("nobody")]) {
      await missing(call(), `Function not found: ${ARN}nobody`);
    }
    await suite.refused(attach(`${name}:1`, arn), {
      status: 400,
      name: "InvalidParameterValueException",
      message: /^This operation is permitted on Lambda functions only\./,
    });
  });

  test("are refused for container images, of functions that are made and that are there", async () => {
    const { arn } = await create();
    const {
      Runtime: _,
      Handler: __,
      ...image
    } = settings({
      PackageType: "Image",
      Code: { ImageUri: "000000000000.dkr.ecr.us-east-1.amazonaws.com/r:t" },
    });
    const refusal = {
      status: 400,
      name: "InvalidParameterValueException",
      message: "Code signing is not supported for functions with packageType Image.",
    };
    const creation = new CreateFunctionCommand({ ...image, CodeSigningConfigArn: arn });
    await suite.refused(suite.lambda.send(creation), refusal);
    await suite.lambda.send(new CreateFunctionCommand(image));
    await suite.refused(attach(String(image.FunctionName), arn), refusal);
  });

  test("break the model's constraints one past their border", async () => {
    const profiles = (count: number) => ({
      AllowedPublishers: { SigningProfileVersionArns: Array.from({ length: count }, () => PROFILE) },
    });
    await create(profiles(20));
    await violated(
      create(profiles(0)),
      /at 'allowedPublishers\.signingProfileVersionArns' .* greater than or equal to 1$/,
    );
    await violated(
      create(profiles(21)),
      /at 'allowedPublishers\.signingProfileVersionArns' .* less than or equal to 20$/,
    );
    await violated(
      create({ AllowedPublishers: { SigningProfileVersionArns: ["profile"] } }),
      /at 'allowedPublishers\.signingProfileVersionArns' failed to satisfy constraint: Member must satisfy constraint: /,
    );
    await violated(
      create({ AllowedPublishers: undefined as never }),
      /Value null at 'allowedPublishers' .* must not be null$/,
    );
    await create({ Description: "d".repeat(256) });
    await violated(create({ Description: "d".repeat(257) }), /at 'description' .* less than or equal to 256$/);
    await violated(
      create({ CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Ask" as "Warn" } }),
      /at 'codeSigningPolicies\.untrustedArtifactOnDeployment' .* enum value set: /,
    );
    await violated(get("csc-1"), /at 'codeSigningConfigArn' .* pattern: /);
  });
});
