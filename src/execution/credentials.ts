/**
 * The execution role's credentials that each environment gets. Stateless: the session token carries role, function and
 * expiry under the region's own key, and the secret follows from the token, so every process that holds the key can
 * check them, also after a restart.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Lambda's environments live for hours and get no second pair of keys. */
const LIFETIME_MS = 12 * 3600 * 1000;

export interface ExecutionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface ExecutionIdentity {
  /** The administrator's own ARN for temporary credentials of the administrator. */
  readonly roleArn: string;
  /** Session name: the function's name, as in AWS, or what AssumeRole was told. */
  readonly sessionName: string;
}

interface Claims extends ExecutionIdentity {
  readonly key: string;
  readonly expiresMs: number;
}

export class CredentialMint {
  readonly #key: Buffer;

  /** @param key the region's secret, 32 bytes or more */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** @param expiresMs unix ms; for environments it is hours from now */
  issue(identity: ExecutionIdentity, nowMs: number, expiresMs = nowMs + LIFETIME_MS): ExecutionCredentials {
    const accessKeyId = `ASIA${base32(randomBytes(16))}`;
    const claims: Claims = { ...identity, key: accessKeyId, expiresMs };
    const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
    const sessionToken = `${body}.${this.#sign(`token ${body}`).toString("base64url")}`;
    return { accessKeyId, secretAccessKey: this.#secret(sessionToken), sessionToken };
  }

  /** @returns undefined for a token that this region did not issue for that key */
  check(
    accessKeyId: string,
    sessionToken: string,
    nowMs: number,
  ): (ExecutionIdentity & { readonly secretAccessKey: string }) | "expired" | undefined {
    const [body, signature, ...rest] = sessionToken.split(".");
    if (!body || !signature || rest.length > 0) return undefined;
    const given = Buffer.from(signature, "base64url");
    const expected = this.#sign(`token ${body}`);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Claims;
    if (claims.key !== accessKeyId) return undefined;
    if (claims.expiresMs <= nowMs) return "expired";
    const { roleArn, sessionName } = claims;
    return { roleArn, sessionName, secretAccessKey: this.#secret(sessionToken) };
  }

  #secret(sessionToken: string): string {
    return this.#sign(`secret ${sessionToken}`).subarray(0, 30).toString("base64");
  }

  #sign(text: string): Buffer {
    return createHmac("sha256", this.#key).update(text).digest();
  }
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function base32(bytes: Buffer): string {
  return [...bytes].map((byte) => BASE32[byte & 31]).join("");
}
