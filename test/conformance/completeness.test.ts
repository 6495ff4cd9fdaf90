/** No operation without a conformance test, no documented error that is neither brought about nor explained away. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { loadModel } from "../../src/wire/model.ts";
import { UNREACHABLE, UNREACHABLE_FOR } from "./unreachable-errors.ts";

const ROOT = join(import.meta.dirname, "..", "..");
/** The nine reads and writes of durable executions wait for an issue of their own; until then they answer 501 by name. */
const LATER = /Durable|^Send.*Callback/;
/** Shorthands of the tests for errors. */
const SHORTHANDS: Readonly<Record<string, RegExp>> = {
  InvalidParameterValueException: /\binvalid\(/,
  ResourceNotFoundException: /\b(notFound|missing)\(/,
};

const model = loadModel("lambda");
const served = [...model.operations.values()].filter(({ name }) => !LATER.test(name));

/** Tests that send commands to a real region; what they share lies beside them. */
async function texts(): Promise<string[]> {
  const found: string[] = [];
  for (const pattern of ["test/{conformance,api,e2e}/**/*.ts"]) {
    for await (const path of glob(pattern, { cwd: ROOT })) {
      if (/completeness|unreachable|scenario|rubbish|two-clients/.test(path)) continue;
      found.push(readFileSync(join(ROOT, path), "utf8"));
    }
  }
  return found;
}

test("every operation that is served is sent to a real region by a test of its own", async () => {
  const all = (await texts()).join("\n");
  assert.deepEqual(
    served.map(({ name }) => name).filter((name) => !new RegExp(`\\b${name}Command\\b`).test(all)),
    [],
  );
});

test("every documented error is brought about beside its operation, or cannot come about", async () => {
  const all = await texts();
  const missing = served.flatMap(({ name, errors }) => {
    const about = all.filter((text) => new RegExp(`\\b${name}Command\\b`).test(text));
    return errors
      .filter(
        (error) =>
          !(error in UNREACHABLE) && !(`* ${error}` in UNREACHABLE_FOR) && !(`${name} ${error}` in UNREACHABLE_FOR),
      )
      .filter((error) => !about.some((text) => text.includes(error) || SHORTHANDS[error]?.test(text)))
      .map((error) => `${name} ${error}`);
  });
  assert.deepEqual(missing, []);
});

test("no explanation is left of what the model does not know", () => {
  const documented = new Set(served.flatMap(({ name, errors }) => errors.map((error) => `${name} ${error}`)));
  const any = new Set([...model.operations.values()].flatMap(({ errors }) => errors));
  assert.deepEqual(
    Object.keys(UNREACHABLE).filter((error) => !any.has(error)),
    [],
  );
  assert.deepEqual(
    Object.keys(UNREACHABLE_FOR).filter((pair) => !pair.startsWith("* ") && !documented.has(pair)),
    [],
  );
});
