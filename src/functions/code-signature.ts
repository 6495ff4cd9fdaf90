/**
 * The signature of a deployment package, in the layout of AWS Signer's platform AWSLambda-SHA384-ECDSA. AWS does not publish
 * it; the witness is a public re-implementation of Lambda that was made from packages that AWS had signed:
 *
 * - the entry META_INF/aws_signer_signature_v1.0.SF is a PEM block of a detached CMS SignedData;
 * - what is signed is the SHA-384 of every other entry's name and content, in the archive's order. Nothing stands between
 *   name and content, and modes are not in it: that is the format's, and its weakness;
 * - signed attributes of AWS's own name the profile version, the job, and when the signature expires.
 *
 * A signature without those attributes (`openssl cms -sign`) is taken, too: it is of every profile that knows its signer, and
 * expires with the signer's certificate.
 */
import { createHash } from "node:crypto";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import type { SignatureReading } from "./cms-signature.ts";
import type { SigningProfile } from "./signing-profiles.ts";

const SIGNATURE_ENTRY = "META_INF/aws_signer_signature_v1.0.SF";
const MAX_SIGNATURE_BYTES = 1 << 20;

export type CodeSignature = { readonly kind: "none" } | SignatureReading;

/**
 * @param zip one that could be unpacked
 * @returns what the signature says, if it has one that is whole; who may sign, and whether it has expired, is not judged
 */
export async function codeSignature(zip: Uint8Array, profiles: readonly SigningProfile[]): Promise<CodeSignature> {
  const archive = await fromBufferPromise(Buffer.from(zip.buffer, zip.byteOffset, zip.length), {
    decodeStrings: false,
  });
  const entries: Entry[] = [];
  for await (const entry of archive.eachEntry()) entries.push(entry);
  const isSignature = (entry: Entry) => entry.fileNameRaw.toString("latin1") === SIGNATURE_ENTRY;
  const signature = entries.find(isSignature);
  if (signature === undefined) return { kind: "none" };
  if (signature.uncompressedSize > MAX_SIGNATURE_BYTES) return { kind: "broken" };
  const signed = entries.filter((entry) => !isSignature(entry));
  if (signed.length < entries.length - 1) return { kind: "broken" };
  let pem = "";
  for await (const chunk of await contentOf(archive, signature)) pem += chunk.toString("latin1");
  // Loaded by the first signed package: it brings a library of certificates.
  const { readSignature } = await import("./cms-signature.ts");
  return readSignature(pem, await digestOf(archive, signed), profiles);
}

async function digestOf(archive: ZipFile, entries: readonly Entry[]): Promise<Uint8Array<ArrayBuffer>> {
  const hash = createHash("sha384");
  for (const entry of entries) {
    hash.update(entry.fileNameRaw);
    for await (const chunk of await contentOf(archive, entry)) hash.update(chunk);
  }
  return new Uint8Array(hash.digest());
}

async function contentOf(archive: ZipFile, entry: Entry): Promise<AsyncIterable<Buffer>> {
  return archive.openReadStreamPromise(entry);
}
