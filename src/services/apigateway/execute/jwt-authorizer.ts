/** JWT authorizers of HTTP APIs: tokens of an OpenID issuer, verified by the keys that it publishes. */
import type { JWTPayload, JWTVerifyGetKey } from "jose";
import { callWeb, type WebAnswer } from "../../../invocation/web-call.ts";

/** Loaded by the first token: most regions see none. */
const jose = () => import("jose");

/** AWS takes no others. */
const ALGORITHMS = ["RS256", "RS384", "RS512"];
const DISCOVERY_TIMEOUT_MS = 5_000;
/** What an issuer says of itself is asked anew after this. */
const KEYS_AGE_MS = 2 * 60 * 60_000;
const MOST_ISSUERS = 1_000;
const MAX_DISCOVERY_BYTES = 256 * 1024;

export interface JwtRules {
  readonly issuer: string;
  readonly audience: readonly string[];
  /** The issuer and its keys are not on this machine. */
  readonly isOutside: boolean;
}

export type JwtVerdict =
  | { readonly claims: JWTPayload; readonly scopes: readonly string[] }
  | { readonly error: "invalid_token"; readonly description: string };

interface Issuer {
  readonly keys: Promise<JWTVerifyGetKey>;
  readonly knownSinceMs: number;
}

export class JwtIssuers {
  readonly #issuers = new Map<string, Issuer>();

  /** @param text the token, with or without `Bearer ` before it */
  async verify(text: string, { issuer, audience, isOutside }: JwtRules): Promise<JwtVerdict> {
    const token = text.replace(/^bearer +/i, "");
    let claims: JWTPayload;
    try {
      const keys = await this.#keysOf(issuer, isOutside);
      const { jwtVerify } = await jose();
      const { payload } = await jwtVerify(token, keys, { algorithms: ALGORITHMS, issuer, requiredClaims: ["exp"] });
      claims = payload;
    } catch (error) {
      return invalid(error instanceof Error ? error.message : "the token cannot be verified");
    }
    // The client's id stands for the audience only where there is none.
    const named = claims.aud ?? (typeof claims.client_id === "string" ? claims.client_id : []);
    if (![named].flat().some((one) => audience.includes(one))) return invalid("the token has an invalid audience");
    if (claims.iat !== undefined && claims.iat * 1000 > Date.now()) return invalid("the token is issued in the future");
    return { claims, scopes: scopesOf(claims) };
  }

  #keysOf(issuer: string, isOutside: boolean): Promise<JWTVerifyGetKey> {
    // Keys that were fetched from this machine are not for those who may not reach it.
    const name = `${isOutside} ${issuer}`;
    const known = this.#issuers.get(name);
    if (known && Date.now() - known.knownSinceMs < KEYS_AGE_MS) return known.keys;
    const keys = discover(issuer, isOutside);
    if (this.#issuers.size >= MOST_ISSUERS) this.#issuers.clear();
    this.#issuers.set(name, { keys, knownSinceMs: Date.now() });
    // One that cannot be reached now may be a moment later.
    keys.catch(() => this.#issuers.delete(name));
    return keys;
  }
}

async function discover(issuer: string, isOutside: boolean): Promise<JWTVerifyGetKey> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const { status, body } = await document(url, isOutside);
  if (status !== 200) throw new Error("the issuer does not tell where its keys are");
  const { jwks_uri: uri } = JSON.parse(body.toString()) as { jwks_uri?: unknown };
  if (typeof uri !== "string" || !/^https?:/.test(uri)) throw new Error("the issuer does not tell where its keys are");
  const { createRemoteJWKSet, customFetch } = await jose();
  return createRemoteJWKSet(new URL(uri), {
    cacheMaxAge: KEYS_AGE_MS,
    [customFetch]: async (where: string) => {
      const { status: keysStatus, body: keys } = await document(where, isOutside);
      return new Response(keys, { status: keysStatus });
    },
  });
}

const document = (url: string, isOutside: boolean): Promise<WebAnswer> =>
  callWeb({
    url: new URL(url),
    method: "GET",
    headers: { accept: "application/json" },
    timeoutMs: DISCOVERY_TIMEOUT_MS,
    maxAnswerBytes: MAX_DISCOVERY_BYTES,
    isOutside,
  });

const invalid = (description: string): JwtVerdict => ({ error: "invalid_token", description });

/** `scope` in one text, or `scp` as text or list. */
function scopesOf({ scope, scp }: JWTPayload): string[] {
  const told = scope ?? scp;
  if (Array.isArray(told)) return told.map(String);
  return typeof told === "string" ? told.split(" ").filter((one) => one !== "") : [];
}

/** Claims as events hold them: all text, lists in AWS's form. */
export function claimTexts(claims: JWTPayload): Record<string, string> {
  return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, claimText(value)]));
}

function claimText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(claimText).join(" ")}]`;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
