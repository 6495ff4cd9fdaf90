/** CreateFunction: names, the borders of its plain members, and what it makes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  GetFunctionCommand,
  InvokeCommand,
} from "@aws-sdk/client-lambda";
import { ARN, CODE, newName, settings, settled } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

describe("CreateFunction", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const create = (more: Partial<CreateFunctionCommandInput>) =>
    suite.lambda.send(new CreateFunctionCommand(settings(more)));
  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const violates = (call: Promise<unknown>, message: RegExp) =>
    suite.refused(call, { status: 400, name: "ValidationException", message });

  test("takes a name in every form, and only of this region and account", async () => {
    for (const form of [(name: string) => name, (name: string) => `function:${name}`, (name: string) => ARN + name]) {
      const name = newName();
      const created = await create({ FunctionName: form(name) });
      assert.deepEqual([created.FunctionName, created.FunctionArn], [name, ARN + name]);
    }
    const partial = newName();
    assert.equal((await create({ FunctionName: `000000000000:function:${partial}` })).FunctionName, partial);
    await suite.refused(create({ FunctionName: `${ARN.replace("us-east-1", "eu-west-1")}f` }), {
      status: 404,
      name: "ResourceNotFoundException",
      message: "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    });
    await suite.refused(create({ FunctionName: "123456789012:function:f" }), {
      status: 403,
      name: "AccessDeniedException",
      message:
        /is not authorized to perform: lambda:CreateFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:f /,
    });
    await violates(create({ FunctionName: "" }), /at 'functionName' .*greater than or equal to 1/);
    await violates(create({ FunctionName: "n".repeat(141) }), /at 'functionName' .*less than or equal to 140$/);
    await violates(create({ FunctionName: "a.b" }), /at 'functionName' .*regular expression pattern/);
  });

  test("exists once", async () => {
    const { FunctionName } = await create({});
    await suite.refused(create({ FunctionName }), {
      status: 409,
      name: "ResourceConflictException",
      message: `Function already exist: ${FunctionName}`,
    });
    const name = newName();
    const all = await Promise.allSettled([1, 2, 3].map(() => create({ FunctionName: name })));
    assert.equal(all.filter(({ status }) => status === "fulfilled").length, 1);
  });

  test("with Publish makes version 1, answered by the plain ARN, and there after a crash", async () => {
    const created = await create({ Publish: true });
    assert.deepEqual([created.Version, created.FunctionArn], ["1", ARN + created.FunctionName]);
    await suite.restart();
    const name = String(created.FunctionName);
    assert.equal((await settled(suite.region, name, "1")).State, "Active");
    const { Configuration } = await suite.lambda.send(new GetFunctionCommand({ FunctionName: `${name}:1` }));
    assert.equal(Configuration?.FunctionArn, `${ARN}${name}:1`);
    const { StatusCode } = await suite.lambda.send(new InvokeCommand({ FunctionName: name, InvocationType: "DryRun" }));
    assert.equal(StatusCode, 204);
  });

  test("has members of text within their borders", async () => {
    const longest = await create({ Description: "d".repeat(256), Handler: "h".repeat(128) });
    assert.deepEqual([longest.Description?.length, longest.Handler?.length], [256, 128]);
    await violates(create({ Description: "d".repeat(257) }), /at 'description' .*less than or equal to 256$/);
    await violates(create({ Handler: "h".repeat(129) }), /at 'handler' .*less than or equal to 128$/);
    await violates(create({ Handler: "a b" }), /at 'handler' .*pattern: \[\^\\s\]\+$/);
    await violates(create({ PackageType: "Tar" as "Zip" }), /at 'packageType' .*enum value set: \[.*Zip.*\]$/);
    await violates(create({ TracingConfig: { Mode: "On" as "Active" } }), /at 'tracingConfig\.mode'/);
    await violates(create({ LoggingConfig: { LogFormat: "XML" as "JSON" } }), /at 'loggingConfig\.logFormat'/);
  });

  test("has variables with names that environments can have", async () => {
    const variables = (name: string) => create({ Environment: { Variables: { [name]: "x" } } });
    await variables("aB_9");
    for (const name of ["A", "9A", "_A", "A-B"]) {
      await violates(
        variables(name),
        /^1 validation error detected: Value at 'environment\.variables' failed to satisfy constraint: Map keys must satisfy constraint/,
      );
    }
  });

  test("has at most fifty tags, none of them of AWS", async () => {
    const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`key${n}`, "x"]));
    const { FunctionName } = await create({ Tags: tags(50) });
    const { Tags: kept = {} } = await suite.lambda.send(new GetFunctionCommand({ FunctionName }));
    assert.equal(Object.keys(kept).length, 50);
    await invalid(create({ Tags: tags(51) }), "Number of tags exceeds resource tag limit.");
    await invalid(create({ Tags: { "aws:a": "x" } }), "aws: prefixed tag key names are not allowed for external use.");
    await violates(create({ Tags: { ["k".repeat(129)]: "x" } }), /at 'tags' .*128/);
    await violates(create({ Tags: { key: "v".repeat(257) } }), /at 'tags' .*256/);
  });

  test("has code from one source", async () => {
    await invalid(create({ Code: {} }), "Please provide a source for function code.");
    await invalid(
      create({ Code: { S3Bucket: "bucket", S3Key: "k" } }),
      "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist",
    );
    await invalid(
      create({ Code: { ZipFile: CODE, S3Key: "k" } }),
      "Please do not provide other FunctionCode parameters when providing a ZipFile.",
    );
    await violates(create({ Code: { S3Bucket: "b" } }), /at 'code\.s3Bucket' .*greater than or equal to 3/);
  });

  test("says all that breaks the model at once", async () => {
    await violates(
      create({ Timeout: 0, MemorySize: 127, Role: "r" }),
      /^3 validation errors detected: Value .*; Value .*; Value /,
    );
  });
});
