/** Tags: the operations that read and write them, on every resource that can have some. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateFunctionCommand,
  ListTagsCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-lambda";
import { ARN, settings } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

describe("tags", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  test("of a function are merged, listed, removed, and there after a crash", async () => {
    const input = settings({ Tags: { team: "a", stage: "test" } });
    await suite.lambda.send(new CreateFunctionCommand(input));
    const Resource = `${ARN}${input.FunctionName}`;
    await suite.lambda.send(new TagResourceCommand({ Resource, Tags: { team: "b", cost: "1" } }));
    await suite.lambda.send(new UntagResourceCommand({ Resource, TagKeys: ["stage", "unknown"] }));
    await suite.restart();
    const { Tags } = await suite.lambda.send(new ListTagsCommand({ Resource }));
    assert.deepEqual(Tags, { team: "b", cost: "1" });
  });

  test("of a function that does not exist are refused", async () => {
    const Resource = `${ARN}nobody`;
    const message = `Function not found: ${Resource}`;
    const expected = { status: 404, name: "ResourceNotFoundException", message };
    await suite.refused(suite.lambda.send(new ListTagsCommand({ Resource })), expected);
    await suite.refused(suite.lambda.send(new TagResourceCommand({ Resource, Tags: { a: "b" } })), expected);
    await suite.refused(suite.lambda.send(new UntagResourceCommand({ Resource, TagKeys: ["a"] })), expected);
  });
});
