/** Makes the key and the self-signed certificate with which SNS signs, and serves the certificate to whoever verifies. */
import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import type { HttpSurface, SurfaceMatch } from "../../wire/http-surface.ts";
import type { MessageSigner } from "./message-signer.ts";

const LIFETIME_MS = 30 * 365 * 86_400_000;
const NAME = "sns.amazonaws.com";
const COMMON_NAME = "2.5.4.3";
const PATH = /^\/SimpleNotificationService-[0-9a-f]{32}\.pem$/;
const PROTOCOL_ERROR = 500;

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

/** What SigningCertURL points at. */
export function certificateSurface(signer: MessageSigner): HttpSurface {
  const text = (body: string) => Buffer.from(body);
  const match: SurfaceMatch = {
    by: "path",
    handle: async (request) => {
      const pem = request.method === "GET" ? await signer.certificateAt(request.path) : undefined;
      if (pem === undefined) request.send(404, ["Content-Type", "text/plain"], text("Not Found\n"));
      else request.send(200, ["Content-Type", "application/x-pem-file"], text(pem));
    },
    upgrade: async (request) => request.refuse(404, [], text("")),
    renderError: (error) => ({
      status: error.status || PROTOCOL_ERROR,
      headers: { "Content-Type": "text/plain" },
      body: text(`${error.message}\n`),
    }),
  };
  return { ownsHost: () => false, match: (_host, path) => (PATH.test(path) ? match : undefined) };
}
