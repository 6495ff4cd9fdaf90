import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PolicyDocument } from "../functions/policy-document.ts";
import { authorizeByActions } from "./authorization.ts";
import { Permissions } from "./permissions.ts";

const FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f";
const ADMINISTRATOR = {
  arn: "arn:aws:iam::000000000000:root",
  accountId: "000000000000",
  kind: "administrator",
} as const;
const ROLE = {
  arn: "arn:aws:sts::000000000000:assumed-role/reader/caller",
  accountId: "000000000000",
  kind: "execution-role",
} as const;

/** What role `reader` is told of policies by function and qualifier. */
const policy = (Effect: "Allow" | "Deny", Resource = FUNCTION): PolicyDocument => ({
  Statement: {
    Effect,
    Principal: { AWS: "arn:aws:iam::000000000000:role/reader" },
    Action: "lambda:InvokeFunction",
    Resource,
  },
});

function permissions(actions: readonly string[], policies: Readonly<Record<string, PolicyDocument>> = {}) {
  const asked: string[] = [];
  const policyOf = async (name: string, qualifier: string | undefined) => {
    const key = qualifier === undefined ? name : `${name}:${qualifier}`;
    asked.push(key);
    return policies[key];
  };
  const layerPolicyOf = (name: string, version: number) => policyOf(`layer ${name}`, String(version));
  return { asked, permissions: new Permissions(authorizeByActions(actions), { policyOf, layerPolicyOf }, () => 0) };
}

const require = (of: Permissions, resource = FUNCTION, action = "lambda:InvokeFunction") =>
  Promise.resolve().then(() => of.require(ROLE, action, resource));
const denied = (why: string) => ({ code: "AccessDeniedException", message: new RegExp(`${why}$`) });

describe("permissions", () => {
  it("of the administrator are known at once, without asking for a policy", () => {
    const { asked, permissions: of } = permissions([], { f: policy("Deny") });
    assert.equal(of.require(ADMINISTRATOR, "lambda:InvokeFunction", FUNCTION), undefined);
    assert.deepEqual(asked, []);
  });

  it("come of the caller's own rights or of the function's policy", async () => {
    await require(permissions(["lambda:InvokeFunction"]).permissions);
    await require(permissions([], { f: policy("Allow") }).permissions);
    const why = "because no identity-based policy allows the lambda:InvokeFunction action";
    await assert.rejects(require(permissions([]).permissions), denied(why));
    await assert.rejects(require(permissions([], { f: policy("Allow") }).permissions, `${FUNCTION}:1`), denied(why));
  });

  it("are taken by a Deny of the function's policy, whatever else allows", async () => {
    const { permissions: of } = permissions(["*"], { f: policy("Deny") });
    await assert.rejects(require(of), denied("with an explicit deny in a resource-based policy"));
    await require(of, FUNCTION, "lambda:GetFunction");
    await require(of, "*", "lambda:ListFunctions");
  });

  it("of layer versions come of their policy, too, each of its own", async () => {
    const LAYER = "arn:aws:lambda:us-east-1:000000000000:layer:f";
    const { asked, permissions: of } = permissions([], {
      "layer f:2": policy("Allow", `${LAYER}:2`),
      f: policy("Allow"),
    });
    await require(of, `${LAYER}:2`);
    await assert.rejects(require(of, `${LAYER}:1`), { code: "AccessDeniedException" });
    await assert.rejects(require(of, LAYER), { code: "AccessDeniedException" });
    assert.deepEqual(asked, ["layer f:2", "layer f:1"]);
  });

  it("are those of the version or alias that is named, and of the function for $LATEST", async () => {
    const { asked, permissions: of } = permissions([], {
      f: policy("Allow"),
      "f:live": policy("Allow", `${FUNCTION}:live`),
    });
    await require(of, `${FUNCTION}:live`);
    await require(of, `${FUNCTION}:$LATEST`);
    assert.deepEqual(asked, ["f:live", "f"]);
  });
});
