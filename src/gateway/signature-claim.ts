/**
 * What a request says of its own signature: who signed, for when and where, over which headers. Parsed from the
 * Authorization header or, for presigned URLs, from the query. Nothing here is believed yet: sigv4.ts verifies it.
 */
import { boundedMemo } from "../execution/bounded-memo.ts";
import { formatAmzDate, parseAmzDate } from "./amz-date.ts";
import { refusal } from "./refusal.ts";
import type { CredentialScope } from "./signing-keys.ts";
import type { SignedRequest } from "./sigv4-canonical.ts";

const ALGORITHM = "AWS4-HMAC-SHA256";

export interface SignatureClaim {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  readonly terminator: string;
  readonly signedHeaders: readonly string[];
  /** hexadecimal, of any length */
  readonly signature: string;
  readonly sessionToken: string | undefined;
  /** As signed, e.g. 20150830T123600Z. */
  readonly date: string;
  readonly dateMs: number;
  /** Set for presigned URLs: seconds from the date on during which the URL is good. */
  readonly expiresInSeconds: number | undefined;
  /** What the signer says is the SHA-256 of the body, or one of AWS's words for bodies that are signed otherwise. */
  readonly contentSha256: string | undefined;
}

/** @throws ServiceError MissingAuthenticationToken when the request is not signed at all, IncompleteSignature */
export function readClaim(request: SignedRequest): SignatureClaim {
  const authorization = request.headers.authorization;
  if (authorization !== undefined) return readHeader(request, authorization);
  const claim = request.query.includes("X-Amz-") ? readQuery(request) : undefined;
  if (claim === undefined) throw refusal("MissingAuthenticationTokenException", "Missing Authentication Token");
  return claim;
}

/** Does the request say that it is signed, however badly? */
export function isSigned(request: SignedRequest): boolean {
  return request.headers.authorization !== undefined || request.query.includes("X-Amz-");
}

/** The service that the signature is meant for, unverified, or undefined when there is no signature to be seen. */
export function claimedService(request: SignedRequest): string | undefined {
  const credential =
    request.headers.authorization === undefined
      ? queryParameters(request.query).get("X-Amz-Credential")
      : fields(request.headers.authorization.slice(ALGORITHM.length)).get("Credential");
  return credential?.split("/").at(-2);
}

const incomplete = (message: string): Error => refusal("IncompleteSignatureException", message);

/** `Name=value` pairs between commas. The first of a name counts. */
function fields(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of text.split(",")) {
    const pair = part.trim();
    const equals = pair.indexOf("=");
    if (equals > 0 && !found.has(pair.slice(0, equals))) found.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return found;
}

const LAST_FIELD = ", Signature=";
const rememberedFields = boundedMemo(fields);

/** Credential, SignedHeaders and Signature. All but the last are the same in a client's next request. */
function headerFields(authorization: string) {
  const at = authorization.indexOf(LAST_FIELD);
  const last = authorization.slice(at + LAST_FIELD.length);
  const isUsual = at > 0 && !last.includes(",");
  const found = isUsual
    ? rememberedFields(authorization.slice(ALGORITHM.length, at))
    : fields(authorization.slice(ALGORITHM.length));
  return {
    credential: found.get("Credential"),
    signature: found.get("Signature") ?? (isUsual ? last.trim() : undefined),
    signedHeaders: found.get("SignedHeaders"),
  };
}

function readHeader(request: SignedRequest, authorization: string): SignatureClaim {
  const space = authorization.indexOf(" ");
  const algorithm = space < 0 ? authorization : authorization.slice(0, space);
  if (!algorithm.startsWith("AWS")) {
    throw refusal("MissingAuthenticationTokenException", "Missing Authentication Token");
  }
  if (algorithm !== ALGORITHM) throw incomplete(`Unsupported AWS 'algorithm': '${algorithm}'.`);
  const { credential, signature, signedHeaders } = headerFields(authorization);
  const date = request.headers["x-amz-date"] ?? request.headers.date;
  if (!credential || !signature || !signedHeaders || date === undefined) {
    const missing = Object.entries({ Credential: credential, Signature: signature, SignedHeaders: signedHeaders })
      .filter(([, value]) => !value)
      .map(([name]) => `Authorization header requires '${name}' parameter.`);
    if (date === undefined) {
      missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
    }
    throw incomplete(`${missing.join(" ")} Authorization=${algorithm}`);
  }
  return claim(request, {
    credential,
    signature,
    signedHeaders,
    date,
    sessionToken: request.headers["x-amz-security-token"],
    expiresInSeconds: undefined,
    contentSha256: request.headers["x-amz-content-sha256"],
  });
}

/** Decoded parameters of a query; the first of a name counts, and one that cannot be decoded is taken as it is. */
function queryParameters(query: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of query.split("&")) {
    const equals = part.indexOf("=");
    if (equals <= 0 || !part.startsWith("X-Amz-") || found.has(part.slice(0, equals))) continue;
    let value = part.slice(equals + 1);
    try {
      value = decodeURIComponent(value);
    } catch {
      // Left encoded: no valid credential, date or signature contains a stray percent sign, so it fails by name below.
    }
    found.set(part.slice(0, equals), value);
  }
  return found;
}

const QUERY_NAMES = ["Algorithm", "Credential", "Signature", "SignedHeaders", "Date", "Expires"] as const;

function readQuery(request: SignedRequest): SignatureClaim | undefined {
  const found = queryParameters(request.query);
  const value = (name: string): string => found.get(`X-Amz-${name}`) ?? "";
  if (QUERY_NAMES.every((name) => value(name) === "")) return undefined;
  const missing = QUERY_NAMES.filter((name) => value(name) === "").map(
    (name) => `AWS query-string parameters must include 'X-Amz-${name}'.`,
  );
  if (missing.length > 0) throw incomplete(`${missing.join(" ")} Re-examine the query-string parameters.`);
  if (value("Algorithm") !== ALGORITHM) throw incomplete(`Unsupported AWS 'algorithm': '${value("Algorithm")}'.`);
  const seconds = Number(value("Expires"));
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 604_800 || value("Expires").length > 6) {
    throw incomplete("X-Amz-Expires must be a number of seconds from 1 to 604800 (7 days)");
  }
  return claim(request, {
    credential: value("Credential"),
    signature: value("Signature"),
    signedHeaders: value("SignedHeaders"),
    date: value("Date"),
    sessionToken: found.get("X-Amz-Security-Token"),
    expiresInSeconds: seconds,
    contentSha256: found.get("X-Amz-Content-Sha256") ?? signedContentSha256(request, value("SignedHeaders")),
  });
}

/** A presigned URL leaves the body's hash open unless the header was signed: then it is not the caller's to choose. */
function signedContentSha256(request: SignedRequest, signedHeaders: string): string | undefined {
  return signedHeaders.split(";").includes("x-amz-content-sha256")
    ? request.headers["x-amz-content-sha256"]
    : undefined;
}

interface Parts {
  readonly credential: string;
  readonly signature: string;
  readonly signedHeaders: string;
  readonly date: string;
  readonly sessionToken: string | undefined;
  readonly expiresInSeconds: number | undefined;
  readonly contentSha256: string | undefined;
}

const credentialParts = boundedMemo((text: string): readonly string[] => text.split("/"));
const headerNames = boundedMemo((text: string): readonly string[] => text.split(";"));
const dateMsOf = boundedMemo((text: string) => parseAmzDate(text) ?? Number.NaN, 16);

function claim(request: SignedRequest, parts: Parts): SignatureClaim {
  const credential = credentialParts(parts.credential);
  // An access key may itself contain slashes; the scope is always the last four.
  const [date, region, service, terminator] = credential.slice(-4);
  if (credential.length < 5 || !date || !region || !service || !terminator) {
    throw incomplete(
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${parts.credential}'`,
    );
  }
  const basicMs = dateMsOf(parts.date);
  const isBasic = !Number.isNaN(basicMs);
  const isOther = !isBasic && request.headers["x-amz-date"] === undefined;
  const dateMs = isOther ? Date.parse(parts.date) : basicMs;
  if (Number.isNaN(dateMs)) {
    throw incomplete(
      `Date must be in ISO-8601 'basic format'. Got '${parts.date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  }
  const signedHeaders = headerNames(parts.signedHeaders);
  if (!signedHeaders.includes("host")) {
    throw refusal(
      "InvalidSignatureException",
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
  }
  return {
    accessKeyId: credential.slice(0, -4).join("/"),
    scope: { date, region, service },
    terminator,
    signedHeaders,
    signature: parts.signature,
    sessionToken: parts.sessionToken,
    date: isBasic ? parts.date : formatAmzDate(dateMs),
    dateMs,
    expiresInSeconds: parts.expiresInSeconds,
    contentSha256: parts.contentSha256,
  };
}
