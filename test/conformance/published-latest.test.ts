/** `$LATEST.PUBLISHED`: what unqualified invocations of functions with a capacity provider run, published anew in its place. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  GetFunctionScalingConfigCommand,
  InvokeCommand,
  ListFunctionVersionsByCapacityProviderCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  PutFunctionScalingConfigCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, CODE, settings, settled } from "../api/lambda/given.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { activeProvider, using } from "./capacity.ts";
import { Suite } from "./suite.ts";

const QUALIFIER = "$LATEST.PUBLISHED";
const TO = { PublishTo: "LATEST_PUBLISHED" } as const;

/** Answers what it is called, which version it is, and this text. */
const telling = (text: string) =>
  zipOf({
    "index.js": `exports.handler = async (_, { invokedFunctionArn, functionVersion }) => [invokedFunctionArn, functionVersion, "${text}"];`,
  });

describe("$LATEST.PUBLISHED", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start("auto");
    await activeProvider(suite, "provider");
  });
  after(() => suite.stop());

  const made = (more: Partial<CreateFunctionCommandInput> = {}) =>
    activeFunction(suite.region, { ...using("provider"), Timeout: 20, ...more });
  const publish = (FunctionName: string, more: object = TO) =>
    suite.lambda.send(new PublishVersionCommand({ FunctionName, ...more }));
  const published = async (name: string, more: object = TO) => {
    await publish(name, more);
    return settled(suite.region, name, QUALIFIER);
  };
  const code = (FunctionName: string, more: object) =>
    suite.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ...more }));
  const get = (FunctionName: string, Qualifier = QUALIFIER) =>
    suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier }));
  const invoke = async (FunctionName: string, Qualifier?: string) => {
    const answer = await suite.lambda.send(new InvokeCommand({ FunctionName, ...(Qualifier && { Qualifier }) }));
    assert.equal(answer.FunctionError, undefined);
    return { version: answer.ExecutedVersion, answer: JSON.parse(Buffer.from(answer.Payload ?? []).toString()) };
  };
  const versions = async (FunctionName: string) => {
    const { Versions = [] } = await suite.lambda.send(new ListVersionsByFunctionCommand({ FunctionName }));
    return Versions.map(({ Version, FunctionArn }) => {
      assert.equal(FunctionArn, `${ARN}${FunctionName}:${Version}`);
      return Version;
    });
  };
  const remove = (FunctionName: string, Qualifier?: string) =>
    suite.lambda.send(new DeleteFunctionCommand({ FunctionName, ...(Qualifier && { Qualifier }) }));
  const unknown = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 404, name: "ResourceNotFoundException", message });
  const nonePublished = (call: Promise<unknown>, message: RegExp) =>
    suite.refused(call, { status: 400, name: "NoPublishedVersionException", message });

  test("is published, shown and listed behind $LATEST, and stays as it is when $LATEST changes", async () => {
    const name = await made();
    const answer = await publish(name, { ...TO, Description: "first" });
    assert.deepEqual(
      [answer.$metadata.httpStatusCode, answer.Version, answer.FunctionArn, answer.State, answer.Description],
      [201, QUALIFIER, `${ARN}${name}:${QUALIFIER}`, "Pending", "first"],
    );
    assert.equal((await settled(suite.region, name, QUALIFIER)).State, "Active");
    await suite.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, MemorySize: 4096 }));
    await settled(suite.region, name);
    await publish(name, {});
    await settled(suite.region, name, "1");
    await suite.restart();
    assert.deepEqual(await versions(name), ["$LATEST", QUALIFIER, "1"]);
    const { Configuration: kept, Tags: tags } = await suite.lambda.send(
      new GetFunctionCommand({ FunctionName: `${name}:${QUALIFIER}` }),
    );
    assert.deepEqual(
      [kept?.Version, kept?.FunctionArn, kept?.MemorySize, kept?.State, kept?.LastUpdateStatus, tags],
      [QUALIFIER, `${ARN}${name}:${QUALIFIER}`, 2048, "Active", "Successful", undefined],
    );
    const ofProvider = new ListFunctionVersionsByCapacityProviderCommand({ CapacityProviderName: "provider" });
    const { FunctionVersions: listed = [] } = await suite.lambda.send(ofProvider);
    assert.deepEqual(
      listed.filter(({ FunctionArn }) => FunctionArn?.startsWith(`${ARN}${name}:`)).map(({ State }) => State),
      ["ActiveNonInvocable", "Active", "Active"],
    );
  });

  test("runs where nothing else is asked for, and $LATEST never does", async () => {
    const name = await made({ Code: { ZipFile: telling("first") } });
    const unpublished = /^The function can't be invoked because no published version exists\./;
    await nonePublished(invoke(name), unpublished);
    await nonePublished(invoke(name, "$LATEST"), unpublished);
    await nonePublished(invoke(name, QUALIFIER), /^The function has no published versions available\.$/);
    const dryRun = new InvokeCommand({ FunctionName: name, InvocationType: "DryRun" });
    await nonePublished(suite.lambda.send(dryRun), unpublished);
    await published(name);
    const arn = `${ARN}${name}:${QUALIFIER}`;
    const first = { version: QUALIFIER, answer: [arn, QUALIFIER, "first"] };
    assert.deepEqual([await invoke(name), await invoke(name, QUALIFIER)], [first, first]);
    await suite.refused(invoke(name, "$LATEST"), {
      status: 400,
      name: "InvalidParameterValueException",
      message: /can't be invoked with \$LATEST qualifier/,
    });
    await code(name, { ZipFile: telling("second") });
    await settled(suite.region, name);
    assert.deepEqual(await invoke(name), first);
    assert.equal((await published(name)).State, "Active");
    assert.deepEqual((await invoke(name)).answer, [arn, QUALIFIER, "second"]);
    await remove(name, QUALIFIER);
    await nonePublished(invoke(name), unpublished);
    await unknown(get(name), `Function not found: ${arn}`);
    assert.deepEqual(await versions(name), ["$LATEST"]);
  });

  test("is replaced when there is something new, and runs on meanwhile", async () => {
    const name = await made();
    const { RevisionId: first } = await published(name);
    const same = await publish(name, { ...TO, Description: "no change" });
    assert.deepEqual([same.RevisionId, same.State], [first, "Active"]);
    const guard = { status: 412, name: "PreconditionFailedException", message: /does not match/ };
    await suite.refused(publish(name, { ...TO, RevisionId: first }), guard);
    const updated = await code(name, { ...TO, ZipFile: telling("new") });
    assert.deepEqual(
      [updated.Version, updated.FunctionArn, updated.State, updated.LastUpdateStatus],
      [QUALIFIER, `${ARN}${name}:${QUALIFIER}`, "Active", "InProgress"],
    );
    await invoke(name);
    const { RevisionId: second, LastUpdateStatus: status } = await settled(suite.region, name, QUALIFIER);
    assert.equal(status, "Successful");
    assert.notEqual(second, first);
    assert.equal((await invoke(name)).answer[2], "new");
    await settled(suite.region, name);
    const unchanged = await code(name, { ...TO, ZipFile: telling("new"), Publish: true });
    assert.deepEqual([unchanged.RevisionId, unchanged.Version], [second, QUALIFIER]);
    assert.deepEqual(await versions(name), ["$LATEST", QUALIFIER]);
  });

  test("comes with the function, and takes no number", async () => {
    const used = async () =>
      Number((await suite.lambda.send(new GetAccountSettingsCommand({}))).AccountUsage?.TotalCodeSize);
    const before = await used();
    const input = settings({ ...using("provider"), ...TO, Publish: true });
    const created = await suite.lambda.send(new CreateFunctionCommand(input));
    const name = String(input.FunctionName);
    assert.deepEqual([created.Version, created.FunctionArn], [QUALIFIER, `${ARN}${name}`]);
    assert.equal((await settled(suite.region, name, QUALIFIER)).State, "Active");
    assert.equal((await settled(suite.region, name)).State, "ActiveNonInvocable");
    assert.equal((await invoke(name)).answer, 1);
    assert.equal((await used()) - before, 2 * CODE.length);
    assert.equal((await publish(name, {})).Version, "1");
    await remove(name);
    assert.equal(await used(), before);
    await unknown(get(name), `Function not found: ${ARN}${name}:${QUALIFIER}`);
    await unknown(publish(name), `Function not found: ${ARN}${name}`);
  });

  test("is scaled, and deactivated also when it is published anew", async () => {
    const name = await made();
    await published(name);
    const scale = (FunctionScalingConfig: object) =>
      suite.lambda.send(
        new PutFunctionScalingConfigCommand({ FunctionName: name, Qualifier: QUALIFIER, FunctionScalingConfig }),
      );
    const inState = async (wanted: string) => {
      while ((await get(name)).State !== wanted);
    };
    await scale({ MinExecutionEnvironments: 0, MaxExecutionEnvironments: 0 });
    await inState("Deactivated");
    await code(name, { ...TO, ZipFile: telling("new") });
    assert.equal((await settled(suite.region, name, QUALIFIER)).State, "Deactivated");
    await suite.refused(invoke(name), { status: 409, name: "ResourceConflictException", message: /: Deactivated$/ });
    await scale({ MaxExecutionEnvironments: 1 });
    await inState("Active");
    assert.equal((await invoke(name)).answer[2], "new");
    const asked = new GetFunctionScalingConfigCommand({ FunctionName: name, Qualifier: QUALIFIER });
    const { FunctionArn, RequestedFunctionScalingConfig } = await suite.lambda.send(asked);
    assert.deepEqual(
      [FunctionArn, RequestedFunctionScalingConfig],
      [`${ARN}${name}:${QUALIFIER}`, { MaxExecutionEnvironments: 1 }],
    );
    await remove(name, QUALIFIER);
    await published(name);
    assert.equal((await suite.lambda.send(asked)).RequestedFunctionScalingConfig, undefined);
  });

  test("can be what an alias points to, and stays as long as one does", async () => {
    const name = await made();
    const alias = { FunctionName: name, Name: "live" };
    const point = () => suite.lambda.send(new CreateAliasCommand({ ...alias, FunctionVersion: QUALIFIER }));
    await unknown(point(), `Function not found: ${ARN}${name}:${QUALIFIER}`);
    await published(name);
    assert.equal((await point()).FunctionVersion, QUALIFIER);
    assert.deepEqual(await invoke(name, "live"), { version: QUALIFIER, answer: 1 });
    await suite.refused(remove(name, QUALIFIER), {
      status: 409,
      name: "ResourceConflictException",
      message: "Unable to delete version because the following aliases reference it: [live]",
    });
    await suite.lambda.send(new DeleteAliasCommand(alias));
    assert.equal((await remove(name, QUALIFIER)).$metadata.httpStatusCode, 204);
  });
});
