/** What tests of Lambda's control API start from: functions that exist, and refusals to be expected. */
import assert from "node:assert/strict";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  type FunctionConfiguration,
  GetFunctionConfigurationCommand,
  LambdaServiceException,
} from "@aws-sdk/client-lambda";
import type { TestRegion } from "../../test-region.ts";
import { zipOf } from "./zip.ts";

export const ROLE = "arn:aws:iam::000000000000:role/test";
export const CODE = zipOf({ "index.js": "exports.handler = async () => 1;" });
export const ARN = "arn:aws:lambda:us-east-1:000000000000:function:";

let names = 0;

/** A name that no other test of the file uses. */
export function newName(): string {
  names += 1;
  return `function-${names}`;
}

/** What CreateFunction needs at least, under a new name. */
export function settings(more: Partial<CreateFunctionCommandInput> = {}): CreateFunctionCommandInput {
  return {
    FunctionName: newName(),
    Role: ROLE,
    Runtime: "nodejs22.x",
    Handler: "index.handler",
    Code: { ZipFile: CODE },
    ...more,
  };
}

/** Asks until the function is neither Pending nor being updated. */
export async function settled(region: TestRegion, name: string, qualifier?: string): Promise<FunctionConfiguration> {
  for (;;) {
    const configuration = await region.lambda.send(
      new GetFunctionConfigurationCommand({
        FunctionName: name,
        ...(qualifier !== undefined && { Qualifier: qualifier }),
      }),
    );
    if (configuration.State !== "Pending" && configuration.LastUpdateStatus !== "InProgress") return configuration;
  }
}

/** An active function; answers its name. */
export async function activeFunction(
  region: TestRegion,
  more: Partial<CreateFunctionCommandInput> = {},
): Promise<string> {
  const input = settings(more);
  await region.lambda.send(new CreateFunctionCommand(input));
  const name = String(input.FunctionName);
  const { State: state, StateReason: reason } = await settled(region, name);
  const wanted = more.CapacityProviderConfig ? "ActiveNonInvocable" : "Active";
  assert.equal(state, wanted, `not ${wanted}: ${reason}`);
  return name;
}

/** The call must be refused exactly so. */
export async function refused(call: Promise<unknown>, status: number, code: string, message: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof LambdaServiceException, String(error));
    assert.deepEqual(
      { status: error.$metadata.httpStatusCode, code: error.name, message: error.message },
      { status, code, message },
    );
    return true;
  });
}

export const invalid = (call: Promise<unknown>, message: string) =>
  refused(call, 400, "InvalidParameterValueException", message);
export const notFound = (call: Promise<unknown>, message: string) =>
  refused(call, 404, "ResourceNotFoundException", message);
