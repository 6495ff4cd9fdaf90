/**
 * Verification of signatures: of Version 4, and for S3's URLs of Version 2 (sigv2.ts). In two steps, so that a caller without a valid key never makes us read a body:
 * open() checks who signed, for when and what, and the signature itself where the body's hash was told in a header;
 * accept() then checks the body against it.
 */
import { hash, timingSafeEqual } from "node:crypto";
import type { BodyStream, Principal } from "../wire/service.ts";
import { formatAmzDate } from "./amz-date.ts";
import { AwsChunkedDecoder, type ChunkForm, type ChunkSigning, decodeAwsChunked } from "./aws-chunked.ts";
import type { CredentialStore, Credentials } from "./credentials.ts";
import type { OpenSignature } from "./open-signature.ts";
import { refusal } from "./refusal.ts";
import { readClaim, type SignatureClaim } from "./signature-claim.ts";
import { hmacHex, SigningKeys } from "./signing-keys.ts";
import { isSignedByV2, readV2Claim, SignatureV2 } from "./sigv2.ts";
import { canonicalRequestHash, type SignedRequest } from "./sigv4-canonical.ts";
import { type BodyCheck, CheckedBody, contentMismatch, HashCheck, NO_CHECK } from "./streamed-body.ts";

const SKEW_MS = 15 * 60 * 1000;
const UNSIGNED = "UNSIGNED-PAYLOAD";

/** The words that stand for the hash of a body in aws-chunked encoding. */
const CHUNK_FORMS: Readonly<Record<string, ChunkForm>> = {
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": { signed: true, trailer: false },
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": { signed: true, trailer: true },
  "STREAMING-UNSIGNED-PAYLOAD-TRAILER": { signed: false, trailer: true },
};

const mismatch = (): Error =>
  refusal(
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
  );

class SignatureV4 implements OpenSignature {
  readonly principal: Principal;
  readonly accessKeyId: string;
  readonly #request: SignedRequest;
  readonly #claim: SignatureClaim;
  readonly #key: Buffer;

  constructor(request: SignedRequest, claim: SignatureClaim, key: Buffer, principal: Principal) {
    this.principal = principal;
    this.accessKeyId = claim.accessKeyId;
    this.#request = request;
    this.#claim = claim;
    this.#key = key;
    const told = this.#toldHash();
    if (told !== undefined) this.#verify(told);
  }

  get isChunked(): boolean {
    return this.#chunkForm() !== undefined;
  }

  get isVerified(): boolean {
    return this.#toldHash() !== undefined;
  }

  accept(body: Buffer): Buffer {
    const form = this.#chunkForm();
    if (form) return decodeAwsChunked(body, form, this.#chunkSigning());
    const told = this.#toldHash();
    if (told === UNSIGNED) return body;
    const actual = hash("sha256", body, "hex");
    if (told === undefined) this.#verify(actual);
    else if (told !== actual) throw this.#claim.scope.service === "s3" ? contentMismatch() : mismatch();
    return body;
  }

  acceptStream(source: AsyncIterable<Buffer>, length: number | undefined): BodyStream {
    const form = this.#chunkForm();
    if (!form) return new CheckedBody(source, this.#bodyCheck(), length);
    const signing = this.#chunkSigning();
    const decoded = signing.decodedLength;
    const isNumber = decoded !== undefined && /^\d{1,15}$/.test(decoded);
    const bytes = isNumber ? Number(decoded) : undefined;
    const trailer = form.trailer ? this.#request.headers["x-amz-trailer"] : undefined;
    return new CheckedBody(source, new AwsChunkedDecoder(form, signing), bytes, trailer);
  }

  #bodyCheck(): BodyCheck {
    const told = this.#toldHash();
    return told === undefined || told === UNSIGNED ? NO_CHECK : new HashCheck(told);
  }

  #chunkSigning(): ChunkSigning {
    const { date, scope, signature } = this.#claim;
    const decodedLength = this.#request.headers["x-amz-decoded-content-length"];
    return { date, scope: scopeText(scope), key: this.#key, seedSignature: signature, decodedLength };
  }

  #chunkForm(): ChunkForm | undefined {
    const told = this.#claim.contentSha256;
    return told !== undefined && Object.hasOwn(CHUNK_FORMS, told) ? CHUNK_FORMS[told] : undefined;
  }

  /** The payload hash of the canonical request, where it is known before the body is read. */
  #toldHash(): string | undefined {
    const { contentSha256, expiresInSeconds, scope } = this.#claim;
    if (contentSha256 !== undefined) return contentSha256;
    return expiresInSeconds !== undefined && scope.service === "s3" ? UNSIGNED : undefined;
  }

  #verify(payloadHash: string): void {
    const { date, scope, signature, signedHeaders } = this.#claim;
    const canonical = canonicalRequestHash(this.#request, scope.service, signedHeaders, payloadHash);
    const expected = hmacHex(this.#key, `AWS4-HMAC-SHA256\n${date}\n${scopeText(scope)}\n${canonical}`);
    // Lengths first: timingSafeEqual insists on it, and the length of a signature is no secret.
    const given = Buffer.from(signature, "latin1");
    if (given.length !== 64 || !timingSafeEqual(given, Buffer.from(expected, "latin1"))) throw mismatch();
  }
}

const scopeText = (scope: SignatureClaim["scope"]): string =>
  `${scope.date}/${scope.region}/${scope.service}/aws4_request`;

export class SignatureVerifier {
  readonly #credentials: CredentialStore;
  readonly #region: string;
  readonly #now: () => number;
  readonly #keys = new SigningKeys();

  /** @param now milliseconds since 1970 */
  constructor(credentials: CredentialStore, region: string, now: () => number = Date.now) {
    this.#credentials = credentials;
    this.#region = region;
    this.#now = now;
  }

  /**
   * @param service the signing name that the scope must have
   * @throws ServiceError with AWS's names and texts for everything that is wrong before the body is known
   */
  open(request: SignedRequest, service: string): OpenSignature {
    if (service === "s3" && isSignedByV2(request)) return this.#openV2(request);
    const claim = readClaim(request);
    const { secretAccessKey, principal } = this.#signer(claim);
    this.#checkTime(claim);
    this.#checkScope(claim, service);
    const key = this.#keys.get(claim.accessKeyId, secretAccessKey, claim.scope);
    return new SignatureV4(request, claim, key, principal);
  }

  #openV2(request: SignedRequest): OpenSignature {
    const claim = readV2Claim(request);
    const { secretAccessKey, principal } = this.#signer(claim);
    if (Number(claim.expires) * 1000 < this.#now()) throw refusal("RequestExpired", "Request has expired");
    const signature = SignatureV2.verify(request, claim, secretAccessKey, principal);
    if (signature === undefined) throw mismatch();
    return signature;
  }

  #signer({ accessKeyId, sessionToken }: Pick<SignatureClaim, "accessKeyId" | "sessionToken">): Credentials {
    const known = this.#credentials.find(accessKeyId, sessionToken);
    if (known === undefined) {
      throw refusal("UnrecognizedClientException", "The security token included in the request is invalid.");
    }
    if (known === "expired") {
      throw refusal("ExpiredTokenException", "The security token included in the request is expired");
    }
    return known;
  }

  #checkTime(claim: SignatureClaim): void {
    const now = this.#now();
    const isS3 = claim.scope.service === "s3";
    const lifetimeMs = claim.expiresInSeconds === undefined ? SKEW_MS : claim.expiresInSeconds * 1000;
    if (isS3 && claim.expiresInSeconds === undefined && Math.abs(now - claim.dateMs) > SKEW_MS) {
      throw refusal(
        "RequestTimeTooSkewed",
        "The difference between the request time and the server's time is too large.",
      );
    }
    if (claim.dateMs + lifetimeMs < now) {
      if (isS3) throw refusal("RequestExpired", "Request has expired");
      const text =
        claim.expiresInSeconds === undefined
          ? `${claim.date} is now earlier than ${formatAmzDate(now - SKEW_MS)} (${formatAmzDate(now)} - 15 min.)`
          : `${formatAmzDate(claim.dateMs + lifetimeMs)} is now earlier than ${formatAmzDate(now)}`;
      throw refusal("InvalidSignatureException", `Signature expired: ${text}`);
    }
    if (claim.dateMs > now + SKEW_MS) {
      throw refusal(
        "InvalidSignatureException",
        `Signature not yet current: ${claim.date} is still later than ${formatAmzDate(now + SKEW_MS)} (${formatAmzDate(now)} + 15 min.)`,
      );
    }
  }

  #checkScope(claim: SignatureClaim, service: string): void {
    const { scope, date, terminator } = claim;
    if (
      scope.region === this.#region &&
      scope.service === service &&
      terminator === "aws4_request" &&
      date.startsWith(scope.date) &&
      scope.date.length === 8
    ) {
      return;
    }
    if (scope.service === "s3" && service === "s3" && scope.region !== this.#region) {
      const text = `The authorization header is malformed; the region '${scope.region}' is wrong; expecting '${this.#region}'`;
      throw refusal("IncompleteSignatureException", text, { Region: this.#region });
    }
    const wrong: string[] = [];
    if (scope.region !== this.#region) wrong.push("Credential should be scoped to a valid region.");
    if (scope.service !== service) wrong.push(`Credential should be scoped to correct service: '${service}'.`);
    if (terminator !== "aws4_request") {
      wrong.push(`Credential should be scoped with a valid terminator: 'aws4_request', not '${terminator}'.`);
    }
    if (!date.startsWith(scope.date) || scope.date.length !== 8) {
      wrong.push(
        `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.date}' != '${date.slice(0, 8)}', from '${date}'.`,
      );
    }
    throw refusal("InvalidSignatureException", wrong.join(" "));
  }
}
