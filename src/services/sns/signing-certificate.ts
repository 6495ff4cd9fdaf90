/** Makes the key and the self-signed certificate with which SNS signs. */
import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";

const LIFETIME_MS = 30 * 365 * 86_400_000;
const NAME = "sns.amazonaws.com";
const COMMON_NAME = "2.5.4.3";

export interface KeyAndCertificate {
  /** PEM, PKCS 8 */
  readonly privateKey: string;
  /** PEM */
  readonly certificate: string;
}

/** Takes a moment: primes are searched for, on a thread of Node's own. */
export async function makeCertificate(): Promise<KeyAndCertificate> {
  const [{ Utf8String, Integer }, { AttributeTypeAndValue, Certificate, Time, TimeType }] = await Promise.all([
    import("asn1js"),
    import("pkijs"),
  ]);
  const pair = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const publicKey = pair.publicKey.toCryptoKey(algorithm, true, ["verify"]);
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new Integer({ value: 1 });
  for (const name of [certificate.issuer, certificate.subject]) {
    name.typesAndValues.push(new AttributeTypeAndValue({ type: COMMON_NAME, value: new Utf8String({ value: NAME }) }));
  }
  // The older form of times ends in 2049.
  const timeAt = (ms: number) => new Time({ type: TimeType.GeneralizedTime, value: new Date(ms) });
  certificate.notBefore = timeAt(Date.now() - 86_400_000);
  certificate.notAfter = timeAt(Date.now() + LIFETIME_MS);
  await certificate.subjectPublicKeyInfo.importKey(publicKey);
  await certificate.sign(pair.privateKey.toCryptoKey(algorithm, true, ["sign"]), "SHA-256");
  const base64 = Buffer.from(certificate.toSchema(true).toBER()).toString("base64");
  return {
    privateKey: pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    certificate: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`,
  };
}
