/** Function scaling configurations: how many environments a version with a capacity provider may have. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  GetFunctionConfigurationCommand,
  GetFunctionScalingConfigCommand,
  InvokeCommand,
  PutFunctionScalingConfigCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, settled } from "../api/lambda/given.ts";
import { activeProvider } from "./capacity.ts";
import { Suite } from "./suite.ts";

describe("function scaling", () => {
  let suite: Suite;
  let name: string;
  before(async () => {
    suite = await Suite.start("auto");
    name = await activeFunction(suite.region, {
      ...(await activeProvider(suite, "provider")),
      Publish: true,
      Timeout: 20,
    });
    await settled(suite.region, name, "1");
  });
  after(() => suite.stop());

  const put = (FunctionScalingConfig?: object, Qualifier = "1", FunctionName = name) =>
    suite.lambda.send(
      new PutFunctionScalingConfigCommand({
        FunctionName,
        Qualifier,
        ...(FunctionScalingConfig && { FunctionScalingConfig }),
      }),
    );
  const get = async (Qualifier = "1", FunctionName = name) => {
    const { $metadata: _, ...answer } = await suite.lambda.send(
      new GetFunctionScalingConfigCommand({ FunctionName, Qualifier }),
    );
    return answer;
  };
  const stateOf = async (wanted: string) => {
    for (;;) {
      const { State: state } = await suite.lambda.send(
        new GetFunctionConfigurationCommand({ FunctionName: name, Qualifier: "1" }),
      );
      if (state === wanted) return;
    }
  };

  test("is kept as it was asked for, and forgotten", async () => {
    assert.deepEqual(await get(), { FunctionArn: `${ARN}${name}:1` });
    const asked = { MinExecutionEnvironments: 0, MaxExecutionEnvironments: 15_000 };
    const { FunctionState: state, $metadata } = await put(asked);
    assert.deepEqual([$metadata.httpStatusCode, state], [202, "Active"]);
    await suite.restart();
    assert.deepEqual(await get(), { FunctionArn: `${ARN}${name}:1`, RequestedFunctionScalingConfig: asked });
    await put();
    assert.deepEqual(await get(), { FunctionArn: `${ARN}${name}:1` });
  });

  test("to zero deactivates a version, until it may run again", async () => {
    const zero = { MinExecutionEnvironments: 0, MaxExecutionEnvironments: 0 };
    assert.equal((await put(zero)).FunctionState, "Deactivating");
    await suite.restart();
    await stateOf("Deactivated");
    assert.deepEqual((await get()).AppliedFunctionScalingConfig, zero);
    await suite.refused(suite.lambda.send(new InvokeCommand({ FunctionName: name, Qualifier: "1" })), {
      status: 409,
      name: "ResourceConflictException",
      message:
        "The operation cannot be performed at this time. The function is currently in the following state: Deactivated",
    });
    assert.equal((await put({ MinExecutionEnvironments: 1 })).FunctionState, "Active");
    await stateOf("Active");
    const { Payload: answer } = await suite.lambda.send(new InvokeCommand({ FunctionName: name, Qualifier: "1" }));
    assert.equal(Buffer.from(answer ?? []).toString(), "1");
  });

  test("has borders, and is of published versions with a capacity provider", async () => {
    const refusal = (message: string | RegExp, named = "InvalidParameterValueException") => ({
      status: 400,
      name: named,
      message,
    });
    await suite.refused(
      put({ MinExecutionEnvironments: 2, MaxExecutionEnvironments: 1 }),
      refusal("MinExecutionEnvironments must be less than or equal to MaxExecutionEnvironments."),
    );
    for (const MaxExecutionEnvironments of [-1, 15_001]) {
      await suite.refused(
        put({ MaxExecutionEnvironments }),
        refusal(/maxExecutionEnvironments'/, "ValidationException"),
      );
    }
    for (const qualifier of ["$LATEST", "live"]) {
      await suite.refused(put({}, qualifier), refusal(/at 'qualifier'/, "ValidationException"));
      await suite.refused(get(qualifier), refusal(/at 'qualifier'/, "ValidationException"));
    }
    const plain = await activeFunction(suite.region, { Publish: true });
    const none = refusal("Function scaling configuration is only supported for functions with a capacity provider.");
    await suite.refused(put({}, "1", plain), none);
    await suite.refused(get("1", plain), none);
    const missing = { status: 404, name: "ResourceNotFoundException", message: `Function not found: ${ARN}${name}:2` };
    await suite.refused(put({}, "2"), missing);
    await suite.refused(get("2"), missing);
  });
});
