import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../config.ts";
import { readArguments, UsageError } from "./arguments.ts";

test("settings are flags of every verb, beside its own", () => {
  const { config, flags, positionals } = readArguments(
    ["hello", "--port", "0", "--tail"],
    { tail: { type: "boolean" } },
    ["NAME"],
  );
  assert.equal(config.port, 0);
  assert.equal(flags.tail, true);
  assert.deepEqual(positionals, ["hello"]);
});

test("unknown flags, missing words and spare words are refused", () => {
  assert.throws(() => readArguments(["--nonsense"]), UsageError);
  assert.throws(() => readArguments([], {}, ["NAME"]), /missing NAME/);
  assert.throws(() => readArguments(["spare"]), /unexpected argument 'spare'/);
});

test("a setting that cannot be used is the configuration's error", () => {
  assert.throws(() => readArguments(["--port", "many"]), ConfigError);
});
