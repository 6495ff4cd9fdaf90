import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Admission, type AdmissionOptions } from "./admission.ts";
import { InvokeRefusal } from "./refusal.ts";

const OPTIONS: AdmissionOptions = { accountConcurrency: 10, requestRate: 1000, scalingRate: 1000 };

function throttles(call: () => unknown, reason: string, retryAfterSeconds = "1"): void {
  assert.throws(call, (error) => {
    assert.ok(error instanceof InvokeRefusal);
    const { code, message, members } = error;
    assert.deepEqual(
      { code, message, members },
      {
        code: "TooManyRequestsException",
        message: "Rate Exceeded.",
        members: { Reason: reason, Type: "User", retryAfterSeconds },
      },
    );
    return true;
  });
}

const enter = (admission: Admission, functionName: string, times = 1) =>
  Array.from({ length: times }, () => admission.enter(functionName, "warm", false));

describe("concurrency", () => {
  test("functions share the account's until it is used up, and each place that is left is free again", () => {
    const admission = new Admission(OPTIONS);
    const [first] = enter(admission, "f", 6);
    enter(admission, "g", 4);
    throttles(() => enter(admission, "h"), "ConcurrentInvocationLimitExceeded");
    assert.ok(first);
    admission.leave(first, "warm");
    enter(admission, "h");
    assert.equal(admission.running(), 10);
    assert.equal(admission.running("f"), 5);
  });

  test("what one function reserves is there for it, and not for the others", () => {
    const admission = new Admission(OPTIONS);
    admission.setLimits("f", { reserved: 3, provisioned: 0 });
    enter(admission, "g", 7);
    throttles(() => enter(admission, "g"), "ConcurrentInvocationLimitExceeded");
    enter(admission, "f", 3);
    throttles(() => enter(admission, "f"), "ReservedFunctionConcurrentInvocationLimitExceeded");
  });

  test("a reserved concurrency of 0 switches the function off, whatever is free", () => {
    const admission = new Admission(OPTIONS);
    admission.setLimits("f", { reserved: 0, provisioned: 0 });
    assert.equal(admission.isSwitchedOff("f"), true);
    throttles(() => enter(admission, "f"), "ReservedFunctionConcurrentInvocationLimitExceeded");
    throttles(() => admission.enter("f", "warm", true), "ReservedFunctionConcurrentInvocationLimitExceeded");
    admission.setLimits("f", { provisioned: 0 });
    assert.equal(admission.isSwitchedOff("f"), false);
    enter(admission, "f");
  });

  test("what is provisioned is set aside from the account's, and spills over into what is left", () => {
    const admission = new Admission(OPTIONS);
    admission.setLimits("f", { provisioned: 4 });
    enter(admission, "g", 6);
    throttles(() => enter(admission, "f"), "ConcurrentInvocationLimitExceeded");
    for (let place = 0; place < 4; place++) admission.enter("f", "provisioned", false);
    assert.equal(admission.running(), 10);
    throttles(() => admission.enter("f", "provisioned", false), "ConcurrentInvocationLimitExceeded");
  });

  test("when all that is reserved is provisioned, nothing of the function runs on demand", () => {
    const admission = new Admission(OPTIONS);
    admission.setLimits("f", { reserved: 2, provisioned: 2 });
    throttles(() => enter(admission, "f"), "ReservedFunctionConcurrentInvocationLimitExceeded");
    admission.enter("f", "provisioned", false);
    admission.enter("f", "provisioned", false);
    throttles(() => admission.enter("f", "provisioned", false), "ReservedFunctionConcurrentInvocationLimitExceeded");
  });

  test("what runs when limits change goes on and counts in the pool where it now belongs", () => {
    const admission = new Admission(OPTIONS);
    const places = enter(admission, "f", 5);
    admission.setLimits("f", { reserved: 2, provisioned: 0 });
    throttles(() => enter(admission, "f"), "ReservedFunctionConcurrentInvocationLimitExceeded");
    enter(admission, "g", 5);
    throttles(() => enter(admission, "g"), "ConcurrentInvocationLimitExceeded");
    for (const place of places) admission.leave(place, "warm");
    enter(admission, "g", 3);
    throttles(() => enter(admission, "g"), "ConcurrentInvocationLimitExceeded");
    admission.setLimits("f", { provisioned: 0 });
    enter(admission, "g", 2);
    assert.equal(admission.running(), 10);
  });

  test("a function that is deleted leaves its claim at once, and its running invocations as they end", () => {
    const admission = new Admission(OPTIONS);
    admission.setLimits("f", { reserved: 5, provisioned: 0 });
    const [place] = enter(admission, "f");
    admission.forget("f");
    admission.forget("unknown");
    enter(admission, "g", 9);
    throttles(() => enter(admission, "g"), "ConcurrentInvocationLimitExceeded");
    assert.ok(place);
    admission.leave(place, "warm");
    enter(admission, "g");
  });
});

describe("rates", () => {
  test("of requests follow the account's concurrency, and tell when to come back", () => {
    let nowMs = 0;
    const admission = new Admission({ ...OPTIONS, accountConcurrency: 2, requestRate: 1, now: () => nowMs });
    const request = (functionName: string) => admission.leave(admission.enter(functionName, "warm", true), "warm");
    request("f");
    request("g");
    throttles(() => request("f"), "FunctionInvocationRateLimitExceeded");
    nowMs = 499;
    throttles(() => request("f"), "FunctionInvocationRateLimitExceeded");
    nowMs = 500;
    request("f");
    throttles(() => request("g"), "FunctionInvocationRateLimitExceeded");
    assert.equal(admission.running(), 0);
  });

  test("of requests follow the reserved concurrency where there is one, apart from the account's", () => {
    const admission = new Admission({ ...OPTIONS, requestRate: 1, now: () => 0 });
    admission.setLimits("f", { reserved: 1, provisioned: 0 });
    const request = (functionName: string) => admission.leave(admission.enter(functionName, "warm", true), "warm");
    request("f");
    throttles(() => request("f"), "ReservedFunctionInvocationRateLimitExceeded");
    for (let count = 0; count < 10; count++) request("g");
    throttles(() => request("g"), "FunctionInvocationRateLimitExceeded");
  });

  test("of requests do not bind events that were accepted before", () => {
    const admission = new Admission({ ...OPTIONS, accountConcurrency: 1, requestRate: 1, now: () => 0 });
    for (let count = 0; count < 5; count++) admission.leave(admission.enter("f", "warm", false), "warm");
    admission.enter("f", "warm", true);
  });

  test("of growth bind each function by itself, and only where an environment has to be started", () => {
    let nowMs = 0;
    const admission = new Admission({ ...OPTIONS, accountConcurrency: 100, scalingRate: 2, now: () => nowMs });
    const start = (functionName: string) => admission.leave(admission.enter(functionName, "cold", false), "cold");
    start("f");
    start("f");
    throttles(() => start("f"), "ConcurrentInvocationLimitExceeded", "5");
    enter(admission, "f", 5);
    start("g");
    nowMs = 5000;
    start("f");
    throttles(() => start("f"), "ConcurrentInvocationLimitExceeded", "5");
  });

  test("take nothing for what is refused for another reason", () => {
    const admission = new Admission({ accountConcurrency: 1, requestRate: 2, scalingRate: 2, now: () => 0 });
    const place = admission.enter("f", "cold", true);
    for (let count = 0; count < 5; count++) {
      throttles(() => admission.enter("f", "cold", true), "ConcurrentInvocationLimitExceeded");
    }
    admission.leave(place, "cold");
    admission.enter("f", "cold", true);
  });
});
