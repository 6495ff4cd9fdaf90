/**
 * Signs what is sent, so that its receivers can tell that it comes from here: with a key of the region's own, made when it is
 * first needed and kept in the database, beside a certificate that the region serves (certificate-surface.ts).
 */
import { createHash, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
import { type KeyAndCertificate, makeCertificate } from "./signing-certificate.ts";
import type { SnsDatabase } from "./sns-database.ts";

const ALGORITHMS = { "1": "RSA-SHA1", "2": "RSA-SHA256" } as const;
/** One message goes to many subscriptions with the same signature. */
const REMEMBERED = 64;
const signAsync = promisify(sign) as unknown as (algorithm: string, data: Buffer, key: KeyObject) => Promise<Buffer>;

export interface Signature {
  readonly version: "1" | "2";
  /** base64 */
  readonly text: string;
  /** Path below the region's URL. */
  readonly certificatePath: string;
}

interface Signing {
  readonly key: KeyObject;
  /** PEM */
  readonly certificate: string;
  readonly certificatePath: string;
}

export class MessageSigner {
  readonly #database: SnsDatabase;
  readonly #recent = new Map<string, Promise<Signature>>();
  #signing: Promise<Signing> | undefined;

  constructor(database: SnsDatabase) {
    this.#database = database;
  }

  sign(text: string, version: "1" | "2"): Promise<Signature> {
    const known = this.#recent.get(version + text);
    if (known) return known;
    const signature = this.#sign(text, version);
    // One that failed must not stay.
    signature.catch(() => this.#recent.delete(version + text));
    this.#recent.set(version + text, signature);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > REMEMBERED && oldest !== undefined) this.#recent.delete(oldest);
    return signature;
  }

  /** The certificate under this path, PEM; undefined when there is none. */
  async certificateAt(path: string): Promise<string | undefined> {
    const { certificate, certificatePath } = await this.#open();
    return path === certificatePath ? certificate : undefined;
  }

  async #sign(text: string, version: "1" | "2"): Promise<Signature> {
    const { key, certificatePath } = await this.#open();
    const signature = await signAsync(ALGORITHMS[version], Buffer.from(text), key);
    return { version, text: signature.toString("base64"), certificatePath };
  }

  #open(): Promise<Signing> {
    if (this.#signing === undefined) {
      this.#signing = this.#load();
      this.#signing.catch(() => {
        this.#signing = undefined;
      });
    }
    return this.#signing;
  }

  async #load(): Promise<Signing> {
    const { privateKey, certificate } = this.#stored() ?? (await this.#make());
    const fingerprint = createHash("sha256").update(certificate).digest("hex").slice(0, 32);
    return {
      key: createPrivateKey(privateKey),
      certificate,
      certificatePath: `/SimpleNotificationService-${fingerprint}.pem`,
    };
  }

  #stored(): KeyAndCertificate | undefined {
    const row = this.#database.sql.get("select private_key, certificate from signing");
    return row && { privateKey: row.private_key as string, certificate: row.certificate as string };
  }

  async #make(): Promise<KeyAndCertificate> {
    const made = await makeCertificate();
    await this.#database.change(() => {
      const text = "insert into signing (private_key, certificate) values (?, ?)";
      this.#database.sql.run(text, made.privateKey, made.certificate);
    });
    return made;
  }
}
