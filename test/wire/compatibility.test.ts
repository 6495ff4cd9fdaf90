/** Holds docs/compatibility.md to what the code says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compatibilityTable } from "../../scripts/compatibility-table.ts";

test("docs/compatibility.md is what the model, the handlers and the tests say (npm run compatibility)", async () => {
  const committed = readFileSync(join(import.meta.dirname, "..", "..", "docs", "compatibility.md"), "utf8");
  assert.equal(committed, await compatibilityTable());
});
