/** Published versions: PublishVersion, ListVersionsByFunction, and what stays as it was when `$LATEST` goes on. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  DeleteFunctionCommand,
  type FunctionConfiguration,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  ListVersionsByFunctionCommand,
  type ListVersionsByFunctionCommandInput,
  PublishVersionCommand,
  type PublishVersionCommandInput,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationCommandInput,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, CODE, settings, settled } from "../api/lambda/given.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { Suite } from "./suite.ts";

const OTHER_CODE = zipOf({ "index.js": "exports.handler = async () => 2;" });
const UNQUALIFIED_ONLY =
  "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.";

describe("versions", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const publish = (FunctionName: string, more: Partial<PublishVersionCommandInput> = {}) =>
    suite.lambda.send(new PublishVersionCommand({ FunctionName, ...more }));
  const list = (FunctionName: string, more: Partial<ListVersionsByFunctionCommandInput> = {}) =>
    suite.lambda.send(new ListVersionsByFunctionCommand({ FunctionName, ...more }));
  const get = async (FunctionName: string, Qualifier = "$LATEST"): Promise<FunctionConfiguration> => {
    const answer = await suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier }));
    const { $metadata: _, ...configuration } = answer;
    return configuration;
  };
  async function configure(name: string, change: Partial<UpdateFunctionConfigurationCommandInput>): Promise<void> {
    await suite.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, ...change }));
    await settled(suite.region, name);
  }
  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const notFound = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 404, name: "ResourceNotFoundException", message });
  const violation = (call: Promise<unknown>, message: RegExp) =>
    suite.refused(call, { status: 400, name: "ValidationException", message });

  test("are published with what $LATEST is, which gets a new revision by it", async () => {
    const name = await activeFunction(suite.region, { Description: "of the function" });
    const before = await get(name);
    const { $metadata, ...version } = await publish(name, { Description: "of the version" });
    assert.equal($metadata.httpStatusCode, 201);
    assert.notEqual(version.RevisionId, before.RevisionId);
    assert.deepEqual(version, {
      ...before,
      FunctionArn: `${ARN}${name}:1`,
      Version: "1",
      Description: "of the version",
      RevisionId: version.RevisionId,
    });
    assert.deepEqual(await get(name, "1"), version);
    const after = await get(name);
    assert.notEqual(after.RevisionId, before.RevisionId);
    assert.deepEqual({ ...after, RevisionId: before.RevisionId }, before);
  });

  test("are made only of changes: of none, or of a description alone, the newest is answered again", async () => {
    const name = await activeFunction(suite.region);
    const { $metadata: _, ...first } = await publish(name);
    const { RevisionId: revision } = await get(name);
    const { $metadata, ...again } = await publish(name, { Description: "another" });
    assert.deepEqual([$metadata.httpStatusCode, again], [201, first]);
    assert.equal((await get(name)).RevisionId, revision, "nothing was published, so $LATEST is as it was");
    await configure(name, { Description: "new" });
    assert.equal((await publish(name)).Version, "1");
    await configure(name, { Environment: { Variables: { KEY: "1" } } });
    assert.equal((await publish(name)).Version, "2");
    await suite.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: OTHER_CODE }));
    await settled(suite.region, name);
    assert.equal((await publish(name)).Version, "3");
  });

  test("never change, whatever becomes of $LATEST, a crash included", async () => {
    const name = await activeFunction(suite.region, { Environment: { Variables: { KEY: "1" } } });
    await publish(name);
    const version = await get(name, "1");
    await configure(name, { Environment: { Variables: { KEY: "2" } }, MemorySize: 512, Timeout: 9 });
    await suite.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: OTHER_CODE }));
    await settled(suite.region, name);
    await suite.restart();
    assert.deepEqual(await get(name, "1"), version);
    const { Code } = await suite.lambda.send(new GetFunctionCommand({ FunctionName: name, Qualifier: "1" }));
    const response = await fetch(String(Code?.Location));
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), CODE);
  });

  test("have numbers that grow and are given once, however they are published", async () => {
    const input = settings({ Publish: true });
    const name = String(input.FunctionName);
    await activeFunction(suite.region, input);
    assert.deepEqual([(await get(name, "1")).Version, (await publish(name)).Version], ["1", "1"]);
    await configure(name, { Timeout: 4 });
    assert.equal((await publish(name)).Version, "2");
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: name, Qualifier: "2" }));
    await configure(name, { Timeout: 5 });
    await suite.restart();
    assert.equal((await publish(name)).Version, "3");
    const withCode = await suite.lambda.send(
      new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: OTHER_CODE, Publish: true }),
    );
    assert.deepEqual([withCode.Version, withCode.FunctionArn, withCode.State], ["4", `${ARN}${name}:4`, "Pending"]);
  });

  test("are published only of the code and the revision that the caller knows, when it says so", async () => {
    const name = await activeFunction(suite.region);
    const { CodeSha256 = "", RevisionId = "" } = await get(name);
    await invalid(
      publish(name, { CodeSha256: "other" }),
      `CodeSHA256 (other) is different from current CodeSHA256 in $LATEST (${CodeSha256}). Please try again with the CodeSHA256 in $LATEST.`,
    );
    await suite.refused(publish(name, { RevisionId: "other" }), {
      status: 412,
      name: "PreconditionFailedException",
      message:
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
    });
    assert.equal((await list(name)).Versions?.length, 1, "what was refused has published nothing");
    assert.equal((await publish(name, { CodeSha256, RevisionId })).Version, "1");
    await suite.refused(publish(name, { RevisionId }), {
      status: 412,
      name: "PreconditionFailedException",
      message: /^The Revision Id provided does not match/,
    });
  });

  test("are published of functions that exist, by their unqualified names, and not to $LATEST.PUBLISHED", async () => {
    const name = await activeFunction(suite.region);
    await notFound(publish("nobody"), `Function not found: ${ARN}nobody`);
    await notFound(list("nobody"), `Function not found: ${ARN}nobody`);
    await invalid(publish(`${name}:1`), UNQUALIFIED_ONLY);
    await invalid(
      publish(name, { PublishTo: "LATEST_PUBLISHED" }),
      "PublishTo LATEST_PUBLISHED is only supported for functions with a capacity provider.",
    );
    await violation(publish(name, { PublishTo: "x" as "LATEST_PUBLISHED" }), /'publishTo' .* \[LATEST_PUBLISHED\]/);
    await violation(publish(name, { Description: "d".repeat(257) }), /'description' .* less than or equal to 256/);
    assert.equal((await publish(`${ARN}${name}`, { Description: "d".repeat(256) })).Version, "1");
  });

  test("are listed behind $LATEST, oldest first, page by page, without their states", async () => {
    const name = await activeFunction(suite.region, { Publish: true });
    for (const Timeout of [4, 5, 6]) {
      await configure(name, { Timeout });
      await publish(name);
    }
    const { Versions = [], NextMarker } = await list(name);
    assert.deepEqual(
      Versions.map(({ Version, FunctionArn }) => [Version, FunctionArn]),
      ["$LATEST", "1", "2", "3", "4"].map((version) => [version, `${ARN}${name}:${version}`]),
    );
    assert.equal(NextMarker, undefined);
    const unlisted = ["State", "StateReason", "LastUpdateStatus", "RuntimeVersionConfig"] as const;
    for (const version of Versions) for (const member of unlisted) assert.equal(version[member], undefined, member);
    const { State: _, LastUpdateStatus: __, RuntimeVersionConfig: ___, ...shown } = await get(name, "2");
    assert.deepEqual(Versions[2], shown);

    const pages: unknown[] = [];
    let Marker: string | undefined;
    do {
      const page = await list(name, { MaxItems: 2, ...(Marker && { Marker }) });
      pages.push(page.Versions?.map(({ Version }) => Version));
      Marker = page.NextMarker;
    } while (Marker);
    assert.deepEqual(pages, [["$LATEST", "1"], ["2", "3"], ["4"]]);
    await invalid(list(name, { Marker: "nonsense" }), "The provided marker is invalid.");
    assert.equal((await list(name, { MaxItems: 10_000 })).Versions?.length, 5);
    await violation(list(name, { MaxItems: 0 }), /Value '0' at 'maxItems' .* greater than or equal to 1/);
    await violation(list(name, { MaxItems: 10_001 }), /Value '10001' at 'maxItems' .* less than or equal to 10000/);
    await invalid(list(`${name}:1`), UNQUALIFIED_ONLY);
  });

  test("that are many are listed fifty to a page", async () => {
    const name = await activeFunction(suite.region);
    for (let Timeout = 10; Timeout < 65; Timeout++) {
      await configure(name, { Timeout });
      await publish(name);
    }
    const first = await list(name, { MaxItems: 10_000 });
    assert.deepEqual([first.Versions?.length, first.Versions?.at(-1)?.Version], [50, "49"]);
    const rest = await list(name, { ...(first.NextMarker && { Marker: first.NextMarker }) });
    assert.deepEqual([rest.Versions?.length, rest.Versions?.at(-1)?.Version, rest.NextMarker], [6, "55", undefined]);
  });
});
