/** Functions whose code is a container image: which members go with them, and how they are shown. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  GetFunctionCommand,
  InvokeCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { activeFunction, CODE, newName, ROLE, settings, settled } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const URI = "000000000000.dkr.ecr.us-east-1.amazonaws.com/app";
const DIGEST = "0123456789abcdef".repeat(4);

describe("container images", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const image = (more: Partial<CreateFunctionCommandInput> = {}): CreateFunctionCommandInput => ({
    FunctionName: newName(),
    Role: ROLE,
    PackageType: "Image",
    Code: { ImageUri: `${URI}:1` },
    ...more,
  });
  const create = (more?: Partial<CreateFunctionCommandInput>) =>
    suite.lambda.send(new CreateFunctionCommand(image(more)));
  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });

  test("are kept as they were given, and say that they cannot be run here", async () => {
    const config = { EntryPoint: ["/boot"], Command: ["app.handler", "x"], WorkingDirectory: "/srv" };
    const { FunctionName } = await create({ ImageConfig: config, Architectures: ["arm64"], Publish: true });
    await suite.restart();
    const failed = await settled(suite.region, String(FunctionName));
    assert.deepEqual(
      [failed.State, failed.StateReasonCode, failed.StateReason],
      [
        "Failed",
        "ImageAccessDenied",
        "Container images take the isolation driver `container`, which this region does not use.",
      ],
    );
    assert.deepEqual(failed.ImageConfigResponse, { ImageConfig: config });
    assert.deepEqual(
      [failed.PackageType, failed.Runtime, failed.Handler, failed.CodeSize, failed.CodeSha256, failed.Architectures],
      ["Image", undefined, undefined, 0, undefined, ["arm64"]],
    );
    const { Code } = await suite.lambda.send(new GetFunctionCommand({ FunctionName }));
    assert.deepEqual(Code, { RepositoryType: "ECR", ImageUri: `${URI}:1` });
    await suite.refused(suite.lambda.send(new InvokeCommand({ FunctionName })), {
      status: 409,
      name: "ResourceConflictException",
      message:
        "The operation cannot be performed at this time. The function is currently in the following state: Failed",
    });
  });

  test("that are pinned show their digest", async () => {
    const { FunctionName, CodeSha256 } = await create({ Code: { ImageUri: `${URI}:1@sha256:${DIGEST}` } });
    assert.equal(CodeSha256, DIGEST);
    const { Code } = await suite.lambda.send(new GetFunctionCommand({ FunctionName }));
    assert.equal(Code?.ResolvedImageUri, `${URI}@sha256:${DIGEST}`);
  });

  test("of any registry are named in one form", async () => {
    for (const ImageUri of ["app", "localhost:5000/team/app", `app@sha256:${DIGEST}`, "r.example/a_b/c.d__e:V1.0-x"]) {
      assert.equal((await create({ Code: { ImageUri } })).PackageType, "Image");
    }
    for (const ImageUri of [
      "",
      "App",
      "https://r.example/app",
      "app:",
      "app@sha256:1",
      "a//b",
      "a b",
      `${"a".repeat(1025)}`,
    ]) {
      await invalid(
        create({ Code: { ImageUri } }),
        `Source image ${ImageUri} is not valid. Provide a valid source image.`,
      );
    }
  });

  test("go with no member of zips, and zips with none of theirs", async () => {
    const ofZips = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.";
    await invalid(create({ Runtime: "nodejs22.x" }), ofZips);
    await invalid(create({ Handler: "h" }), ofZips);
    await invalid(create({ Layers: ["arn:aws:lambda:us-east-1:000000000000:layer:l:1"] }), ofZips);
    await invalid(
      create({ Code: { ZipFile: CODE } }),
      "Please provide ImageUri when creating a function with packageType Image.",
    );
    const other = "Please do not provide other FunctionCode parameters when providing";
    await invalid(create({ Code: { ImageUri: URI, S3Bucket: "bucket" } }), `${other} an ImageUri.`);
    await invalid(create({ Code: { ImageUri: URI, ZipFile: CODE } }), `${other} a ZipFile.`);
    await invalid(
      create({ SnapStart: { ApplyOn: "PublishedVersions" } }),
      "SnapStart is not supported for functions with packageType Image.",
    );
    const zip = (more: Partial<CreateFunctionCommandInput>) =>
      suite.lambda.send(new CreateFunctionCommand(settings(more)));
    await invalid(zip({ Code: { ImageUri: URI } }), "Please provide a source for function code.");
    await invalid(
      zip({ ImageConfig: { Command: ["x"] } }),
      "Please don't provide ImageConfig for a function with packageType Zip.",
    );
    await invalid(
      suite.lambda.send(new CreateFunctionCommand({ FunctionName: newName(), Role: ROLE, Code: { ImageUri: URI } })),
      "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
    );
  });

  test("can be replaced by images only, zips by zips only", async () => {
    const { FunctionName } = await create();
    await settled(suite.region, String(FunctionName));
    const code = (more: object, of = FunctionName) =>
      suite.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: of, ...more }));
    await invalid(code({ ZipFile: CODE }), "Please provide ImageUri when updating a function with packageType Image.");
    const zip = await activeFunction(suite.region);
    await invalid(
      code({ ImageUri: URI }, zip),
      "Please don't provide ImageUri when updating a function with packageType Zip.",
    );
    await code({ ImageUri: `${URI}:2`, DryRun: true });
    await code({ ImageUri: `${URI}:3` });
    assert.equal((await settled(suite.region, String(FunctionName))).LastUpdateStatus, "Failed");
    const { Code } = await suite.lambda.send(new GetFunctionCommand({ FunctionName }));
    assert.equal(Code?.ImageUri, `${URI}:3`);
  });

  test("have settings of 16 KB, and not more", async () => {
    // {"command":["..."]} around it.
    const longest = "x".repeat(16_384 - 16);
    assert.ok((await create({ ImageConfig: { Command: [longest] } })).ImageConfigResponse);
    await invalid(
      create({ ImageConfig: { Command: [`${longest}x`] } }),
      "ImageConfig must not be larger than 16384 bytes.",
    );
  });

  test("have settings of their own that an empty ImageConfig clears", async () => {
    const { FunctionName } = await create({ ImageConfig: { Command: ["x"], WorkingDirectory: "/w" } });
    const update = async (more: object) => {
      await settled(suite.region, String(FunctionName));
      return suite.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, ...more }));
    };
    assert.deepEqual((await update({ ImageConfig: { EntryPoint: ["y"] } })).ImageConfigResponse, {
      ImageConfig: { EntryPoint: ["y"] },
    });
    assert.ok((await update({ Timeout: 9 })).ImageConfigResponse);
    assert.equal((await update({ ImageConfig: {} })).ImageConfigResponse, undefined);
    await invalid(
      update({ Runtime: "nodejs22.x" }),
      "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
    );
    await suite.refused(update({ ImageConfig: { WorkingDirectory: "w".repeat(1001) } }), {
      status: 400,
      name: "ValidationException",
      message:
        /at 'imageConfig\.workingDirectory' failed to satisfy constraint: Member must have length less than or equal to 1000$/,
    });
  });
});
