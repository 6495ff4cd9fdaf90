/**
 * The unmodified AWS CLI, told an endpoint and nothing else of Alonzo, through the life of a function: version 2 as
 * Debian has it, and version 1 from PyPI where that comes first on PATH. In CI a missing CLI is a failure.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { zipOf } from "../api/lambda/zip.ts";
import { TestRegion } from "../test-region.ts";
import { Cli, clis } from "./aws-cli-program.ts";
import { call } from "./function-url-client.ts";

const ARN = "arn:aws:lambda:us-east-1:000000000000:function:";
const FUNCTION = ["--function-name", "story"];

const ECHO = zipOf({
  "index.mjs": `export const handler = async (event, context) => {
    console.log("seen", event.n);
    if (event.fail) throw new RangeError(event.fail);
    return { event, client: context.clientContext?.custom, greeting: process.env.GREETING, version: context.functionVersion };
  };`,
});
const OTHER = zipOf({ "index.mjs": "export const handler = async () => process.env.GREETING;" });

class LambdaCli extends Cli {
  /** Invoke with the event from a file. @returns what it printed and what it wrote to the output file */
  async invoke(event: unknown, ...args: readonly string[]) {
    this.write("event.json", JSON.stringify(event));
    const printed = await this.json("invoke", ...FUNCTION, "--payload", "fileb://event.json", ...args, "answer.json");
    return { printed, answer: JSON.parse(readFileSync(join(this.directory, "answer.json"), "utf8")) };
  }
}

const found = clis();

test("an AWS CLI is installed", { skip: found.size === 0 && !process.env.CI && "no aws on PATH" }, () => {
  assert.ok(found.size > 0);
});

for (const [version, program] of found) {
  test(`${version} (${program}) drives the region by endpoint URL alone`, async (t) => {
    const region = await TestRegion.start("auto");
    t.after(() => region.stop());
    const directory = mkdtempSync(join(tmpdir(), "alonzo-aws-cli-"));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const aws = new LambdaCli(program, directory, region.url, "lambda");
    aws.write("echo.zip", ECHO);
    aws.write("other.zip", OTHER);
    const creation = (name: string, zip: string) => [
      ...["create-function", "--function-name", name, "--runtime", "nodejs24.x", "--handler", "index.handler"],
      ...["--role", "arn:aws:iam::000000000000:role/test", "--zip-file", `fileb://${zip}`],
    ];

    await t.test("creates a function from a zip, and waits until it exists and is active", async () => {
      const created = await aws.json(...creation("story", "echo.zip"), "--tags", "team=a");
      assert.deepEqual([created.FunctionArn, created.State, created.Version], [`${ARN}story`, "Pending", "$LATEST"]);
      await aws.json("wait", "function-exists", ...FUNCTION);
      await aws.json("wait", "function-active-v2", ...FUNCTION);
    });

    await t.test("shows it, and its code can be downloaded", async () => {
      const { Code, Configuration, Tags } = await aws.json("get-function", ...FUNCTION);
      assert.deepEqual([Configuration.State, Configuration.LastUpdateStatus], ["Active", "Successful"]);
      assert.deepEqual(Tags, { team: "a" });
      const response = await fetch(Code.Location);
      assert.deepEqual(Buffer.from(await response.arrayBuffer()), ECHO);
    });

    await t.test("invokes it, with client context and log", async () => {
      const context = Buffer.from('{"custom":{"k":"v"}}').toString("base64");
      const { printed, answer } = await aws.invoke({ n: "ü" }, "--log-type", "Tail", "--client-context", context);
      assert.deepEqual(answer, { event: { n: "ü" }, client: { k: "v" }, version: "$LATEST" });
      assert.deepEqual([printed.StatusCode, printed.ExecutedVersion], [200, "$LATEST"]);
      const log = Buffer.from(printed.LogResult, "base64").toString();
      assert.match(log, /^START RequestId: [0-9a-f-]{36} Version: \$LATEST\n/m);
      assert.match(log, /\tseen ü\n/);
      const failed = await aws.invoke({ fail: "too far" });
      assert.deepEqual([failed.printed.StatusCode, failed.printed.FunctionError], [200, "Unhandled"]);
      assert.equal(failed.answer.errorMessage, "too far");
    });

    await t.test("tries an invocation, and has another one accepted", async () => {
      const tried = await aws.json("invoke", ...FUNCTION, "--invocation-type", "DryRun", "nothing");
      assert.deepEqual(tried, { StatusCode: 204 });
      const accepted = await aws.json("invoke", ...FUNCTION, "--invocation-type", "Event", "nothing");
      assert.deepEqual(accepted, { StatusCode: 202 });
    });

    await t.test("publishes, updates configuration and code, and waits for each", async () => {
      const first = await aws.json("publish-version", ...FUNCTION, "--description", "first");
      assert.deepEqual([first.Version, first.FunctionArn], ["1", `${ARN}story:1`]);
      const variables = ["--environment", "Variables={GREETING=hello}"];
      const updating = await aws.json("update-function-configuration", ...FUNCTION, "--timeout", "7", ...variables);
      assert.deepEqual([updating.LastUpdateStatus, updating.Timeout], ["InProgress", 7]);
      await aws.json("wait", "function-updated-v2", ...FUNCTION);
      assert.equal((await aws.invoke({})).answer.greeting, "hello");
      const update = ["update-function-code", ...FUNCTION, "--zip-file", "fileb://other.zip"];
      await aws.json(...update, "--dry-run");
      const { CodeSha256: untouched } = await aws.json("get-function-configuration", ...FUNCTION);
      assert.equal(untouched, updating.CodeSha256);
      const published = await aws.json(...update, "--publish");
      assert.notEqual(published.CodeSha256, untouched);
      assert.equal(published.FunctionArn, `${ARN}story:2`);
      await aws.json("wait", "published-version-active", ...FUNCTION, "--qualifier", "2");
      await aws.json("wait", "function-updated-v2", ...FUNCTION);
    });

    await t.test("invokes the version that is asked for", async () => {
      const old = await aws.invoke({ n: 1 }, "--qualifier", "1");
      assert.deepEqual([old.printed.ExecutedVersion, old.answer.version], ["1", "1"]);
      assert.equal((await aws.invoke({}, "--qualifier", "2")).answer, "hello");
      assert.equal((await aws.invoke({})).answer, "hello");
    });

    await t.test("gives it a URL that anybody may call, and takes it away", async () => {
      const cors = ["--cors", "AllowOrigins=https://example.com,AllowMethods=GET,MaxAge=60"];
      const made = await aws.json("create-function-url-config", ...FUNCTION, "--auth-type", "NONE", ...cors);
      assert.deepEqual(made.Cors, { AllowOrigins: ["https://example.com"], AllowMethods: ["GET"], MaxAge: 60 });
      // Releases before October 2025 do not know the condition that AWS now advises for the second.
      const permission = ["add-permission", ...FUNCTION, "--principal", "*", "--statement-id"];
      const forUrl = ["--action", "lambda:InvokeFunctionUrl", "--function-url-auth-type", "NONE"];
      await aws.json(...permission, "url", ...forUrl);
      await aws.json(...permission, "invoke", "--action", "lambda:InvokeFunction");
      assert.equal((await call(made.FunctionUrl)).body.toString(), "hello");
      await aws.json("update-function-url-config", ...FUNCTION, "--auth-type", "AWS_IAM");
      const shown = await aws.json("get-function-url-config", ...FUNCTION);
      assert.deepEqual([shown.FunctionUrl, shown.AuthType], [made.FunctionUrl, "AWS_IAM"]);
      assert.equal((await call(made.FunctionUrl)).status, 403);
      const listed = ["list-function-url-configs", ...FUNCTION, "--query", "FunctionUrlConfigs[].FunctionUrl"];
      assert.deepEqual(await aws.json(...listed), [made.FunctionUrl]);
      await aws.json("delete-function-url-config", ...FUNCTION);
      assert.equal((await call(made.FunctionUrl)).status, 403);
    });

    await t.test("lists in pages, by itself and by token", async () => {
      for (const name of ["another", "third"]) await aws.json(...creation(name, "echo.zip"));
      const names = ["--query", "Functions[].FunctionName"];
      const all = await aws.json("list-functions", "--page-size", "1", ...names);
      assert.deepEqual(all, ["another", "story", "third"]);
      const start = await aws.json("list-functions", "--max-items", "2");
      assert.equal(start.Functions.length, 2);
      const rest = await aws.json("list-functions", "--starting-token", start.NextToken, ...names);
      assert.deepEqual(rest, ["third"]);
      const versions = ["list-versions-by-function", ...FUNCTION, "--page-size", "2", "--query", "Versions[].Version"];
      assert.deepEqual(await aws.json(...versions), ["$LATEST", "1", "2"]);
    });

    await t.test("shows refusals as those of Lambda", async () => {
      const missing = ["--function-name", "missing"];
      const notFound = `Function not found: ${ARN}missing`;
      await aws.refused("GetFunction", "ResourceNotFoundException", notFound, "get-function", ...missing);
      const exists = "Function already exist: story";
      await aws.refused("CreateFunction", "ResourceConflictException", exists, ...creation("story", "echo.zip"));
      await aws.refused(
        "UpdateFunctionConfiguration",
        "InvalidParameterValueException",
        "The runtime parameter of nodejs14.x is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.",
        ...["update-function-configuration", ...FUNCTION, "--runtime", "nodejs14.x"],
      );
      await aws.refused(
        "CreateFunction",
        "ValidationException",
        "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
        ...creation("new", "echo.zip"),
        ...["--timeout", "901"],
      );
      const waited = await aws.run("wait", "function-active-v2", ...missing);
      assert.match(waited.stderr, /Waiter FunctionActiveV2 failed: .*ResourceNotFoundException/);
    });

    await t.test("deletes a version, then the function", async () => {
      await aws.json("delete-function", ...FUNCTION, "--qualifier", "1");
      const old = ["invoke", ...FUNCTION, "--qualifier", "1", "nothing"];
      await aws.refused("Invoke", "ResourceNotFoundException", `Function not found: ${ARN}story:1`, ...old);
      await aws.json("delete-function", ...FUNCTION);
      const notFound = `Function not found: ${ARN}story`;
      await aws.refused("GetFunction", "ResourceNotFoundException", notFound, "get-function", ...FUNCTION);
      assert.deepEqual(await aws.json("list-functions", "--query", "Functions[].FunctionName"), ["another", "third"]);
    });
  });
}
