/** Tags: the operations that read and write them, on every resource that can have some. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  CreateAliasCommand,
  CreateCodeSigningConfigCommand,
  CreateFunctionCommand,
  DeleteCodeSigningConfigCommand,
  GetFunctionCommand,
  ListTagsCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-lambda";
import { ARN, activeFunction, settings } from "../api/lambda/given.ts";
import { Suite } from "./suite.ts";

const PROFILE = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/team/abcdefghij";
const PLACE = "arn:aws:lambda:us-east-1:000000000000";

type Tags = Record<string, string>;

describe("tags", () => {
  let suite: Suite;
  before(async () => {
    suite = await Suite.start();
  });
  after(() => suite.stop());

  const list = async (Resource: string) => (await suite.lambda.send(new ListTagsCommand({ Resource }))).Tags;
  const tag = (Resource: string, tags: Tags) => suite.lambda.send(new TagResourceCommand({ Resource, Tags: tags }));
  const untag = (Resource: string, ...TagKeys: string[]) =>
    suite.lambda.send(new UntagResourceCommand({ Resource, TagKeys }));
  const invalid = (call: Promise<unknown>, message: string) =>
    suite.refused(call, { status: 400, name: "InvalidParameterValueException", message });
  const violated = (call: Promise<unknown>, message: RegExp) =>
    suite.refused(call, { status: 400, name: "ValidationException", message });
  const missing = async (Resource: string, message: string) => {
    for (const call of [() => list(Resource), () => tag(Resource, { a: "b" }), () => untag(Resource, "a")]) {
      await suite.refused(call(), { status: 404, name: "ResourceNotFoundException", message });
    }
  };

  const newFunction = async (tags?: Tags) => {
    const input = settings(tags && { Tags: tags });
    await suite.lambda.send(new CreateFunctionCommand(input));
    return `${ARN}${input.FunctionName}`;
  };
  const newCodeSigningConfig = async (tags?: Tags) => {
    const { CodeSigningConfig } = await suite.lambda.send(
      new CreateCodeSigningConfigCommand({
        AllowedPublishers: { SigningProfileVersionArns: [PROFILE] },
        ...(tags && { Tags: tags }),
      }),
    );
    return String(CodeSigningConfig?.CodeSigningConfigArn);
  };
  const kinds: [kind: string, create: (tags?: Tags) => Promise<string>][] = [
    ["a function", newFunction],
    ["a code signing configuration", newCodeSigningConfig],
  ];

  for (const [kind, create] of kinds) {
    test(`of ${kind} are merged, listed, removed, and there after a crash`, async () => {
      const resource = await create({ team: "a", stage: "test" });
      assert.deepEqual(await list(resource), { team: "a", stage: "test" });
      await tag(resource, { team: "b", cost: "" });
      await untag(resource, "stage", "unknown");
      await suite.restart();
      assert.deepEqual(await list(resource), { team: "b", cost: "" });
      await untag(resource, "team", "cost");
      assert.deepEqual(await list(resource), {});
      assert.deepEqual(await list(await create()), {});
    });

    test(`of ${kind} are at most 50, new and old together`, async () => {
      const many = (count: number, prefix: string): Tags =>
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, "v"]));
      const tooMany = "Number of tags exceeds resource tag limit.";
      await invalid(create(many(51, "a")), tooMany);
      const resource = await create(many(49, "a"));
      await tag(resource, { b0: "v" });
      await tag(resource, { b0: "w" });
      await invalid(tag(resource, { b1: "v" }), tooMany);
      assert.deepEqual(await list(resource), { ...many(49, "a"), b0: "w" });
    });

    test(`of ${kind} are refused when empty or reserved, and when they break the model's constraints`, async () => {
      const resource = await create();
      await invalid(tag(resource, {}), "An error occurred and the request cannot be processed.");
      await invalid(tag(resource, { "aws:x": "v" }), "aws: prefixed tag key names are not allowed for external use.");
      const key = "k".repeat(128);
      const value = "v".repeat(256);
      await tag(resource, { [key]: value, "ä Ω_.:/=+-@1": "ä Ω_.:/=+-@1" });
      assert.deepEqual(await list(resource), { [key]: value, "ä Ω_.:/=+-@1": "ä Ω_.:/=+-@1" });
      await violated(
        tag(resource, { [`${key}k`]: "v" }),
        /at 'tags' failed to satisfy constraint: Map keys must satisfy/,
      );
      await violated(
        tag(resource, { k: `${value}v` }),
        /at 'tags' failed to satisfy constraint: Map value must satisfy/,
      );
      await violated(tag(resource, { "k!": "v" }), /at 'tags' failed to satisfy constraint: Map keys must satisfy/);
      await violated(tag(resource, { k: "v!" }), /at 'tags' failed to satisfy constraint: Map value must satisfy/);
      await violated(tag(resource, undefined as never), /Value null at 'tags' .* Member must not be null$/);
      await violated(untag(resource), /Value null at 'tagKeys' .* Member must not be null$/);
      await violated(
        untag(resource, "k!"),
        /at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: /,
      );
    });
  }

  test("of a function are shown with it, but not with its versions and aliases, which have none", async () => {
    const name = await activeFunction(suite.region, { Tags: { team: "a" }, Publish: true });
    await suite.lambda.send(new CreateAliasCommand({ FunctionName: name, Name: "live", FunctionVersion: "1" }));
    const shown = async (FunctionName: string) =>
      (await suite.lambda.send(new GetFunctionCommand({ FunctionName }))).Tags;
    assert.deepEqual(await shown(name), { team: "a" });
    assert.equal(await shown(`${name}:1`), undefined);
    const message = "Tags on function aliases and versions are not supported. Please specify a function ARN.";
    for (const qualifier of ["1", "live", "$LATEST"]) {
      const resource = `${ARN}${name}:${qualifier}`;
      for (const call of [() => list(resource), () => tag(resource, { a: "b" }), () => untag(resource, "a")]) {
        await invalid(call(), message);
      }
    }
  });

  test("of what does not exist are refused", async () => {
    await missing(`${ARN}nobody`, `Function not found: ${ARN}nobody`);
    const config = await newCodeSigningConfig();
    await suite.lambda.send(new DeleteCodeSigningConfigCommand({ CodeSigningConfigArn: config }));
    await missing(config, `The Lambda code signing configuration ${config} can not be found.`);
    await missing(`${PLACE}:network-connector:n`, "The resource you requested does not exist.");
    await missing(
      `${ARN.replace("us-east-1", "eu-west-1")}f`,
      "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    );
    await violated(
      list("f"),
      /at 'resource' failed to satisfy constraint: Member must satisfy regular expression pattern/,
    );
    await violated(list(`${PLACE}:layer:l`), /at 'resource' failed to satisfy constraint: /);
  });
});
