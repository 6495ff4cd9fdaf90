/** Credentials that an environment asks for instead of finding them in its variables: SnapStart's (contract/01 §2). */
import { timingSafeEqual } from "node:crypto";
import type { CredentialMint, ExecutionCredentials, ExecutionIdentity } from "./credentials.ts";

/** On the Runtime API's address. */
export const CREDENTIALS_PATH = "/2021-04-23/credentials";

/** SDKs ask anew some minutes before the end. */
const LIFETIME_MS = 6 * 3600 * 1000;

export class ContainerCredentials {
  /** By which whoever asks is known. The same in all environments of one snapshot, each of which has a Runtime API of its own. */
  readonly token: string;
  readonly #mint: CredentialMint;
  readonly #identity: ExecutionIdentity;

  constructor(token: string, mint: CredentialMint, identity: ExecutionIdentity) {
    this.token = token;
    this.#mint = mint;
    this.#identity = identity;
  }

  isFor(authorization: string | undefined): boolean {
    const given = Buffer.from(authorization ?? "");
    const expected = Buffer.from(this.token);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  issue(): ExecutionCredentials & { readonly expiresMs: number } {
    const expiresMs = Date.now() + LIFETIME_MS;
    return { ...this.#mint.issue(this.#identity, Date.now(), expiresMs), expiresMs };
  }
}
