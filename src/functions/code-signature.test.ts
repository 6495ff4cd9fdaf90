import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { Utf8String } from "asn1js";
import { zipOf } from "../../test/api/lambda/zip.ts";
import { derOf, pemOf, SIGNATURE_ENTRY, TestSigner } from "../../test/test-signing.ts";
import { type CodeSignature, codeSignature } from "./code-signature.ts";
import { loadSigningProfiles, SigningProfilesError } from "./signing-profiles.ts";

const PROFILE = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/team/abcdefghij";
const OTHER = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/other/abcdefghij";
const JOB = "arn:aws:signer:us-east-1:000000000000:/signing-jobs/1";
const FILES = { "index.js": "exports.handler = async () => 1;", "lib/": "", "lib/a.txt": "a", "META_INF/": "" };
const DAY_MS = 86_400_000;

describe("the signature of a deployment package", () => {
  const signer = new TestSigner();
  before(() => {
    signer.root("root");
    signer.leaf("leaf", "root");
    signer.root("stranger");
  });
  after(() => signer[Symbol.dispose]());

  const certificate = (name: string) =>
    new Uint8Array(new X509Certificate(readFileSync(signer.path(`${name}.pem`))).raw);
  const profile = (name: string, versionArn = PROFILE) => ({ versionArn, certificates: [certificate(name)] });
  const read = (signature: string, profiles = [profile("root")], files: Record<string, string> = FILES) =>
    codeSignature(zipOf({ ...files, [SIGNATURE_ENTRY]: signature }), profiles);
  const kind = async (reading: Promise<CodeSignature>) => (await reading).kind;

  it("is none without the entry", async () => {
    assert.deepEqual(await codeSignature(zipOf(FILES), [profile("root")]), { kind: "none" });
  });

  it("by OpenSSL is of each profile that knows the signer or its root, until the certificate ends", async () => {
    const signature = signer.signature(FILES, "leaf");
    const expiresAt = Date.parse(new X509Certificate(readFileSync(signer.path("leaf.pem"))).validTo);
    const both = [profile("root"), profile("leaf", OTHER)];
    assert.deepEqual(await read(signature, both), { kind: "signed", profileVersionArns: [PROFILE, OTHER], expiresAt });
    assert.equal(await kind(read(signature, [profile("stranger")])), "unknown signer");
    assert.equal(await kind(read(signature, [])), "unknown signer");
  });

  it("with AWS Signer's attributes is of the profile that it names, and expires when it says", async () => {
    const expires = new Date(Math.floor(Date.now() / 1000) * 1000 + DAY_MS);
    const claims = { profileVersionArn: PROFILE, jobArn: JOB, expires };
    const signature = await signer.awsSignature(FILES, "leaf", "root", claims);
    const both = [profile("root", OTHER), profile("root")];
    assert.deepEqual(await read(signature, both), {
      kind: "signed",
      profileVersionArns: [PROFILE],
      jobArn: JOB,
      expiresAt: expires.getTime(),
    });
    assert.equal(await kind(read(signature, [profile("root", OTHER)])), "unknown signer");
  });

  it("counts when its certificate was good at the time of signing", async () => {
    const sign = (signedAt: Date) => signer.awsSignature(FILES, "leaf", "root", { signedAt });
    const early = await sign(new Date(Date.now() - 2 * DAY_MS));
    const late = await sign(new Date(Date.now() + 400 * DAY_MS));
    for (const known of ["root", "leaf"]) {
      assert.equal(await kind(read(await sign(new Date()), [profile(known)])), "signed");
      assert.equal(await kind(read(early, [profile(known)])), "unknown signer");
      assert.equal(await kind(read(late, [profile(known)])), "unknown signer");
    }
  });

  it("is broken when anything of the package was changed, added, removed, renamed or moved", async () => {
    const signature = signer.signature(FILES, "leaf");
    assert.equal(await kind(read(signature)), "signed");
    const { "lib/a.txt": moved, ...rest } = FILES;
    for (const files of [
      { ...FILES, "index.js": "exports.handler = async () => 2;" },
      { ...FILES, "evil.js": "" },
      rest,
      { ...rest, "lib/b.txt": moved },
      { "lib/a.txt": moved, ...rest },
    ]) {
      assert.equal(await kind(read(signature, undefined, files)), "broken", JSON.stringify(files));
    }
  });

  it("is broken when it is no signature, not detached, of several signers, or by a weak digest", async () => {
    const attached = signer.signature({ other: "content" }, "leaf", "-nodetach");
    const weak = signer.signature(FILES, "leaf", "-md", "sha1");
    const two = signer.signature(FILES, "leaf", "-signer", "stranger.pem", "-inkey", "stranger.key");
    const bare = signer.signature(FILES, "leaf", "-noattr");
    const whole = signer.signature(FILES, "leaf");
    const bits = derOf(whole);
    bits[bits.length - 1] = (bits.at(-1) ?? 0) ^ 1;
    const flipped = pemOf("CMS", bits);
    assert.equal(await kind(read(pemOf("PKCS7", derOf(whole)))), "signed");
    const certificates = signer.signature(FILES, "leaf", "-nocerts");
    for (const signature of ["", "x", attached, weak, two, bare, flipped, certificates, whole.slice(0, 300)]) {
      assert.equal(await kind(read(signature)), "broken", signature);
    }
  });

  it("of a stranger says nothing, however odd its attributes are", async () => {
    const text = new Utf8String({ value: "never" });
    const texts = await signer.awsSignature(FILES, "stranger", "stranger", {}, { "1.2.840.113549.1.9.5": text });
    assert.equal(await kind(read(texts)), "unknown signer");
    const expiry = { "1.3.187.137.1.3": text };
    const untimely = await signer.awsSignature(FILES, "leaf", "root", {}, expiry);
    assert.equal(await kind(read(untimely)), "signed");
  });

  it("is of nobody known when a certificate that must not issue others has issued the signer's", async () => {
    signer.leaf("forged", "leaf");
    const signature = signer.signature(FILES, "forged", "-certfile", "leaf.pem");
    assert.equal(await kind(read(signature)), "unknown signer");
  });

  it("is believed as the operator's file says", async () => {
    const file = signer.path("profiles.json");
    const load = (content: unknown) => {
      writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
      return loadSigningProfiles(file);
    };
    assert.deepEqual(await loadSigningProfiles(""), []);
    assert.deepEqual(await load({ [PROFILE]: "root.pem", [OTHER]: ["leaf.pem", signer.path("stranger.pem")] }), [
      profile("root"),
      { versionArn: OTHER, certificates: [certificate("leaf"), certificate("stranger")] },
    ]);
    for (const wrong of [
      "{",
      "[]",
      { name: "root.pem" },
      { [PROFILE]: [] },
      { [PROFILE]: 1 },
      { [PROFILE]: "leaf.key" },
    ]) {
      await assert.rejects(load(wrong), SigningProfilesError, JSON.stringify(wrong));
    }
    await assert.rejects(load({ [PROFILE]: "absent.pem" }), /absent\.pem cannot be read/);
  });
});
