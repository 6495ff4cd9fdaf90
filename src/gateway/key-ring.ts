/** Everyone who can sign: the administrator of the configuration, and functions with their execution role's credentials. */
import type { CredentialMint } from "../execution/credentials.ts";
import type { CredentialStore, Credentials } from "./credentials.ts";

export interface KeyRingOptions {
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly mint: CredentialMint;
}

export class KeyRing implements CredentialStore {
  readonly #accountId: string;
  readonly #accessKeyId: string;
  readonly #administrator: Credentials;
  readonly #mint: CredentialMint;

  constructor({ accountId, accessKeyId, secretAccessKey, mint }: KeyRingOptions) {
    this.#accountId = accountId;
    this.#accessKeyId = accessKeyId;
    this.#mint = mint;
    this.#administrator = {
      secretAccessKey,
      principal: { arn: `arn:aws:iam::${accountId}:root`, accountId, kind: "administrator" },
    };
  }

  find(accessKeyId: string, sessionToken: string | undefined): Credentials | "expired" | undefined {
    // A long-lived key has no session: beside a token it is, as in AWS, no valid pair.
    if (accessKeyId === this.#accessKeyId) return sessionToken === undefined ? this.#administrator : undefined;
    if (sessionToken === undefined) return undefined;
    const identity = this.#mint.check(accessKeyId, sessionToken, Date.now());
    if (identity === undefined || identity === "expired") return identity;
    const { roleArn, sessionName, secretAccessKey } = identity;
    // GetSessionToken's; no role is called so.
    if (roleArn === this.#administrator.principal.arn) return { ...this.#administrator, secretAccessKey };
    const role = roleArn.slice(roleArn.lastIndexOf("/") + 1);
    const arn = `arn:aws:sts::${this.#accountId}:assumed-role/${role}/${sessionName}`;
    return { secretAccessKey, principal: { arn, accountId: this.#accountId, kind: "execution-role" } };
  }
}
