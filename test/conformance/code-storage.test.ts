/** The account's room for deployment packages. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetAccountSettingsCommand,
  GetFunctionConfigurationCommand,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
} from "@aws-sdk/client-lambda";
import { CODE, settings, settled } from "../api/lambda/given.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { Suite } from "./suite.ts";

const EXCEEDED = { status: 400, name: "CodeStorageExceededException", message: "Code storage limit exceeded." };
const FunctionName = "stored";
/** Larger by far than CODE, and not to be compressed. */
const LARGE = zipOf({
  "index.js": "exports.handler = async () => 1;",
  data: "x".repeat(10) + CODE.toString("base64url"),
});

describe("an account's code storage", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start("process", { ALONZO_CODE_STORAGE: String(2 * CODE.length) });
  });
  after(() => suite.stop());

  const used = async () => (await suite.lambda.send(new GetAccountSettingsCommand({}))).AccountUsage?.TotalCodeSize;

  test("takes what fits to the byte, and refuses everything that is more", async () => {
    const { AccountLimit } = await suite.lambda.send(new GetAccountSettingsCommand({}));
    assert.equal(AccountLimit?.TotalCodeSize, 2 * CODE.length);
    const large = settings({ Code: { ZipFile: LARGE }, Publish: true });
    await suite.refused(suite.lambda.send(new CreateFunctionCommand(large)), EXCEEDED);

    await suite.lambda.send(new CreateFunctionCommand(settings({ FunctionName })));
    await settled(suite.region, FunctionName);
    assert.equal(await used(), CODE.length);
    const published = await suite.lambda.send(new PublishVersionCommand({ FunctionName }));
    assert.equal(published.Version, "1");
    assert.equal(await used(), 2 * CODE.length);

    await suite.refused(suite.lambda.send(new CreateFunctionCommand(settings())), EXCEEDED);
    await suite.refused(suite.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: LARGE })), EXCEEDED);
    const layer = { LayerName: "layer", Content: { ZipFile: CODE } };
    await suite.refused(suite.lambda.send(new PublishLayerVersionCommand(layer)), EXCEEDED);
    assert.equal(await used(), 2 * CODE.length);
  });

  test("refuses another version, and nothing has changed", async () => {
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier: "1" }));
    await suite.lambda.send(new PublishLayerVersionCommand({ LayerName: "layer", Content: { ZipFile: CODE } }));
    const before = await suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    await suite.refused(suite.lambda.send(new PublishVersionCommand({ FunctionName })), EXCEEDED);
    const after = await suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    assert.equal(after.RevisionId, before.RevisionId);
  });
});
