/** Reserved concurrency, and the account's concurrency that it is taken from: the control operations. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, CODE, newName, settings } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const FLOOR =
  "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].";
const FUNCTIONS_ONLY =
  "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.";

describe("reserved concurrency", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const put = (FunctionName: string, ReservedConcurrentExecutions: number) =>
    suite.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
  const get = async (FunctionName: string) =>
    (await suite.lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }))).ReservedConcurrentExecutions;
  const remove = (FunctionName: string) => suite.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
  const account = async () => {
    const { AccountLimit } = await suite.lambda.send(new GetAccountSettingsCommand({}));
    return [AccountLimit?.ConcurrentExecutions, AccountLimit?.UnreservedConcurrentExecutions];
  };
  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const create = async () => {
    const input = settings();
    await suite.lambda.send(new CreateFunctionCommand(input));
    return String(input.FunctionName);
  };

  test("is put, read, changed and removed, and what was answered outlives a crash", async () => {
    const name = await create();
    assert.equal(await get(name), undefined);
    assert.equal((await put(name, 5)).ReservedConcurrentExecutions, 5);
    assert.equal((await put(`${ARN}${name}`, 7)).ReservedConcurrentExecutions, 7);
    await suite.restart();
    assert.equal(await get(name), 7);
    assert.deepEqual(await account(), [1000, 993]);
    await remove(name);
    await remove(name);
    await suite.restart();
    assert.equal(await get(name), undefined);
    assert.deepEqual(await account(), [1000, 1000]);
  });

  test("stands in GetFunction, of every version, when there is some", async () => {
    const FunctionName = await activeFunction(suite.region);
    await suite.lambda.send(new PublishVersionCommand({ FunctionName }));
    const concurrency = async (Qualifier?: string) =>
      (await suite.lambda.send(new GetFunctionCommand({ FunctionName, ...(Qualifier && { Qualifier }) }))).Concurrency;
    assert.equal(await concurrency(), undefined);
    await put(FunctionName, 0);
    assert.deepEqual(await concurrency(), { ReservedConcurrentExecutions: 0 });
    assert.deepEqual(await concurrency("1"), { ReservedConcurrentExecutions: 0 });
    await remove(FunctionName);
  });

  test("leaves 100 of the account unreserved, to the last one", async () => {
    const [one, other] = [await create(), await create()];
    await put(one, 600);
    await invalid(put(other, 301), FLOOR);
    assert.equal(await get(other), undefined);
    await put(other, 300);
    assert.deepEqual(await account(), [1000, 100]);
    await invalid(put(one, 601), FLOOR);
    await put(one, 600);
    await put(one, 599);
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName: one }));
    assert.deepEqual(await account(), [1000, 700]);
    await put(other, 900);
    await invalid(put(other, 2_147_483_647), FLOOR);
    await remove(other);
  });

  test("of functions that ask at the same time is never more than there is", async () => {
    const names = await Promise.all(Array.from({ length: 6 }, create));
    const answers = await Promise.allSettled(names.map((name) => put(name, 200)));
    assert.equal(answers.filter(({ status }) => status === "fulfilled").length, 4);
    assert.deepEqual(await account(), [1000, 200]);
    await Promise.all(names.map(remove));
  });

  test("goes with its function", async () => {
    const FunctionName = await create();
    await put(FunctionName, 3);
    await suite.lambda.send(new DeleteFunctionCommand({ FunctionName }));
    await suite.lambda.send(new CreateFunctionCommand(settings({ FunctionName, Code: { ZipFile: CODE } })));
    assert.equal(await get(FunctionName), undefined);
  });

  test("is of functions that exist, not of versions or aliases", async () => {
    const name = newName();
    const notFound = { status: 404, name: "ResourceNotFoundException", message: `Function not found: ${ARN}${name}` };
    await suite.refused(put(name, 1), notFound);
    await suite.refused(get(name), notFound);
    await suite.refused(remove(name), notFound);
    await invalid(put(`${ARN}${name}:1`, 1), FUNCTIONS_ONLY);
    await invalid(get(`${ARN}${name}:live`), FUNCTIONS_ONLY);
    await invalid(remove(`${ARN}${name}:1`), FUNCTIONS_ONLY);
  });

  test("is a number from 0 on", async () => {
    const FunctionName = await create();
    await put(FunctionName, 0);
    await suite.refused(put(FunctionName, -1), {
      status: 400,
      name: "ValidationException",
      message:
        "1 validation error detected: Value '-1' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0",
    });
    await remove(FunctionName);
  });
});

test("the part of the account that nobody can reserve is a setting", async () => {
  const variables = { ALONZO_ACCOUNT_CONCURRENCY: "10", ALONZO_UNRESERVED_CONCURRENCY: "4" };
  const suite = await Suite.start("process", variables);
  try {
    const input = settings();
    const FunctionName = String(input.FunctionName);
    await suite.lambda.send(new CreateFunctionCommand(input));
    const put = (ReservedConcurrentExecutions: number) =>
      suite.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
    await put(6);
    await suite.refused(put(7), {
      status: 400,
      name: "InvalidParameterValueException",
      message: FLOOR.replace("100", "4"),
    });
  } finally {
    await suite.stop();
  }
});
