import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { TestRegion } from "../../test-region.ts";
import { ARN, activeFunction, CODE, notFound, settings, settled } from "./given.ts";

test("what was answered survives a crash, and what was under way is finished after it", async (t) => {
  const region = await TestRegion.start();
  t.after(() => region.stop());
  const get = (FunctionName: string) => region.lambda.send(new GetFunctionCommand({ FunctionName }));

  const old = await activeFunction(region, { Tags: { team: "a" }, Environment: { Variables: { KEY: "value" } } });
  await region.lambda.send(new PublishVersionCommand({ FunctionName: old }));
  await region.lambda.send(new PublishVersionCommand({ FunctionName: old }));
  const deleted = await activeFunction(region);
  await region.lambda.send(new DeleteFunctionCommand({ FunctionName: deleted }));
  const before = await get(old);
  await region.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: old, Timeout: 77 }));
  const young = settings();
  await region.lambda.send(new CreateFunctionCommand(young));
  await region.kill();

  await region.startAgain();
  const updated = await settled(region, old);
  assert.deepEqual([updated.State, updated.LastUpdateStatus, updated.Timeout], ["Active", "Successful", 77]);
  assert.deepEqual(updated.Environment, { Variables: { KEY: "value" } });
  const after = await get(old);
  assert.deepEqual(after.Tags, before.Tags);
  const created = await settled(region, String(young.FunctionName));
  assert.equal(created.State, "Active");
  const response = await fetch(String((await get(String(young.FunctionName))).Code?.Location));
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), CODE);
  await notFound(get(deleted), `Function not found: ${ARN}${deleted}`);
  const published = await region.lambda.send(new PublishVersionCommand({ FunctionName: old }));
  assert.equal(published.Version, "2", "numbers go on where they were");
});
