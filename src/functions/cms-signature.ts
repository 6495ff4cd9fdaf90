/** A detached CMS signature over a digest: whether it is whole, and in which signing profile's name it was made. */
import { GeneralizedTime, UTCTime, Utf8String } from "asn1js";
import { Certificate, ContentInfo, id_ContentType_SignedData, SignedData, type SignerInfo } from "pkijs";
import type { SigningProfile } from "./signing-profiles.ts";

export type SignatureReading =
  /** It does not fit the code, or is no signature. */
  | { readonly kind: "broken" }
  /** It fits the code; no profile that is known here vouches for who made it. */
  | { readonly kind: "unknown signer" }
  | {
      readonly kind: "signed";
      /** Of the profile that it names, or of all that vouch for its signer when it names none. */
      readonly profileVersionArns: readonly string[];
      readonly jobArn?: string;
      /** milliseconds since 1970 */
      readonly expiresAt: number;
    };

const SIGNING_TIME = "1.2.840.113549.1.9.5";
/** AWS Signer's own attributes. */
const JOB_ARN = "1.3.187.137.1.2";
const EXPIRY = "1.3.187.137.1.3";
const PROFILE_VERSION_ARN = "1.3.187.137.1.4";

/** SHA-256, SHA-384, SHA-512. */
const DIGESTS: readonly string[] = ["2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"];

/** @param pem one PEM block @param content what was signed */
export async function readSignature(
  pem: string,
  content: Uint8Array<ArrayBuffer>,
  profiles: readonly SigningProfile[],
): Promise<SignatureReading> {
  const signed = parsed(pem);
  const [signer, ...others] = signed?.signerInfos ?? [];
  // With a content of its own a signature would be verified against that instead of against the code.
  if (!signed || !signer?.signedAttrs || others.length > 0 || signed.encapContentInfo.eContent) {
    return { kind: "broken" };
  }
  if (!DIGESTS.includes(signer.digestAlgorithm.algorithmId)) return { kind: "broken" };
  const certificate = await verifiedSigner(signed, content);
  if (!certificate) return { kind: "broken" };

  const signedAt = timeAttribute(signer, SIGNING_TIME) ?? new Date();
  const named = textAttribute(signer, PROFILE_VERSION_ARN);
  const vouching: string[] = [];
  for (const profile of profiles) {
    if (named !== undefined && profile.versionArn !== named) continue;
    if (await vouches(profile, signed, content, certificate, signedAt)) vouching.push(profile.versionArn);
  }
  if (vouching.length === 0) return { kind: "unknown signer" };
  const jobArn = textAttribute(signer, JOB_ARN);
  const expiry = timeAttribute(signer, EXPIRY) ?? certificate.notAfter.value;
  return {
    kind: "signed",
    profileVersionArns: vouching,
    ...(jobArn !== undefined && { jobArn }),
    expiresAt: expiry.getTime(),
  };
}

function parsed(pem: string): SignedData | undefined {
  const base64 = /-----BEGIN (PKCS7|CMS)-----([A-Za-z0-9+/=\s]+)-----END \1-----/.exec(pem)?.[2];
  if (base64 === undefined) return undefined;
  try {
    const info = ContentInfo.fromBER(new Uint8Array(Buffer.from(base64, "base64")));
    return info.contentType === id_ContentType_SignedData ? new SignedData({ schema: info.content }) : undefined;
  } catch {
    return undefined;
  }
}

/** The signer's certificate, when the signature fits the content. */
async function verifiedSigner(signed: SignedData, content: Uint8Array<ArrayBuffer>): Promise<Certificate | undefined> {
  try {
    const result = await signed.verify({ signer: 0, data: content.buffer, checkChain: false, extendedMode: true });
    return result.signatureVerified ? (result.signerCertificate ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

async function vouches(
  profile: SigningProfile,
  signed: SignedData,
  content: Uint8Array<ArrayBuffer>,
  certificate: Certificate,
  signedAt: Date,
): Promise<boolean> {
  try {
    const der = Buffer.from(certificate.toSchema().toBER());
    if (profile.certificates.some((known) => der.equals(known))) {
      return certificate.notBefore.value <= signedAt && signedAt <= certificate.notAfter.value;
    }
    return await signed.verify({
      signer: 0,
      data: content.buffer,
      trustedCerts: profile.certificates.map((known) => Certificate.fromBER(known)),
      checkChain: true,
      checkDate: signedAt,
    });
  } catch {
    return false;
  }
}

function attribute(signer: SignerInfo, type: string): unknown {
  return signer.signedAttrs?.attributes.find((candidate) => candidate.type === type)?.values[0];
}

function textAttribute(signer: SignerInfo, type: string): string | undefined {
  const value = attribute(signer, type);
  return value instanceof Utf8String ? value.valueBlock.value : undefined;
}

function timeAttribute(signer: SignerInfo, type: string): Date | undefined {
  const value = attribute(signer, type);
  return value instanceof UTCTime || value instanceof GeneralizedTime ? value.toDate() : undefined;
}
