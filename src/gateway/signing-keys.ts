/** Signing keys of Signature Version 4: derived by four HMACs from the secret, so the derived ones are kept. */
import { createHmac } from "node:crypto";

/** Enough for every function's role on a busy day; an entry is about 300 bytes. */
const CAPACITY = 2048;

/** Date, region and service for which a key signs. */
export interface CredentialScope {
  /** YYYYMMDD */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export const hmac = (key: string | Uint8Array, text: string): Buffer => createHmac("sha256", key).update(text).digest();
export const hmacHex = (key: Uint8Array, text: string): string => createHmac("sha256", key).update(text).digest("hex");

export function deriveSigningKey(secretAccessKey: string, scope: CredentialScope): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, scope.date), scope.region), scope.service), "aws4_request");
}

/** A bounded cache; the oldest entry goes first. An entry of another secret (a rotated key) is never used. */
export class SigningKeys {
  readonly #keys = new Map<string, { readonly secret: string; readonly key: Buffer }>();

  get(accessKeyId: string, secretAccessKey: string, scope: CredentialScope): Buffer {
    const name = `${accessKeyId}/${scope.date}/${scope.region}/${scope.service}`;
    const known = this.#keys.get(name);
    if (known?.secret === secretAccessKey) return known.key;
    if (known === undefined && this.#keys.size >= CAPACITY) {
      const oldest = this.#keys.keys().next();
      if (!oldest.done) this.#keys.delete(oldest.value);
    }
    const key = deriveSigningKey(secretAccessKey, scope);
    this.#keys.set(name, { secret: secretAccessKey, key });
    return key;
  }
}
