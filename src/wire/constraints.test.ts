import assert from "node:assert/strict";
import { test } from "node:test";
import { findViolations, violationsText } from "./constraints.ts";
import { loadModel } from "./model.ts";
import type { Members } from "./protocol.ts";
import { readValue } from "./strict.ts";

const model = loadModel("lambda");

const REGION = "(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}";
const FUNCTION_NAME = `(arn:(aws[a-zA-Z-]*)?:lambda:)?(${REGION}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?`;
const ROLE = "arn:aws:iam::000000000000:role/r";

/** The message that a CreateFunction with these members gets, "" for none. */
function messageOf(members: object, shape = "CreateFunctionRequest"): string {
  const isCreate = shape === "CreateFunctionRequest";
  const input = isCreate ? { FunctionName: "f", Role: ROLE, Code: {}, ...members } : members;
  const target = model.shape(shape);
  const violations = findViolations(target, readValue(target, JSON.parse(JSON.stringify(input))) as Members);
  return violations.length === 0 ? "" : violationsText(violations);
}

const one = "1 validation error detected: ";

test("a valid input passes", () => {
  assert.equal(messageOf({ MemorySize: 128, Architectures: ["arm64"], Environment: { Variables: { KEY: "v" } } }), "");
});

test("all violations stand in one message, in the model's order", () => {
  assert.equal(
    messageOf({ FunctionName: "bad name", Role: undefined, Timeout: 0 }),
    `3 validation errors detected: Value 'bad name' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: ${FUNCTION_NAME}; Value null at 'role' failed to satisfy constraint: Member must not be null; Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1`,
  );
});

test("length, range and enum have AWS's words", () => {
  const long = "a".repeat(141);
  assert.equal(
    messageOf({ FunctionName: long }),
    `${one}Value '${long}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 140`,
  );
  assert.match(messageOf({ FunctionName: "" }), /Member must have length greater than or equal to 1/);
  assert.equal(
    messageOf({ MemorySize: 32769 }),
    `${one}Value '32769' at 'memorySize' failed to satisfy constraint: Member must have value less than or equal to 32768`,
  );
  assert.equal(
    messageOf({ SnapStart: { ApplyOn: "invalidOption" } }),
    `${one}Value 'invalidOption' at 'snapStart.applyOn' failed to satisfy constraint: Member must satisfy enum value set: [PublishedVersions, None]`,
  );
});

test("a list counts its items and lists all constraints of a bad one", () => {
  assert.equal(
    messageOf({ Architectures: ["x86_64", "arm64"] }),
    `${one}Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: Member must have length less than or equal to 1`,
  );
  const enumText =
    "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]";
  assert.equal(
    messageOf({ Architectures: ["X86_64"] }),
    `${one}Value '[X86_64]' at 'architectures' failed to satisfy constraint: ${enumText}`,
  );
  assert.equal(
    messageOf({ Architectures: [null] }),
    `${one}Value '[null]' at 'architectures' failed to satisfy constraint: ${enumText}`,
  );
});

test("a secret map is refused without being shown", () => {
  assert.equal(
    messageOf({ Environment: { Variables: { "1": "secret" } } }),
    `${one}Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+, Member must not be null]`,
  );
});

test("map values print as numbers of their kind", () => {
  assert.equal(
    messageOf(
      { FunctionName: "f", Name: "a", FunctionVersion: "1", RoutingConfig: { AdditionalVersionWeights: { "2": 2 } } },
      "CreateAliasRequest",
    ),
    `${one}Value '{2=2.0}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]`,
  );
});

test("members of structures in a list are named by position", () => {
  const message = messageOf({ FileSystemConfigs: [{ Arn: "x" }] });
  assert.match(message, /^2 validation errors detected: Value 'x' at 'fileSystemConfigs\.1\.member\.arn' failed/);
  assert.match(message, /Value null at 'fileSystemConfigs\.1\.member\.localMountPath' failed .* must not be null$/);
});

test("Runtime's values are the service's to check", () => {
  assert.equal(messageOf({ Runtime: "cobol85" }), "");
});

test("an anchored pattern matches the whole value, line breaks included", () => {
  assert.match(messageOf({ FunctionName: "good\n" }), /Member must satisfy regular expression pattern/);
  assert.match(messageOf({ Role: `${ROLE}\nx` }), /'role' failed/);
});

test("giant values are refused quickly, with a message that stays small", () => {
  const giant = "a".repeat(5_000_000);
  for (const members of [
    { FunctionName: giant },
    { Environment: { Variables: { [giant]: "x" } } },
    { Layers: [giant, giant] },
    { Layers: Array.from({ length: 200_000 }, () => "x") },
  ]) {
    const message = messageOf(members);
    assert.match(message, /validation error/);
    assert.ok(message.length < 50_000, `${message.length} characters`);
  }
});

test("a million bad items do not make a million violations", () => {
  const Filters = Array.from({ length: 10_000 }, () => ({ Pattern: "x".repeat(5000) }));
  const message = messageOf({ FunctionName: "f", FilterCriteria: { Filters } }, "CreateEventSourceMappingRequest");
  assert.match(message, /^100 validation errors detected/);
});

test("no pattern of the model backtracks without end on input that is made to", () => {
  const inputs = [
    "a".repeat(20_000),
    "a-".repeat(10_000),
    "arn:".repeat(5000),
    `${"a.".repeat(10_000)}!`,
    "0".repeat(20_000),
  ];
  for (const { input } of model.operations.values()) {
    for (const { target } of input.members) {
      if (target.pattern === undefined) continue;
      for (const text of inputs) target.pattern.test(text.slice(0, target.max ?? 20_000));
    }
  }
});
