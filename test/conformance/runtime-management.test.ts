/** GetRuntimeManagementConfig and PutRuntimeManagementConfig. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateAliasCommand,
  GetFunctionConfigurationCommand,
  GetRuntimeManagementConfigCommand,
  PublishVersionCommand,
  PutRuntimeManagementConfigCommand,
  type PutRuntimeManagementConfigCommandInput,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

describe("runtime management configurations", () => {
  let suite: Suite;
  let name: string;
  let runtimeVersion: string;
  before(async () => {
    suite = await Suite.start();
    name = await activeFunction(suite.region);
    await suite.lambda.send(new PublishVersionCommand({ FunctionName: name }));
    await suite.lambda.send(new CreateAliasCommand({ FunctionName: name, Name: "live", FunctionVersion: "1" }));
    const configuration = await suite.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    runtimeVersion = String(configuration.RuntimeVersionConfig?.RuntimeVersionArn);
  });
  after(() => suite.stop());

  const get = async (Qualifier?: string, FunctionName = name) => {
    const input = { FunctionName, ...(Qualifier !== undefined && { Qualifier }) };
    const { $metadata: _, ...answer } = await suite.lambda.send(new GetRuntimeManagementConfigCommand(input));
    return answer;
  };
  const put = async (more: Partial<PutRuntimeManagementConfigCommandInput>) => {
    const command = new PutRuntimeManagementConfigCommand({ FunctionName: name, UpdateRuntimeOn: "Auto", ...more });
    const { $metadata: _, ...answer } = await suite.lambda.send(command);
    return answer;
  };
  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const missing = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 404, name: "ResourceNotFoundException", message });

  test("are Auto unless they were put otherwise, for each version by itself, over a crash", async () => {
    const unqualified = { FunctionArn: `${ARN}${name}` };
    const qualified = { FunctionArn: `${ARN}${name}:1` };
    assert.deepEqual(await get(), { UpdateRuntimeOn: "Auto", ...unqualified });
    const manual = { UpdateRuntimeOn: "Manual", RuntimeVersionArn: runtimeVersion } as const;
    assert.deepEqual(await put({ Qualifier: "1", ...manual }), { ...manual, ...qualified });
    assert.deepEqual(await put({ UpdateRuntimeOn: "FunctionUpdate" }), {
      UpdateRuntimeOn: "FunctionUpdate",
      ...unqualified,
    });
    await suite.restart();
    assert.deepEqual(await get("$LATEST"), { UpdateRuntimeOn: "FunctionUpdate", ...unqualified });
    assert.deepEqual(await get("1"), { ...manual, ...qualified });
    assert.deepEqual(await put({ FunctionName: `${name}:1` }), { UpdateRuntimeOn: "Auto", ...qualified });
    assert.deepEqual(await get("1"), { UpdateRuntimeOn: "Auto", ...qualified });
  });

  test("of what does not exist, and of aliases, are refused", async () => {
    for (const call of [
      (Qualifier?: string, FunctionName?: string) => get(Qualifier, FunctionName),
      (Qualifier?: string, FunctionName = name) => put({ FunctionName, ...(Qualifier !== undefined && { Qualifier }) }),
    ]) {
      await missing(call(undefined, "nobody"), `Function not found: ${ARN}nobody`);
      await missing(call("42"), `Function not found: ${ARN}${name}:42`);
      await invalid(
        call("live"),
        "Runtime management configuration is supported for function versions only. Please specify $LATEST or a version number.",
      );
    }
  });

  test("name a runtime version with Manual, one that there is, and only then", async () => {
    await invalid(
      put({ UpdateRuntimeOn: "Manual" }),
      "RuntimeVersionArn must be provided when UpdateRuntimeOn is Manual.",
    );
    await invalid(
      put({ RuntimeVersionArn: runtimeVersion }),
      "RuntimeVersionArn must not be provided when UpdateRuntimeOn is Auto.",
    );
    const other = "arn:aws:lambda:us-east-1::runtime:other";
    await invalid(
      put({ UpdateRuntimeOn: "Manual", RuntimeVersionArn: other }),
      `The runtime version ${other} is not available for runtime nodejs22.x.`,
    );
    await suite.refused(put({ UpdateRuntimeOn: "Manual", RuntimeVersionArn: "arn:aws:lambda" }), {
      status: 400,
      name: "ValidationException",
      message:
        /^2 validation errors detected: Value 'arn:aws:lambda' at 'runtimeVersionArn' .* greater than or equal to 26; .* pattern: /,
    });
    await suite.refused(put({ UpdateRuntimeOn: "never" as "Auto" }), {
      status: 400,
      name: "ValidationException",
      message: /^1 validation error detected: Value 'never' at 'updateRuntimeOn' .* enum value set: /,
    });
  });
});
