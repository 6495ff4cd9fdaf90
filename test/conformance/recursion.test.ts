/** GetFunctionRecursionConfig and PutFunctionRecursionConfig. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionRecursionConfigCommand,
  PutFunctionRecursionConfigCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, settings } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

describe("recursion configurations", () => {
  let suite: Suite;
  let name: string;
  before(async () => {
    suite = await Suite.start();
    name = await activeFunction(suite.region);
  });
  after(() => suite.stop());

  const get = (FunctionName = name) => suite.lambda.send(new GetFunctionRecursionConfigCommand({ FunctionName }));
  const put = (RecursiveLoop: string | undefined, FunctionName = name) =>
    suite.lambda.send(new PutFunctionRecursionConfigCommand({ FunctionName, RecursiveLoop: RecursiveLoop as "Allow" }));

  test("terminate unless they were put otherwise, over a crash and until the function goes", async () => {
    assert.equal((await get()).RecursiveLoop, "Terminate");
    assert.equal((await put("Allow")).RecursiveLoop, "Allow");
    await suite.restart();
    assert.equal((await get(`${ARN}${name}`)).RecursiveLoop, "Allow");
    assert.equal((await put("Terminate")).RecursiveLoop, "Terminate");
    assert.equal((await get()).RecursiveLoop, "Terminate");
    await put("Allow");
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
    await suite.lambda.send(new CreateFunctionCommand(settings({ FunctionName: name })));
    assert.equal((await get()).RecursiveLoop, "Terminate");
  });

  test("of what does not exist, of versions, and with other values are refused", async () => {
    const missing = {
      status: 404,
      name: "ResourceNotFoundException",
      message: `Function not found: ${ARN}nobody`,
    };
    await suite.refused(get("nobody"), missing);
    await suite.refused(put("Allow", "nobody"), missing);
    for (const call of [() => get(`${name}:1`), () => put("Allow", `${name}:1`)]) {
      await suite.refused(call(), {
        status: 400,
        name: "ValidationException",
        message:
          /^1 validation error detected: Value 'function-\d+:1' at 'functionName' .* regular expression pattern: /,
      });
    }
    await suite.refused(put("invalid"), {
      status: 400,
      name: "ValidationException",
      message:
        /^1 validation error detected: Value 'invalid' at 'recursiveLoop' failed to satisfy constraint: Member must satisfy enum value set: \[(Allow, Terminate|Terminate, Allow)\]$/,
    });
    await suite.refused(put(undefined), {
      status: 400,
      name: "ValidationException",
      message:
        "1 validation error detected: Value null at 'recursiveLoop' failed to satisfy constraint: Member must not be null",
    });
  });
});
