/** Reading, listing and deleting functions, by every form of their names. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateAliasCommand,
  DeleteFunctionCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  ListFunctionsCommand,
  type ListFunctionsCommandInput,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, CODE, settled } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const MISMATCH = "The derived qualifier from the function name does not match the specified qualifier.";
const OTHER_ACCOUNT = "arn:aws:lambda:us-east-1:123456789012:function:";

describe("functions", () => {
  let suite: Suite;
  /** With a version 1 and an alias `live`. */
  let name: string;
  before(async () => {
    suite = await Suite.start();
    name = await published();
  });
  after(() => suite.stop());

  async function published(): Promise<string> {
    const FunctionName = await activeFunction(suite.region, { Publish: true, Tags: { team: "a" } });
    await settled(suite.region, FunctionName, "1");
    await suite.lambda.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
    return FunctionName;
  }
  const request = (FunctionName: string, Qualifier?: string) => ({
    FunctionName,
    ...(Qualifier !== undefined && { Qualifier }),
  });
  const get = (text: string, qualifier?: string) => suite.lambda.send(new GetFunctionCommand(request(text, qualifier)));
  const configuration = (text: string, qualifier?: string) =>
    suite.lambda.send(new GetFunctionConfigurationCommand(request(text, qualifier)));
  const remove = (text: string, qualifier?: string) =>
    suite.lambda.send(new DeleteFunctionCommand(request(text, qualifier)));
  const list = (input: ListFunctionsCommandInput = {}) => suite.lambda.send(new ListFunctionsCommand(input));
  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const notFound = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 404, name: "ResourceNotFoundException", message });
  const violation = (call: Promise<unknown>, message: RegExp) =>
    suite.refused(call, { status: 400, name: "ValidationException", message });

  test("are read by every form of their names, under the ARN that was asked for", async () => {
    const plain = `${ARN}${name}`;
    const forms: [text: string, qualifier: string | undefined, version: string, arn: string][] = [
      [name, undefined, "$LATEST", plain],
      [`function:${name}`, undefined, "$LATEST", plain],
      [`000000000000:function:${name}`, undefined, "$LATEST", plain],
      [plain, undefined, "$LATEST", plain],
      [name, "$LATEST", "$LATEST", `${plain}:$LATEST`],
      [`${name}:$LATEST`, undefined, "$LATEST", `${plain}:$LATEST`],
      [name, "1", "1", `${plain}:1`],
      [`${name}:1`, "1", "1", `${plain}:1`],
      [`${plain}:1`, undefined, "1", `${plain}:1`],
      [`000000000000:function:${name}:live`, undefined, "1", `${plain}:live`],
      [plain, "live", "1", `${plain}:live`],
    ];
    for (const [text, qualifier, version, arn] of forms) {
      const { Configuration: whole, Code, Tags } = await get(text, qualifier);
      const { $metadata: _, ...alone } = await configuration(text, qualifier);
      assert.deepEqual(whole, alone, text);
      assert.deepEqual([alone.Version, alone.FunctionArn, alone.State], [version, arn, "Active"], text);
      assert.equal(Code?.RepositoryType, "S3");
      const isUnqualified = arn === plain;
      assert.deepEqual(Tags, isUnqualified ? { team: "a" } : undefined, text);
    }
    const { Code } = await get(name, "live");
    const response = await fetch(String(Code?.Location));
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), CODE);
  });

  test("that do not exist, or are not ours, are refused by all that read or delete them", async () => {
    const operations = { GetFunction: get, GetFunctionConfiguration: configuration, DeleteFunction: remove };
    for (const [operation, call] of Object.entries(operations)) {
      await notFound(call("nobody"), `Function not found: ${ARN}nobody`);
      await notFound(call("nobody", "1"), `Function not found: ${ARN}nobody:1`);
      await notFound(call(name, "7"), `Function not found: ${ARN}${name}:7`);
      await notFound(call(name, "0"), `Function not found: ${ARN}${name}:0`);
      await notFound(call(name, "$LATEST.PUBLISHED"), `Function not found: ${ARN}${name}:$LATEST.PUBLISHED`);
      await invalid(call(`${name}:1`, "2"), MISMATCH);
      await invalid(call(`${name}:live`, "1"), MISMATCH);
      await notFound(
        call(`${ARN.replace("us-east-1", "eu-west-1")}${name}`),
        "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
      );
      await suite.refused(call(`${OTHER_ACCOUNT}${name}`), {
        status: 403,
        name: "AccessDeniedException",
        message: `User: arn:aws:iam::000000000000:root is not authorized to perform: lambda:${operation} on resource: ${OTHER_ACCOUNT}${name} because no resource-based policy allows the lambda:${operation} action`,
      });
    }
    for (const call of [get, configuration]) {
      await notFound(call("nobody", "$LATEST"), `Function not found: ${ARN}nobody`);
      await notFound(call(name, "nothing"), `Function not found: ${ARN}${name}:nothing`);
    }
  });

  test("have names and qualifiers within the borders of the model", async () => {
    for (const call of [get, configuration, remove]) {
      await notFound(call("n".repeat(256)), `Function not found: ${ARN}${"n".repeat(256)}`);
      await violation(call("n".repeat(257)), /at 'functionName' .* length less than or equal to 256/);
      await violation(call("no spaces"), /Value 'no spaces' at 'functionName' .* regular expression pattern: \(arn:/);
      await violation(call(name, "q".repeat(129)), /at 'qualifier' .* length less than or equal to 128/);
      await violation(call(name, "a b"), /Value 'a b' at 'qualifier' .* regular expression pattern: /);
      await violation(
        call("no spaces", "a b"),
        /^2 validation errors detected: Value 'no spaces' at 'functionName' .*; Value 'a b' at 'qualifier' /,
      );
    }
    await notFound(get(name, "q".repeat(128)), `Function not found: ${ARN}${name}:${"q".repeat(128)}`);
  });

  test("are listed by name, page by page, alone or each with all its versions", async () => {
    const others = [await published(), await published()];
    const seen: unknown[] = [];
    let Marker: string | undefined;
    do {
      const page: Awaited<ReturnType<typeof list>> = await list({ MaxItems: 2, ...(Marker && { Marker }) });
      assert.ok((page.Functions?.length ?? 0) <= 2);
      seen.push(...(page.Functions ?? []).map(({ FunctionArn }) => FunctionArn));
      Marker = page.NextMarker;
    } while (Marker);
    const all = (await list()).Functions ?? [];
    assert.deepEqual(
      seen,
      all.map(({ FunctionArn }) => FunctionArn),
    );
    assert.deepEqual(seen, seen.toSorted());
    for (const FunctionName of [name, ...others]) assert.ok(seen.includes(`${ARN}${FunctionName}`));
    const {
      State: _,
      LastUpdateStatus: __,
      RuntimeVersionConfig: ___,
      $metadata,
      ...shown
    } = await configuration(name);
    assert.deepEqual(
      all.find(({ FunctionName }) => FunctionName === name),
      shown,
    );

    const versions: unknown[] = [];
    do {
      const from = { FunctionVersion: "ALL", MaxItems: 3, ...(Marker && { Marker }) } as const;
      const page: Awaited<ReturnType<typeof list>> = await list(from);
      versions.push(...(page.Functions ?? []).map(({ FunctionArn }) => FunctionArn));
      Marker = page.NextMarker;
    } while (Marker);
    assert.deepEqual(
      versions,
      seen.flatMap((arn) => [`${arn}:$LATEST`, `${arn}:1`]),
    );
  });

  test("are listed within the borders of the model, and of Lambda@Edge only where some are", async () => {
    assert.ok((await list({ MaxItems: 10_000 })).Functions?.length);
    await violation(list({ MaxItems: 0 }), /Value '0' at 'maxItems' .* greater than or equal to 1/);
    await violation(list({ MaxItems: 10_001 }), /Value '10001' at 'maxItems' .* less than or equal to 10000/);
    const some = "SOME" as "ALL";
    await violation(list({ FunctionVersion: some }), /Value 'SOME' at 'functionVersion' .* enum value set: \[ALL\]/);
    await violation(
      list({ MasterRegion: "mars", FunctionVersion: "ALL" }),
      /Value 'mars' at 'masterRegion' .* pattern/,
    );
    await invalid(list({ MasterRegion: "us-east-1" }), "FunctionVersion must be ALL when MasterRegion is given.");
    await invalid(list({ Marker: "nonsense" }), "The provided marker is invalid.");
    const replicated = await list({ MasterRegion: "us-east-1", FunctionVersion: "ALL" });
    assert.deepEqual([replicated.Functions, replicated.NextMarker], [[], undefined]);
    const everywhere = await list({ MasterRegion: "ALL", FunctionVersion: "ALL" });
    assert.deepEqual(everywhere.Functions, (await list({ FunctionVersion: "ALL" })).Functions);
  });

  test("are deleted version by version or whole, by every form of their names, and stay deleted", async () => {
    const versions: [text: (name: string) => string, qualifier?: string][] = [
      [(text) => text, "1"],
      [(text) => `${text}:1`],
      [(text) => `${text}:1`, "1"],
      [(text) => `${ARN}${text}:1`],
      [(text) => `000000000000:function:${text}`, "1"],
    ];
    const names: string[] = [];
    for (const [text, qualifier] of versions) {
      const FunctionName = await activeFunction(suite.region, { Publish: true });
      names.push(FunctionName);
      assert.equal((await remove(text(FunctionName), qualifier)).$metadata.httpStatusCode, 204);
      await notFound(get(FunctionName, "1"), `Function not found: ${ARN}${FunctionName}:1`);
      assert.equal((await get(FunctionName)).Configuration?.Version, "$LATEST");
    }
    const latest = "$LATEST version cannot be deleted without deleting the function.";
    await invalid(remove(name, "$LATEST"), latest);
    await invalid(remove(`${ARN}${name}:$LATEST`), latest);
    await invalid(remove(name, "live"), "Deletion of aliases is not currently supported.");
    await invalid(remove(`${name}:live`), "Deletion of aliases is not currently supported.");
    await suite.refused(remove(name, "1"), {
      status: 409,
      name: "ResourceConflictException",
      message: "Unable to delete version because the following aliases reference it: [live]",
    });
    const whole = [(text: string) => text, (text: string) => `${ARN}${text}`, (text: string) => `function:${text}`];
    for (const [index, FunctionName] of names.entries()) {
      const text = whole[index % whole.length]?.(FunctionName) ?? FunctionName;
      assert.equal((await remove(text)).$metadata.httpStatusCode, 204);
    }
    await suite.restart();
    for (const FunctionName of names) {
      await notFound(get(FunctionName), `Function not found: ${ARN}${FunctionName}`);
      await notFound(remove(FunctionName), `Function not found: ${ARN}${FunctionName}`);
    }
    assert.equal((await get(name, "live")).Configuration?.Version, "1", "what was not deleted is there");
  });

  test("and their versions count as what the account uses", async () => {
    const usage = async () => (await suite.lambda.send(new GetAccountSettingsCommand({}))).AccountUsage;
    const before = await usage();
    const FunctionName = await activeFunction(suite.region, { Publish: true });
    assert.deepEqual(await usage(), {
      FunctionCount: Number(before?.FunctionCount) + 1,
      TotalCodeSize: Number(before?.TotalCodeSize) + 2 * CODE.length,
    });
    await remove(FunctionName, "1");
    await remove(FunctionName);
    assert.deepEqual(await usage(), before);
  });
});
