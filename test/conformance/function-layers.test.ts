/** Layers of functions: what Lambda demands of them, how they are shown, and that a function keeps what it was given. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteLayerVersionCommand,
  GetFunctionCommand,
  ListFunctionsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { activeFunction, CODE, settings, settled } from "../api/lambda/given.ts";
import { zipOfEntries } from "../api/lambda/zip.ts";
import { contentOf, LAYER_ARN, publish } from "./layer-suite.ts";
import { Suite } from "./suite.ts";

const MAX_UNZIPPED_BYTES = 262_144_000;
const TOO_LARGE = `Unzipped size must be smaller than ${MAX_UNZIPPED_BYTES} bytes`;
const REGION = "Layers are not in the same region as the function. Layers are expected to be in region us-east-1.";

/** So many bytes unzipped, few when packed, which is quick. */
function zipOfSize(bytes: number): Buffer {
  const file = (name: string, size: number) => {
    const content = Buffer.alloc(size);
    return { name, content, packed: deflateRawSync(content, { level: 1 }), mode: 0o100644 };
  };
  const full = Math.floor(bytes / 2);
  return zipOfEntries([file("a", full), file("b", bytes - full)]);
}

describe("layers of functions", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const create = (more: Partial<CreateFunctionCommandInput>) =>
    suite.lambda.send(new CreateFunctionCommand(settings(more)));
  const update = (FunctionName: string, Layers: string[]) =>
    suite.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Layers }));
  const layer = (text: string) => publish(suite, { Content: { ZipFile: contentOf(text) } });
  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });

  test("are shown in their order wherever the function is, and cleared by an empty list", async () => {
    const [one, two] = [await layer("one"), await layer("the second")];
    const shown = [two, one].map(({ LayerVersionArn: Arn, Content }) => ({ Arn, CodeSize: Content?.CodeSize }));
    const arns = [two, one].map(({ LayerVersionArn }) => String(LayerVersionArn));
    const input = settings({ Layers: arns });
    const FunctionName = String(input.FunctionName);
    assert.deepEqual((await suite.lambda.send(new CreateFunctionCommand(input))).Layers, shown);
    await settled(suite.region, FunctionName);
    const version = await suite.lambda.send(new PublishVersionCommand({ FunctionName }));
    assert.deepEqual(version.Layers, shown);
    await suite.restart();
    const { Configuration } = await suite.lambda.send(new GetFunctionCommand({ FunctionName }));
    assert.deepEqual(Configuration?.Layers, shown);
    const { Functions = [] } = await suite.lambda.send(new ListFunctionsCommand({}));
    assert.deepEqual(Functions.find((one) => one.FunctionName === FunctionName)?.Layers, shown);

    const untouched = await suite.lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName, Description: "no word of layers" }),
    );
    assert.deepEqual(untouched.Layers, shown);
    await settled(suite.region, FunctionName);
    assert.equal((await update(FunctionName, [])).Layers, undefined);
    assert.equal((await settled(suite.region, FunctionName)).Layers, undefined);
    await suite.restart();
    const { Versions } = await suite.lambda.send(new ListVersionsByFunctionCommand({ FunctionName }));
    assert.deepEqual(
      Versions?.map(({ Version, Layers }) => [Version, Layers]),
      [
        ["$LATEST", undefined],
        ["1", shown],
      ],
    );
    const again = await suite.lambda.send(new PublishVersionCommand({ FunctionName }));
    assert.equal(again.Version, "2", "other layers are a change to publish");
    assert.equal((await update(FunctionName, arns)).Layers?.length, 2);
  });

  test("a function keeps a deleted version, which none can be given anew", async () => {
    const { LayerVersionArn: arn = "", LayerArn: LayerName = "" } = await layer("to be deleted");
    const name = await activeFunction(suite.region, { Layers: [arn] });
    await suite.lambda.send(new DeleteLayerVersionCommand({ LayerName, VersionNumber: 1 }));
    await suite.restart();
    assert.equal((await settled(suite.region, name)).Layers?.[0]?.Arn, arn);
    await suite.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: CODE }));
    assert.equal((await settled(suite.region, name)).Layers?.[0]?.Arn, arn);
    await invalid(create({ Layers: [arn] }), `Layer version ${arn} does not exist.`);
    await invalid(update(await activeFunction(suite.region), [arn]), `Layer version ${arn} does not exist.`);
  });

  test("no more than five, no layer twice, none of another region, none that does not exist", async () => {
    const name = await activeFunction(suite.region);
    const versions: string[] = [];
    for (let i = 0; i < 6; i += 1) versions.push(String((await layer(`${i}`)).LayerVersionArn));
    const [first = ""] = versions;
    const next = `${first.slice(0, -1)}2`;
    const twice = (one: string, other: string) =>
      `Two different versions of the same layer are not allowed to be referenced in the same function. ${one} and ${other} are versions of the same layer.`;
    const awsLayers = ["arn:aws:lambda:::awslayer:AmazonLinux1803", "arn:aws:lambda:::awslayer:AmazonLinux1703"];
    for (const set of [(Layers: string[]) => create({ Layers }), (Layers: string[]) => update(name, Layers)]) {
      await invalid(set(versions), "Cannot reference more than 5 layers.");
      await invalid(set([first, next]), twice(first, next));
      await invalid(set([first, first]), twice(first, first));
      await invalid(set([first.replace("us-east-1", "eu-west-1")]), REGION);
      await invalid(set([next]), `Layer version ${next} does not exist.`);
      await invalid(set([`${LAYER_ARN}nobody:1`]), `Layer version ${LAYER_ARN}nobody:1 does not exist.`);
      await invalid(set([`${LAYER_ARN}nobody:0`]), `Layer version ${LAYER_ARN}nobody:0 does not exist.`);
      await invalid(set(awsLayers), `Layer version ${awsLayers[0]} does not exist.`);
      const foreign = first.replace("000000000000", "123456789012");
      await suite.refused(set([foreign]), {
        status: 403,
        name: "AccessDeniedException",
        message: `User: arn:aws:iam::000000000000:root is not authorized to perform: lambda:GetLayerVersion on resource: ${foreign} because no resource-based policy allows the lambda:GetLayerVersion action`,
      });
      await suite.refused(set([first.slice(0, -2)]), {
        status: 400,
        name: "ValidationException",
        message:
          /^1 validation error detected: Value '\[arn:.*\]' at 'layers' failed to satisfy constraint: Member must/,
      });
    }
    assert.equal((await settled(suite.region, name)).Layers, undefined);
    await update(name, versions.slice(1));
    assert.equal((await settled(suite.region, name)).Layers?.length, 5);
  });

  test("code and layers have 262,144,000 bytes together, whichever of them comes last", async () => {
    const code = zipOfSize(1000);
    const Layers: string[] = [];
    for (const bytes of [MAX_UNZIPPED_BYTES - 3000, 2000]) {
      Layers.push(String((await publish(suite, { Content: { ZipFile: zipOfSize(bytes) } })).LayerVersionArn));
    }
    await invalid(create({ Code: { ZipFile: zipOfSize(1001) }, Layers }), TOO_LARGE);
    const name = await activeFunction(suite.region, { Code: { ZipFile: code }, Layers });
    const send = (ZipFile: Buffer, DryRun = false) =>
      suite.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile, DryRun }));
    await invalid(send(zipOfSize(1001), true), TOO_LARGE);
    await invalid(send(zipOfSize(1001)), TOO_LARGE);
    await send(zipOfSize(999));
    await settled(suite.region, name);
    await update(name, []);
    await settled(suite.region, name);
    await send(zipOfSize(1001));
    await settled(suite.region, name);
    await invalid(update(name, Layers), TOO_LARGE);
    await update(name, Layers.slice(1));
  });
});
