import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { actionMatches, authorizeByActions } from "./authorization.ts";

describe("authorization", () => {
  it("matches actions with * for any text and without regard to case", () => {
    const yes = [
      ["*", "lambda:X"],
      ["lambda:*", "lambda:InvokeFunction"],
      ["lambda:Get*", "lambda:getFunction"],
      ["l*:I*F*n", "lambda:InvokeFunction"],
      ["sqs:SendMessage", "sqs:SendMessage"],
    ];
    const no = [
      ["lambda:*", "sqs:X"],
      ["lambda:Get", "lambda:GetX"],
      ["a*a", "a"],
      ["*x*y", "ay"],
      ["", "a"],
      ["l*zz*n", "lambda:InvokeFunction"],
    ];
    for (const [pattern = "", action = ""] of yes) assert.ok(actionMatches(pattern, action), pattern);
    for (const [pattern = "", action = ""] of no) assert.ok(!actionMatches(pattern, action), pattern);
  });

  it("lets administrators do everything and execution roles what the patterns name", () => {
    const authorize = authorizeByActions(["lambda:InvokeFunction"]);
    const as = (kind: "administrator" | "execution-role") => ({ arn: "arn", accountId: "0", kind });
    assert.ok(authorize(as("administrator"), "lambda:DeleteFunction", "*"));
    assert.ok(authorize(as("execution-role"), "lambda:InvokeFunction", "*"));
    assert.ok(!authorize(as("execution-role"), "lambda:DeleteFunction", "*"));
  });
});
