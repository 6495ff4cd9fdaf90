import assert from "node:assert/strict";
import { test } from "node:test";
import type { FunctionVersion } from "../functions/function-version.ts";
import { initLimitMs } from "./initialization.ts";

test("init has 10 s on demand, and ahead of invocations 130 s or as long as the function may run", () => {
  const version = (timeoutSeconds: number) => ({ timeoutSeconds }) as FunctionVersion;
  assert.equal(initLimitMs("on-demand", version(900)), 10_000);
  assert.equal(initLimitMs("provisioned-concurrency", version(3)), 130_000);
  assert.equal(initLimitMs("provisioned-concurrency", version(900)), 900_000);
});
