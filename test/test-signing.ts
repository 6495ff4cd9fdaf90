/**
 * Signs deployment packages for tests with tools that are not ours: OpenSSL makes keys, certificates and signatures; where
 * AWS Signer's own attributes are wanted, which OpenSSL's command cannot add, pkijs makes the signature.
 */
import { execFileSync } from "node:child_process";
import { createHash, createPrivateKey, webcrypto } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GeneralizedTime, ObjectIdentifier, OctetString, Utf8String } from "asn1js";
import {
  AlgorithmIdentifier,
  Attribute,
  Certificate,
  ContentInfo,
  EncapsulatedContentInfo,
  IssuerAndSerialNumber,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
} from "pkijs";

export const SIGNATURE_ENTRY = "META_INF/aws_signer_signature_v1.0.SF";

const SIGNING_TIME = "1.2.840.113549.1.9.5";

export interface Files {
  readonly [name: string]: string;
}

/** What AWS Signer says in a signature. */
export interface Claims {
  readonly profileVersionArn?: string;
  readonly jobArn?: string;
  readonly expires?: Date;
  readonly signedAt?: Date;
}

/** A directory with keys and certificates; dispose of it when done. */
export class TestSigner implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "alonzo-signing-"));

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  path(file: string): string {
    return join(this.directory, file);
  }

  openssl(...args: string[]): Buffer {
    return execFileSync("openssl", args, { cwd: this.directory, stdio: ["ignore", "pipe", "pipe"] });
  }

  /** NAME.key and NAME.pem: a certificate that signs itself. */
  root(name: string): void {
    this.openssl(
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1", "-nodes", "-sha384"],
      ...["-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", `/CN=${name}`, "-days", "3650"],
      ...["-addext", "keyUsage=critical,keyCertSign,digitalSignature"],
    );
  }

  /** NAME.key and NAME.pem: a certificate for signing code, which must not issue others. */
  leaf(name: string, issuer: string, days = 365): void {
    this.openssl(
      ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1", "-nodes"],
      ...["-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`],
    );
    const usage =
      "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n";
    writeFileSync(this.path("usage.cnf"), usage);
    this.openssl(
      ...["x509", "-req", "-in", `${name}.csr`, "-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`],
      ...["-CAcreateserial", "-days", String(days), "-sha384", "-extfile", "usage.cnf", "-out", `${name}.pem`],
    );
  }

  /** The signature entry, by `openssl cms`. @param more further arguments */
  signature(files: Files, signer: string, ...more: string[]): string {
    writeFileSync(this.path("content"), contentOf(files));
    return this.openssl(
      ...["cms", "-sign", "-binary", "-in", "content", "-signer", `${signer}.pem`, "-inkey", `${signer}.key`],
      ...["-md", "sha384", "-outform", "PEM", ...more],
    ).toString();
  }

  /**
   * The signature entry with AWS Signer's attributes; OpenSSL has found it good, too.
   * @param odd further attributes, by type: values as AWS Signer would not write them
   */
  async awsSignature(
    files: Files,
    signer: string,
    root: string,
    claims: Claims,
    odd: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const content = contentOf(files);
    const certificate = Certificate.fromBER(derOf(readFileSync(this.path(`${signer}.pem`), "utf8")));
    const attributes = [
      attribute("1.2.840.113549.1.9.3", new ObjectIdentifier({ value: "1.2.840.113549.1.7.1" })),
      attribute("1.2.840.113549.1.9.4", new OctetString({ valueHex: createHash("sha384").update(content).digest() })),
      ...(SIGNING_TIME in odd ? [] : [attribute(SIGNING_TIME, time(claims.signedAt ?? new Date()))]),
      ...Object.entries(odd).map(([type, value]) => attribute(type, value)),
    ];
    const { profileVersionArn, jobArn, expires } = claims;
    if (expires) attributes.push(attribute("1.3.187.137.1.3", time(expires)));
    if (jobArn) attributes.push(attribute("1.3.187.137.1.2", new Utf8String({ value: jobArn })));
    if (profileVersionArn) attributes.push(attribute("1.3.187.137.1.4", new Utf8String({ value: profileVersionArn })));
    const info = new SignerInfo({
      version: 1,
      sid: new IssuerAndSerialNumber({ issuer: certificate.issuer, serialNumber: certificate.serialNumber }),
      digestAlgorithm: new AlgorithmIdentifier({ algorithmId: "2.16.840.1.101.3.4.2.2" }),
      signedAttrs: new SignedAndUnsignedAttributes({ type: 0, attributes }),
    });
    const signed = new SignedData({
      version: 1,
      encapContentInfo: new EncapsulatedContentInfo({ eContentType: "1.2.840.113549.1.7.1" }),
      signerInfos: [info],
      certificates: [certificate],
    });
    const key = createPrivateKey(readFileSync(this.path(`${signer}.key`))).export({ type: "pkcs8", format: "der" });
    const algorithm = { name: "ECDSA", namedCurve: "P-384" };
    const imported = await webcrypto.subtle.importKey("pkcs8", key, algorithm, false, ["sign"]);
    await signed.sign(imported as CryptoKey, 0, "SHA-384", new Uint8Array(content).buffer);
    const whole = new ContentInfo({ contentType: "1.2.840.113549.1.7.2", content: signed.toSchema(true) });
    const pem = pemOf("PKCS7", Buffer.from(whole.toSchema().toBER()));
    writeFileSync(this.path("content"), content);
    writeFileSync(this.path("signature"), pem.replaceAll("PKCS7", "CMS"));
    this.openssl(
      ...["cms", "-verify", "-binary", "-in", "signature", "-inform", "PEM", "-content", "content"],
      ...["-CAfile", `${root}.pem`, "-purpose", "any", "-no_check_time", "-out", "verified"],
    );
    return pem;
  }
}

function contentOf(files: Files): Buffer {
  const hash = createHash("sha384");
  for (const [name, content] of Object.entries(files)) hash.update(name).update(content);
  return hash.digest();
}

const attribute = (type: string, value: unknown): Attribute => new Attribute({ type, values: [value] });
const time = (valueDate: Date): GeneralizedTime => new GeneralizedTime({ valueDate });
/** The bytes of a PEM block. */
export const derOf = (pem: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64"));

export function pemOf(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
