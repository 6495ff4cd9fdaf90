/** The unmodified AWS SDK for JavaScript, told an endpoint and nothing else of Alonzo, through the life of functions. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvalidParameterValueException,
  InvokeCommand,
  type InvokeCommandInput,
  LambdaServiceException,
  PublishVersionCommand,
  paginateListFunctions,
  paginateListVersionsByFunction,
  ResourceConflictException,
  ResourceNotFoundException,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionExists,
  waitUntilFunctionUpdatedV2,
  waitUntilPublishedVersionActive,
} from "@aws-sdk/client-lambda";
import { ZipFile } from "yazl";
import { settings } from "../api/lambda/given.ts";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";

const MODULES = join(import.meta.dirname, "..", "..", "node_modules");
const ARN = "arn:aws:lambda:us-east-1:000000000000:function:";
const RUNTIME = "nodejs24.x";

const codeAnswering = (answer: string) =>
  zipOf({
    "index.mjs": `export const handler = async (event, context) => {
      console.log("seen", JSON.stringify(event));
      if (event.fail) throw new RangeError(event.fail);
      return ${answer};
    };`,
  });
const ECHO = codeAnswering("{ event, client: context.clientContext, version: context.functionVersion }");

/** Calls the region as code written for AWS does: with what the environment says, and nothing configured. */
const CALLER = `import { DeleteFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
const lambda = new LambdaClient();
export const handler = async ({ target }) => {
  const { Payload: payload } = await lambda.send(new InvokeCommand({ FunctionName: target, Payload: '{"n":1}' }));
  const refusal = await lambda.send(new DeleteFunctionCommand({ FunctionName: target })).then(() => undefined,
    ({ name, message, $metadata }) => ({ name, message, status: $metadata.httpStatusCode }));
  return { answer: JSON.parse(Buffer.from(payload).toString()), refusal };
};`;

/** The package and everything that it depends on, by name. */
function closureOf(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  const { dependencies = {} } = JSON.parse(readFileSync(join(MODULES, name, "package.json"), "utf8"));
  for (const dependency of Object.keys(dependencies)) closureOf(dependency, found);
  return found;
}

/** A deployment package as a user makes it: the code and its node_modules, less what only compilers read. */
async function zipWithSdk(code: string): Promise<Buffer> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(code), "index.mjs");
  for (const name of closureOf("@aws-sdk/client-lambda")) {
    for (const path of readdirSync(join(MODULES, name), { recursive: true, encoding: "utf8" })) {
      if (!/\.(js|cjs|mjs|json)$/.test(path) || path.startsWith("dist-es/") || path.startsWith("dist-types/")) continue;
      zip.addFile(join(MODULES, name, path), `node_modules/${name}/${path}`);
    }
  }
  zip.end();
  return buffer(zip.outputStream);
}

test("the AWS SDK for JavaScript", async (t) => {
  const region = await TestRegion.start("auto");
  t.after(() => region.stop());
  const { lambda } = region;
  const waiter = { client: lambda, maxWaitTime: 30, minDelay: 1 };
  const create = (FunctionName: string, more = {}) =>
    lambda.send(
      new CreateFunctionCommand(settings({ FunctionName, Runtime: RUNTIME, Code: { ZipFile: ECHO }, ...more })),
    );
  const active = async (name: string, more = {}) => {
    await create(name, more);
    await waitUntilFunctionActiveV2(waiter, { FunctionName: name });
    return name;
  };
  const invoke = async (FunctionName: string, more: Partial<InvokeCommandInput> = {}) => {
    const answer = await lambda.send(new InvokeCommand({ FunctionName, ...more }));
    return { ...answer, text: Buffer.from(answer.Payload ?? []).toString() };
  };

  await t.test("creates from a zip, waits until exists and active, invokes, reads the log", async () => {
    await create("echo");
    assert.equal((await waitUntilFunctionExists(waiter, { FunctionName: "echo" })).state, "SUCCESS");
    assert.equal((await waitUntilFunctionActiveV2(waiter, { FunctionName: "echo" })).state, "SUCCESS");
    const { text, ...answer } = await invoke("echo", {
      Payload: Buffer.from('{"täg":"ü"}'),
      LogType: "Tail",
      ClientContext: Buffer.from('{"custom":{"k":"v"},"client":{"app_title":"a"}}').toString("base64"),
    });
    assert.deepEqual([answer.StatusCode, answer.ExecutedVersion, answer.FunctionError], [200, "$LATEST", undefined]);
    const { client, ...rest } = JSON.parse(text);
    assert.deepEqual(rest, { event: { täg: "ü" }, version: "$LATEST" });
    assert.deepEqual(client, { custom: { k: "v" }, client: { app_title: "a" } });
    const log = Buffer.from(answer.LogResult ?? "", "base64").toString();
    assert.match(log, new RegExp(`^START RequestId: ${answer.$metadata.requestId} Version: \\$LATEST\n`, "m"));
    assert.match(log, /seen {"täg":"ü"}\n/);
    assert.match(log, /\tInit Duration: [\d.]+ ms\t\n$/);
    assert.equal((await invoke("echo")).LogResult, undefined, "no log unless asked for");
  });

  await t.test("tells an error of the function from its answer", async () => {
    const { text, ...answer } = await invoke("echo", { Payload: Buffer.from('{"fail":"too far"}') });
    assert.deepEqual([answer.StatusCode, answer.FunctionError], [200, "Unhandled"]);
    const { trace, ...document } = JSON.parse(text);
    assert.deepEqual(document, { errorType: "RangeError", errorMessage: "too far" });
    assert.equal(trace[0], "RangeError: too far");
  });

  await t.test("updates code and configuration, waits, and the next invocation has both", async () => {
    const FunctionName = await active("changing");
    assert.equal(JSON.parse((await invoke(FunctionName)).text).version, "$LATEST");
    const ZipFile = codeAnswering("process.env.GREETING + context.memoryLimitInMB");
    const updating = await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile }));
    assert.equal(updating.LastUpdateStatus, "InProgress");
    await waitUntilFunctionUpdatedV2(waiter, { FunctionName });
    const Environment = { Variables: { GREETING: "hello" } };
    const change = new UpdateFunctionConfigurationCommand({ FunctionName, Environment, MemorySize: 192 });
    assert.equal((await lambda.send(change)).LastUpdateStatus, "InProgress");
    assert.equal((await waitUntilFunctionUpdatedV2(waiter, { FunctionName })).state, "SUCCESS");
    assert.equal((await invoke(FunctionName)).text, '"hello192"');
  });

  await t.test("publishes, and invokes a version by its qualifier and by its ARN", async () => {
    const FunctionName = await active("published", { Publish: true });
    await waitUntilPublishedVersionActive(waiter, { FunctionName, Qualifier: "1" });
    const ZipFile = codeAnswering('"second"');
    await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile }));
    await waitUntilFunctionUpdatedV2(waiter, { FunctionName });
    const { Version, FunctionArn } = await lambda.send(new PublishVersionCommand({ FunctionName, Description: "two" }));
    assert.deepEqual([Version, FunctionArn], ["2", `${ARN}published:2`]);
    const first = await invoke(FunctionName, { Qualifier: "1" });
    assert.deepEqual([first.ExecutedVersion, JSON.parse(first.text).version], ["1", "1"]);
    const second = await invoke(`${ARN}published:2`);
    assert.deepEqual([second.ExecutedVersion, second.text], ["2", '"second"']);
  });

  await t.test("downloads the code from Code.Location", async () => {
    const { Code, Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: "echo" }));
    const response = await fetch(Code?.Location as string);
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.deepEqual(bytes, ECHO);
    assert.equal(Configuration?.CodeSize, bytes.length);
  });

  await t.test("pages through functions and versions", async () => {
    const names: (string | undefined)[] = [];
    for await (const page of paginateListFunctions({ client: lambda, pageSize: 1 }, {})) {
      assert.equal(page.Functions?.length, 1);
      names.push(page.Functions[0]?.FunctionName);
    }
    assert.deepEqual(names, ["changing", "echo", "published"]);
    const versions: (string | undefined)[] = [];
    const pages = paginateListVersionsByFunction({ client: lambda, pageSize: 2 }, { FunctionName: "published" });
    for await (const page of pages) versions.push(...(page.Versions ?? []).map(({ Version }) => Version));
    assert.deepEqual(versions, ["$LATEST", "1", "2"]);
  });

  await t.test("tries without doing: an invocation and an update", async () => {
    const { text, ...dry } = await invoke("echo", { InvocationType: "DryRun" });
    assert.deepEqual([dry.StatusCode, dry.ExecutedVersion, text], [204, undefined, ""]);
    const before = await lambda.send(new GetFunctionCommand({ FunctionName: "echo" }));
    const ZipFile = codeAnswering("0");
    await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: "echo", ZipFile, DryRun: true }));
    const after = await lambda.send(new GetFunctionCommand({ FunctionName: "echo" }));
    assert.deepEqual(after.Configuration, before.Configuration);
  });

  await t.test("has an asynchronous invocation accepted", async () => {
    const { text, ...accepted } = await invoke("echo", { InvocationType: "Event" });
    assert.deepEqual([accepted.StatusCode, accepted.ExecutedVersion, text], [202, undefined, ""]);
  });

  await t.test("parses refusals into its own error classes", async () => {
    await assert.rejects(invoke("missing"), (error) => {
      assert.ok(error instanceof ResourceNotFoundException);
      assert.equal(error.message, `Function not found: ${ARN}missing:$LATEST`);
      assert.deepEqual([error.Type, error.$metadata.httpStatusCode, error.$fault], ["User", 404, "client"]);
      assert.match(error.$metadata.requestId ?? "", /^[0-9a-f-]{36}$/);
      return true;
    });
    await assert.rejects(create("echo"), (error) => {
      assert.ok(error instanceof ResourceConflictException);
      assert.deepEqual([error.message, error.Type], ["Function already exist: echo", "User"]);
      return true;
    });
    await assert.rejects(create("invalid", { Code: { ZipFile: Buffer.from("no zip") } }), (error) => {
      assert.ok(error instanceof InvalidParameterValueException);
      assert.match(error.message, /^Could not unzip uploaded file\./);
      return true;
    });
    await assert.rejects(create("small", { MemorySize: 1 }), (error) => {
      assert.ok(error instanceof LambdaServiceException);
      assert.equal(error.name, "ValidationException");
      assert.equal(
        error.message,
        "1 validation error detected: Value '1' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128",
      );
      return true;
    });
  });

  await t.test("inside a function and with nothing configured, may invoke but not delete", async () => {
    const caller = await active("caller", {
      Code: { ZipFile: await zipWithSdk(CALLER) },
      Timeout: 30,
      MemorySize: 512,
    });
    const { text, FunctionError } = await invoke(caller, { Payload: Buffer.from('{"target":"echo"}') });
    assert.equal(FunctionError, undefined, text);
    const { answer, refusal } = JSON.parse(text);
    assert.deepEqual(answer, { event: { n: 1 }, version: "$LATEST" });
    assert.deepEqual(refusal, {
      name: "AccessDeniedException",
      status: 403,
      message: `User: arn:aws:sts::000000000000:assumed-role/test/caller is not authorized to perform: lambda:DeleteFunction on resource: ${ARN}echo because no identity-based policy allows the lambda:DeleteFunction action`,
    });
    assert.equal((await invoke("echo")).StatusCode, 200);
  });

  await t.test("deletes a version, then functions", async () => {
    await lambda.send(new DeleteFunctionCommand({ FunctionName: "published", Qualifier: "1" }));
    await assert.rejects(invoke("published", { Qualifier: "1" }), ResourceNotFoundException);
    assert.equal((await invoke("published", { Qualifier: "2" })).text, '"second"');
    for (const FunctionName of ["published", "echo"]) {
      const { $metadata } = await lambda.send(new DeleteFunctionCommand({ FunctionName }));
      assert.equal($metadata.httpStatusCode, 204);
      await assert.rejects(lambda.send(new GetFunctionCommand({ FunctionName })), ResourceNotFoundException);
    }
  });
});
