import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  ListFunctionsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
} from "@aws-sdk/client-lambda";
import { TestRegion } from "../../test-region.ts";
import { ARN, activeFunction, CODE, invalid, notFound, settled } from "./given.ts";

let region: TestRegion;
before(async () => {
  region = await TestRegion.start();
});
after(() => region.stop());

test("a marker goes on in its own list, and is refused by every other and when tampered with", async () => {
  const [one, two] = [await activeFunction(region), await activeFunction(region)];
  for (const name of [one, two]) await region.lambda.send(new PublishVersionCommand({ FunctionName: name }));
  const functions = (Marker: string, more: { FunctionVersion?: "ALL" } = {}) =>
    region.lambda.send(new ListFunctionsCommand({ Marker, ...more }));
  const versions = (FunctionName: string, Marker: string) =>
    region.lambda.send(new ListVersionsByFunctionCommand({ FunctionName, Marker }));
  const { NextMarker: ofFunctions = "" } = await region.lambda.send(new ListFunctionsCommand({ MaxItems: 1 }));
  const { NextMarker: ofVersions = "" } = await region.lambda.send(
    new ListVersionsByFunctionCommand({ FunctionName: one, MaxItems: 1 }),
  );

  assert.deepEqual(
    (await functions(ofFunctions)).Functions?.map(({ FunctionName }) => FunctionName),
    [two],
  );
  assert.deepEqual(
    (await versions(one, ofVersions)).Versions?.map(({ Version }) => Version),
    ["1"],
  );
  const message = "The provided marker is invalid.";
  await invalid(versions(one, ofFunctions), message);
  await invalid(versions(two, ofVersions), message);
  await invalid(functions(ofVersions), message);
  await invalid(functions(ofFunctions, { FunctionVersion: "ALL" }), message);
  await invalid(functions(`!!${ofFunctions}`), message);
  await invalid(functions("abc"), message);
});

test("an update of code is refused for what it lacks before it is for the function that it means", async () => {
  const update = (input: Partial<ConstructorParameters<typeof UpdateFunctionCodeCommand>[0]>) =>
    region.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: "nobody", ...input }));
  await invalid(update({}), "Please provide a source for function code.");
  await notFound(update({ ZipFile: CODE }), `Function not found: ${ARN}nobody`);
});

test("a dry run shows the architecture that the update would give, and gives it not", async () => {
  const name = await activeFunction(region);
  const { Architectures: shown } = await region.lambda.send(
    new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: CODE, Architectures: ["arm64"], DryRun: true }),
  );
  assert.deepEqual(shown, ["arm64"]);
  assert.deepEqual((await settled(region, name)).Architectures, ["x86_64"]);
});
