/** Aliases: their control operations. What invocations make of them is in alias-routing.test.ts. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateAliasCommand,
  type CreateAliasCommandInput,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  ListAliasesCommand,
  type ListAliasesCommandInput,
  PublishVersionCommand,
  UpdateAliasCommand,
  type UpdateAliasCommandInput,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, settled } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NAME_PATTERN = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)";

describe("aliases", () => {
  let suite: Suite;
  /** A function with versions 1 and 2. */
  let name: string;
  before(async () => {
    suite = await Suite.start();
    name = await withVersions();
  });
  after(() => suite.stop());

  async function withVersions(): Promise<string> {
    const FunctionName = await activeFunction(suite.region, { Publish: true });
    await suite.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 9 }));
    await settled(suite.region, FunctionName);
    assert.equal((await suite.lambda.send(new PublishVersionCommand({ FunctionName }))).Version, "2");
    return FunctionName;
  }
  const create = (input: Partial<CreateAliasCommandInput> & { Name: string }) =>
    suite.lambda.send(new CreateAliasCommand({ FunctionName: name, FunctionVersion: "1", ...input }));
  const get = (Name: string, FunctionName = name) => suite.lambda.send(new GetAliasCommand({ FunctionName, Name }));
  const update = (input: Partial<UpdateAliasCommandInput> & { Name: string }) =>
    suite.lambda.send(new UpdateAliasCommand({ FunctionName: name, ...input }));
  const remove = (Name: string, FunctionName = name) =>
    suite.lambda.send(new DeleteAliasCommand({ FunctionName, Name }));
  const list = (input: Partial<ListAliasesCommandInput> = {}) =>
    suite.lambda.send(new ListAliasesCommand({ FunctionName: name, ...input }));
  const weights = (additional: Record<string, number>) => ({ AdditionalVersionWeights: additional });

  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const notFound = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 404, name: "ResourceNotFoundException", message });
  const violation = (call: Promise<unknown>, message: string | RegExp) =>
    suite.refused(call, {
      status: 400,
      name: "ValidationException",
      message: typeof message === "string" ? `1 validation error detected: ${message}` : message,
    });

  test("are created, answered, changed member by member, and there after a crash", async () => {
    const { $metadata: _, ...created } = await create({ Name: "live" });
    assert.match(String(created.RevisionId), UUID);
    const { RevisionId: first, ...plain } = created;
    assert.deepEqual(plain, { AliasArn: `${ARN}${name}:live`, Name: "live", FunctionVersion: "1", Description: "" });
    const shown = async () => {
      const { $metadata: __, ...alias } = await get("live");
      return alias;
    };
    assert.deepEqual(await shown(), created);
    const changed = await update({ Name: "live", Description: "new", RoutingConfig: weights({ "2": 0.25 }) });
    assert.notEqual(changed.RevisionId, first);
    assert.deepEqual(await shown(), {
      ...plain,
      Description: "new",
      RoutingConfig: { AdditionalVersionWeights: { "2": 0.25 } },
      RevisionId: changed.RevisionId,
    });
    await suite.restart();
    const kept = await shown();
    assert.deepEqual([kept.RevisionId, kept.Description], [changed.RevisionId, "new"]);
    const moved = await update({ Name: "live", FunctionVersion: "2", RoutingConfig: {} });
    assert.deepEqual([moved.FunctionVersion, moved.Description, moved.RoutingConfig], ["2", "new", undefined]);
    const unchanged = await update({ Name: "live" });
    assert.notEqual(unchanged.RevisionId, moved.RevisionId, "even an update of nothing renews the revision");
    await remove("live");
    await notFound(get("live"), `Cannot find alias arn: ${ARN}${name}:live`);
    await suite.restart();
    await notFound(get("live"), `Cannot find alias arn: ${ARN}${name}:live`);
  });

  test("show the configuration of the version that they point to, under their own ARN", async () => {
    await create({ Name: "shown", FunctionVersion: "2", RoutingConfig: weights({ "1": 0.5 }) });
    const configuration = (FunctionName: string, Qualifier?: string) =>
      suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName, ...(Qualifier && { Qualifier }) }));
    const byAlias = await configuration(name, "shown");
    assert.deepEqual([byAlias.FunctionArn, byAlias.Version, byAlias.Timeout], [`${ARN}${name}:shown`, "2", 9]);
    assert.equal(byAlias.RevisionId, (await configuration(name, "2")).RevisionId, "the version's, not the alias's");
    assert.equal((await configuration(`${name}:shown`)).FunctionArn, `${ARN}${name}:shown`);
    assert.equal((await configuration(`${ARN}${name}:shown`, "shown")).Version, "2");
    const { Configuration, Tags } = await suite.lambda.send(
      new GetFunctionCommand({ FunctionName: name, Qualifier: "shown" }),
    );
    assert.deepEqual([Configuration?.Version, Tags], ["2", undefined]);
    await notFound(configuration(name, "nothing"), `Function not found: ${ARN}${name}:nothing`);
  });

  test("exist once, and only for functions and versions that exist", async () => {
    await create({ Name: "once" });
    await suite.refused(create({ Name: "once" }), {
      status: 409,
      name: "ResourceConflictException",
      message: `Alias already exists: ${ARN}${name}:once`,
    });
    await notFound(create({ Name: "new", FunctionVersion: "10" }), `Function not found: ${ARN}${name}:10`);
    await notFound(create({ Name: "new", FunctionName: "nobody" }), `Function not found: ${ARN}nobody:1`);
    const routed = create({ Name: "new", RoutingConfig: weights({ "10": 0.5 }) });
    await notFound(routed, `Function not found: ${ARN}${name}:10`);
    const published = create({ Name: "new", FunctionVersion: "$LATEST.PUBLISHED" });
    await notFound(published, `Function not found: ${ARN}${name}:$LATEST.PUBLISHED`);
    await notFound(get("new"), `Cannot find alias arn: ${ARN}${name}:new`);
    await notFound(update({ Name: "new" }), `Alias not found: ${ARN}${name}:new`);
    await notFound(update({ Name: "once", FunctionVersion: "10" }), `Function not found: ${ARN}${name}:10`);
    await notFound(list({ FunctionName: "nobody" }), `Function not found: ${ARN}nobody`);
    await notFound(remove("live", "nobody"), `Function not found: ${ARN}nobody`);
    assert.equal((await remove("new")).$metadata.httpStatusCode, 204, "what is not there is as good as deleted");
  });

  test("route to at most one more version, which is another one", async () => {
    const tooMany = "Number of items in AdditionalVersionWeights cannot be greater than 1";
    const included = (version: string) =>
      `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`;
    const latest = "$LATEST is not supported for an alias pointing to more than 1 version";
    await invalid(create({ Name: "r", RoutingConfig: weights({ "1": 0.1, "2": 0.2 }) }), tooMany);
    await invalid(create({ Name: "r", RoutingConfig: weights({ "1": 0.5 }) }), included("1"));
    const fromLatest = { FunctionVersion: "$LATEST", RoutingConfig: weights({ "1": 0.5 }) };
    await invalid(create({ Name: "r", ...fromLatest }), latest);
    const { RoutingConfig } = await create({ Name: "r", RoutingConfig: weights({}) });
    assert.equal(RoutingConfig, undefined, "no weights are no routing");
    const { RevisionId } = await update({ Name: "r", RoutingConfig: weights({ "2": 1 }) });
    await invalid(update({ Name: "r", FunctionVersion: "2" }), included("2"));
    await invalid(update({ Name: "r", FunctionVersion: "$LATEST" }), latest);
    assert.equal((await get("r")).RevisionId, RevisionId, "what was refused has changed nothing");
    const { FunctionVersion } = await create({ Name: "newest", FunctionVersion: "$LATEST" });
    assert.equal(FunctionVersion, "$LATEST");
  });

  test("are changed only by who knows their revision, when it is asked for", async () => {
    const { RevisionId } = await create({ Name: "guarded" });
    const conditional = { Name: "guarded", ...(RevisionId && { RevisionId }) };
    const { RevisionId: second } = await update({ ...conditional, FunctionVersion: "2" });
    await suite.refused(update({ ...conditional, Description: "late" }), {
      status: 412,
      name: "PreconditionFailedException",
      message:
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
    });
    const kept = await get("guarded");
    assert.deepEqual([kept.RevisionId, kept.Description, kept.FunctionVersion], [second, "", "2"]);
  });

  test("keep the versions that they run from being deleted, until they let go", async () => {
    const FunctionName = await withVersions();
    await create({ FunctionName, Name: "one", RoutingConfig: weights({ "2": 0 }) });
    await create({ FunctionName, Name: "another" });
    const deletion = (Qualifier: string) => suite.lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier }));
    const inUse = (call: Promise<unknown>, aliases: string) =>
      suite.refused(call, {
        status: 409,
        name: "ResourceConflictException",
        message: `Unable to delete version because the following aliases reference it: [${aliases}]`,
      });
    await inUse(deletion("1"), "another, one");
    await inUse(deletion("2"), "one");
    await invalid(deletion("one"), "Deletion of aliases is not currently supported.");
    await update({ FunctionName, Name: "one", RoutingConfig: {} });
    await deletion("2");
    await notFound(deletion("2"), `Function not found: ${ARN}${FunctionName}:2`);
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName }));
    await notFound(get("one", FunctionName), `Cannot find alias arn: ${ARN}${FunctionName}:one`);
  });

  test("are listed by name, page by page, all of them or those of one version", async () => {
    const FunctionName = await withVersions();
    for (const Name of ["b", "d", "a"]) await create({ FunctionName, Name });
    await create({ FunctionName, Name: "c", FunctionVersion: "2" });
    await create({ FunctionName, Name: "e", FunctionVersion: "2", RoutingConfig: weights({ "1": 0.5 }) });
    const names = async (input: Partial<ListAliasesCommandInput>) =>
      (await list({ FunctionName, ...input })).Aliases?.map(({ Name }) => Name);
    assert.deepEqual(await names({}), ["a", "b", "c", "d", "e"]);
    assert.deepEqual(await names({ FunctionVersion: "1" }), ["a", "b", "d", "e"]);
    assert.deepEqual(await names({ FunctionVersion: "2" }), ["c", "e"]);
    assert.deepEqual(await names({ FunctionVersion: "$LATEST" }), []);
    const seen: unknown[] = [];
    let Marker: string | undefined;
    do {
      const page = await list({ FunctionName, MaxItems: 2, ...(Marker && { Marker }) });
      seen.push(page.Aliases?.map(({ Name }) => Name));
      Marker = page.NextMarker;
    } while (Marker);
    assert.deepEqual(seen, [["a", "b"], ["c", "d"], ["e"]]);
    const { NextMarker = "" } = await list({ FunctionName, MaxItems: 1 });
    await invalid(list({ Marker: NextMarker }), "The provided marker is invalid.");
    await invalid(list({ FunctionName, FunctionVersion: "1", Marker: NextMarker }), "The provided marker is invalid.");
    assert.equal((await list({ FunctionName, MaxItems: 10_000 })).Aliases?.length, 5);
    await violation(list({ MaxItems: 0 }), /Value '0' at 'maxItems' .* greater than or equal to 1/);
    await violation(list({ MaxItems: 10_001 }), /Value '10001' at 'maxItems' .* less than or equal to 10000/);
  });

  test("hold to the borders of the model", async () => {
    const long = "n".repeat(128);
    assert.equal((await create({ Name: long, Description: "d".repeat(256) })).Name, long);
    const length = (value: string, path: string, side: string, n: number) =>
      `Value '${value}' at '${path}' failed to satisfy constraint: Member must have length ${side} than or equal to ${n}`;
    await violation(create({ Name: `${long}n` }), length(`${long}n`, "name", "less", 128));
    await violation(
      create({ Name: "d", Description: "d".repeat(257) }),
      /at 'description' .* less than or equal to 256/,
    );
    const pattern = `Value '12' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ${NAME_PATTERN}`;
    await violation(create({ Name: "12" }), pattern);
    await violation(get("12"), pattern);
    assert.equal((await create({ Name: "12a" })).Name, "12a");
    await violation(create({ Name: "v", FunctionVersion: "live" }), /at 'functionVersion' .* \(\\\$LATEST/);
    const weight = (value: string) =>
      `Value '{2=${value}}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]`;
    const withWeight = (value: number) =>
      create({ Name: `w${value}`.replace(".", "_"), RoutingConfig: weights({ "2": value }) });
    for (const value of [0, 0.001, 1]) {
      const { RoutingConfig } = await withWeight(value);
      assert.deepEqual(RoutingConfig, { AdditionalVersionWeights: { "2": value } });
    }
    await violation(withWeight(2), weight("2.0"));
    await violation(withWeight(-1), weight("-1.0"));
    await violation(
      create({ Name: "v", RoutingConfig: weights({ $LATEST: 0.5 }) }),
      "Value '{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+, Member must not be null]",
    );
    const onVersion = create({ Name: "v", FunctionName: `${name}:1` });
    await invalid(
      onVersion,
      "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.",
    );
    assert.equal((await create({ Name: "by-arn", FunctionName: `${ARN}${name}` })).Name, "by-arn");
  });
});
