/** What code signing configurations do to code: signatures are OpenSSL's, or have AWS Signer's attributes. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import {
  CreateCodeSigningConfigCommand,
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  PutFunctionCodeSigningConfigCommand,
  UpdateCodeSigningConfigCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, settings, settled } from "../api/lambda/given.ts";
import { zipOfEntries } from "../api/lambda/zip.ts";
import { SIGNATURE_ENTRY, TestSigner } from "../test-signing.ts";
import { Suite } from "./suite.ts";

const PROFILE = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/team/abcdefghij";
const OTHER = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/other/abcdefghij";
const JOB = "arn:aws:signer:us-east-1:000000000000:/signing-jobs/6f2b1c1e-0000-4000-8000-000000000000";
const FILES = { "index.js": "exports.handler = async () => 'signed';", "META_INF/": "" };
const UNSIGNED = packed(FILES);

describe("code signing", () => {
  const signer = new TestSigner();
  let suite: Suite;
  let enforcing: string;
  let warning: string;
  before(async () => {
    signer.root("root");
    signer.leaf("leaf", "root");
    signer.root("stranger");
    signer.root("elsewhere");
    const profiles = { [PROFILE]: "root.pem", [OTHER]: ["elsewhere.pem"] };
    writeFileSync(signer.path("profiles.json"), JSON.stringify(profiles));
    suite = await Suite.start("process", { ALONZO_SIGNING_PROFILES: signer.path("profiles.json") });
    enforcing = await config("Enforce");
    warning = await config("Warn");
  });
  after(async () => {
    await suite.stop();
    signer[Symbol.dispose]();
  });

  const config = async (UntrustedArtifactOnDeployment: "Enforce" | "Warn") => {
    const { CodeSigningConfig } = await suite.lambda.send(
      new CreateCodeSigningConfigCommand({
        AllowedPublishers: { SigningProfileVersionArns: [PROFILE] },
        CodeSigningPolicies: { UntrustedArtifactOnDeployment },
      }),
    );
    return String(CodeSigningConfig?.CodeSigningConfigArn);
  };
  const signed = (signature: string) => packed({ ...FILES, [SIGNATURE_ENTRY]: signature });
  const create = (ZipFile: Uint8Array, more: Partial<CreateFunctionCommandInput> = {}) =>
    suite.lambda.send(new CreateFunctionCommand(settings({ Code: { ZipFile }, ...more })));
  const untrusted = (name: string) => ({
    status: 400,
    name: "CodeVerificationFailedException",
    message: `Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for ${ARN}${name}.`,
  });
  const broken = (name: string) => ({
    status: 400,
    name: "InvalidCodeSignatureException",
    message: `Lambda cannot deploy the function. The code signature failed the integrity check. Check the provided signature for ${ARN}${name}.`,
  });

  test("that enforces admits what an allowed profile signed, which runs and tells who signed it", async () => {
    const claims = { profileVersionArn: PROFILE, jobArn: JOB, expires: new Date(Date.now() + 86_400_000) };
    const zip = signed(await signer.awsSignature(FILES, "leaf", "root", claims));
    const name = await suite.region.deploy({
      runtime: "nodejs22.x",
      zip,
      more: { CodeSigningConfigArn: enforcing },
    });
    assert.equal((await suite.region.invoke(name)).text, '"signed"');
    await suite.restart();
    const { Configuration } = await suite.lambda.send(new GetFunctionCommand({ FunctionName: name }));
    assert.equal(Configuration?.SigningProfileVersionArn, PROFILE);
    assert.equal(Configuration?.SigningJobArn, JOB);
    const version = await suite.lambda.send(new PublishVersionCommand({ FunctionName: name }));
    assert.equal(version.SigningJobArn, JOB);

    const again = await suite.lambda.send(
      new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: signed(signer.signature(FILES, "leaf")) }),
    );
    assert.equal(again.SigningProfileVersionArn, PROFILE);
    assert.equal(again.SigningJobArn, undefined, "OpenSSL names no job");
  });

  test("that enforces refuses what is unsigned, of a stranger, of another profile, or expired", async () => {
    const expired = { profileVersionArn: PROFILE, expires: new Date(Date.now() - 1_000) };
    const zips = [
      UNSIGNED,
      signed(signer.signature(FILES, "stranger")),
      signed(signer.signature(FILES, "elsewhere")),
      signed(await signer.awsSignature(FILES, "leaf", "root", { profileVersionArn: OTHER })),
      signed(await signer.awsSignature(FILES, "leaf", "root", expired)),
    ];
    const name = await activeFunction(suite.region);
    const before = await suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    await suite.lambda.send(
      new PutFunctionCodeSigningConfigCommand({ FunctionName: name, CodeSigningConfigArn: enforcing }),
    );
    for (const ZipFile of zips) {
      const update = { FunctionName: name, ZipFile };
      await suite.refused(suite.lambda.send(new UpdateFunctionCodeCommand(update)), untrusted(name));
      const dryRun = new UpdateFunctionCodeCommand({ ...update, DryRun: true });
      await suite.refused(suite.lambda.send(dryRun), untrusted(name));
      const creation = create(ZipFile, { FunctionName: "refused", CodeSigningConfigArn: enforcing });
      await suite.refused(creation, untrusted("refused"));
    }
    const now = await suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    assert.deepEqual({ ...now, $metadata: 0 }, { ...before, $metadata: 0 });
    await suite.refused(suite.lambda.send(new GetFunctionCommand({ FunctionName: "refused" })), {
      status: 404,
      name: "ResourceNotFoundException",
      message: `Function not found: ${ARN}refused`,
    });
  });

  test("refuses a signature that does not fit the code, even where it only warns", async () => {
    const zip = signed(signer.signature({ "index.js": "other" }, "leaf"));
    for (const CodeSigningConfigArn of [enforcing, warning]) {
      await suite.refused(create(zip, { FunctionName: "broken", CodeSigningConfigArn }), broken("broken"));
    }
  });

  test("that warns admits other code and says nothing of a signer", async () => {
    const zips = [UNSIGNED, signed(signer.signature(FILES, "stranger"))];
    for (const zip of zips) {
      const made = await create(zip, { CodeSigningConfigArn: warning });
      assert.equal(made.SigningProfileVersionArn, undefined);
      assert.match(suite.region.stderr, new RegExp(`WARN untrusted code was deployed arn="${made.FunctionArn}"`));
    }
  });

  test("is as the configuration says at the time, and leaves code alone that is there", async () => {
    const own = await config("Warn");
    const made = await create(UNSIGNED, { CodeSigningConfigArn: own });
    const name = String(made.FunctionName);
    await settled(suite.region, name);
    await suite.lambda.send(
      new UpdateCodeSigningConfigCommand({
        CodeSigningConfigArn: own,
        CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Enforce" },
      }),
    );
    assert.equal((await suite.region.invoke(name)).text, '"signed"');
    const update = new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: UNSIGNED });
    await suite.refused(suite.lambda.send(update), untrusted(name));
  });

  test("holds layers to the configuration of the function that refers to them", async () => {
    const publish = async (ZipFile: Uint8Array) =>
      suite.lambda.send(new PublishLayerVersionCommand({ LayerName: "l", Content: { ZipFile } }));
    const good = signed(signer.signature(FILES, "leaf"));
    const trusted = await publish(good);
    assert.equal(trusted.Content?.SigningProfileVersionArn, PROFILE);
    const stranger = await publish(signed(signer.signature(FILES, "stranger")));
    assert.equal(stranger.Content?.SigningProfileVersionArn, undefined);
    const broken = await publish(signed(signer.signature({ other: "" }, "leaf")));
    const refusals = [
      { arn: String(stranger.LayerVersionArn), name: "CodeVerificationFailedException" },
      { arn: String(broken.LayerVersionArn), name: "InvalidCodeSignatureException" },
    ];

    const made = await create(good, { CodeSigningConfigArn: enforcing, Layers: [String(trusted.LayerVersionArn)] });
    assert.equal(made.Layers?.[0]?.SigningProfileVersionArn, PROFILE);
    await settled(suite.region, String(made.FunctionName));
    for (const { arn, name } of refusals) {
      const refusal = { status: 400, name, message: new RegExp(`Check the provided signature for ${arn}\\.$`) };
      const more = { CodeSigningConfigArn: enforcing, Layers: [arn] };
      await suite.refused(create(good, { ...more, FunctionName: "layered" }), refusal);
      const update = new UpdateFunctionConfigurationCommand({ FunctionName: made.FunctionName, Layers: [arn] });
      await suite.refused(suite.lambda.send(update), refusal);
    }
    await create(good, { CodeSigningConfigArn: warning, Layers: [String(stranger.LayerVersionArn)] });
    await create(UNSIGNED, { Layers: [String(broken.LayerVersionArn)] });
  });

  test("is no matter of functions without a configuration, though it is told who signed", async () => {
    const name = await activeFunction(suite.region, {
      Code: { ZipFile: signed(signer.signature(FILES, "leaf")) },
    });
    const read = () => suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    assert.equal((await read()).SigningProfileVersionArn, PROFILE);
    await suite.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: UNSIGNED }));
    assert.equal((await read()).SigningProfileVersionArn, undefined);
  });
});

/** In this order, directories too. */
function packed(files: Readonly<Record<string, string>>): Buffer {
  return zipOfEntries(Object.entries(files).map(([name, content]) => ({ name, content })));
}
