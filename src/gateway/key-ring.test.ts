import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CredentialMint } from "../execution/credentials.ts";
import { KeyRing } from "./key-ring.ts";

const mint = new CredentialMint(Buffer.alloc(32, 1));
const ring = new KeyRing({ accountId: "000000000000", accessKeyId: "test", secretAccessKey: "secret", mint });

describe("the key ring", () => {
  it("knows the administrator by the access key alone", () => {
    const found = ring.find("test", undefined);
    assert.ok(typeof found === "object");
    assert.equal(found.principal.kind, "administrator");
    assert.equal(ring.find("other", undefined), undefined);
  });

  it("refuses a session token beside the administrator's key", () => {
    assert.equal(ring.find("test", "bogus"), undefined);
    assert.equal(ring.find("test", ""), undefined);
  });

  it("knows the administrator by temporary credentials too, with their own secret", () => {
    const identity = { roleArn: "arn:aws:iam::000000000000:root", sessionName: "" };
    const issued = mint.issue(identity, Date.now());
    const found = ring.find(issued.accessKeyId, issued.sessionToken);
    assert.ok(typeof found === "object");
    assert.equal(found.principal.kind, "administrator");
    assert.equal(found.secretAccessKey, issued.secretAccessKey);
    const elsewhere = mint.issue({ ...identity, roleArn: "arn:aws:iam::111111111111:root" }, Date.now());
    const other = ring.find(elsewhere.accessKeyId, elsewhere.sessionToken);
    assert.ok(typeof other === "object" && other.principal.kind === "execution-role");
  });

  it("knows an execution role by its key and its own token only", () => {
    const identity = { roleArn: "arn:aws:iam::000000000000:role/path/worker", sessionName: "thumb" };
    const issued = mint.issue(identity, Date.now());
    const found = ring.find(issued.accessKeyId, issued.sessionToken);
    assert.ok(typeof found === "object");
    assert.equal(found.principal.arn, "arn:aws:sts::000000000000:assumed-role/worker/thumb");
    assert.equal(found.secretAccessKey, issued.secretAccessKey);
    assert.equal(ring.find("ASIAOTHER", issued.sessionToken), undefined);
    assert.equal(ring.find(issued.accessKeyId, undefined), undefined);
    assert.equal(ring.find("test", issued.sessionToken), undefined);
    const old = mint.issue(identity, Date.now() - 24 * 3600 * 1000);
    assert.equal(ring.find(old.accessKeyId, old.sessionToken), "expired");
  });
});
