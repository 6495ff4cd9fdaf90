import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime } from "@aws-sdk/client-lambda";
import { runtimeRefusal, supportsSnapStart } from "./runtime-names.ts";

test("every runtime of Lambda's model is either accepted or refused as retired", () => {
  const refused = Object.values(Runtime).filter((runtime) => {
    const refusal = runtimeRefusal(runtime);
    if (refusal !== undefined) assert.match(refusal, /is no longer supported/, runtime);
    return refusal !== undefined;
  });
  assert.ok(refused.includes("nodejs14.x"));
  for (const runtime of ["nodejs26.x", "python3.15", "provided.al2023", "nodejs16.x", "java8.al2"] as const) {
    assert.ok(!refused.includes(runtime), runtime);
  }
});

test("an unknown runtime is refused with the set of known ones", () => {
  assert.match(
    runtimeRefusal("cobol") as string,
    /^Value cobol at 'runtime' failed .* \[nodejs20\.x, .*java8\.al2\] or/,
  );
  assert.match(runtimeRefusal("") as string, /^Value {2}at 'runtime'/);
});

test("SnapStart is for younger Java, Python and .NET", () => {
  for (const runtime of ["java11", "java21", "python3.12", "python3.14", "dotnet8", "java17.al2023"]) {
    assert.equal(supportsSnapStart(runtime), true, runtime);
  }
  for (const runtime of ["java8.al2", "python3.11", "dotnet6", "nodejs22.x", "provided.al2023", ""]) {
    assert.equal(supportsSnapStart(runtime), false, runtime);
  }
});
