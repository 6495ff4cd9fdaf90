/**
 * Signature Version 2 in the query of S3's URLs, which boto3 presigns with unless told otherwise. It covers the method, the
 * resource, Content-MD5, Content-Type and every x-amz- header; of the body and the rest of the query nothing.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { bucketOfHost } from "../wire/bucket-address.ts";
import type { BodyStream, Principal } from "../wire/service.ts";
import type { OpenSignature } from "./open-signature.ts";
import { queryHeaders, queryPairs } from "./query-headers.ts";
import { refusal } from "./refusal.ts";
import { headerValue, type SignedRequest } from "./sigv4-canonical.ts";
import { CheckedBody, NO_CHECK } from "./streamed-body.ts";

/**
 * The parameters that choose what is done, hence are signed: those that botocore signs, and what S3 has got since, which
 * could else be put behind a URL that was signed for something harmless.
 */
const SUB_RESOURCES: ReadonlySet<string> = new Set(
  `accelerate acl analytics attributes cors defaultObjectAcl delete encryption intelligent-tiering inventory legal-hold
  lifecycle location logging metrics notification object-lock ownershipControls partNumber policy policyStatus
  publicAccessBlock replication requestPayment response-cache-control response-content-disposition
  response-content-encoding response-content-language response-content-type response-expires restore retention select
  select-type storageClass tagging torrent uploadId uploads versionId versioning versions website`.split(/\s+/),
);

export interface SignatureV2Claim {
  readonly accessKeyId: string;
  /** base64 */
  readonly signature: string;
  /** As signed: seconds since 1970. */
  readonly expires: string;
  readonly sessionToken: string | undefined;
}

/** Does the query say that it is signed, however badly? Other services' queries of this version say which it is. */
export function isSignedByV2({ headers, query }: SignedRequest): boolean {
  if (headers.authorization !== undefined || !query.includes("AWSAccessKeyId=")) return false;
  const names = new Set(Array.from(queryPairs(query), ([name]) => name));
  return names.has("AWSAccessKeyId") && !names.has("SignatureVersion");
}

/** @throws ServiceError AccessDenied */
export function readV2Claim({ query }: SignedRequest): SignatureV2Claim {
  const parameters = new Map([...queryPairs(query)].toReversed());
  const accessKeyId = parameters.get("AWSAccessKeyId");
  const signature = parameters.get("Signature");
  const expires = parameters.get("Expires");
  if (!accessKeyId || !signature || !expires) {
    const text = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters";
    throw refusal("AccessDeniedException", text);
  }
  if (!/^\d{1,12}$/.test(expires)) {
    throw refusal("AccessDeniedException", `Invalid date (should be seconds since epoch): ${expires}`);
  }
  return { accessKeyId, signature, expires, sessionToken: queryHeaders(query)["x-amz-security-token"] };
}

function stringToSign(request: SignedRequest, expires: string, path: string): string {
  const inQuery = queryHeaders(request.query);
  const value = (name: string) => headerValue(request, name) ?? inQuery[name]?.trim() ?? "";
  const names = new Set([...Object.keys(request.headers), ...Object.keys(inQuery)]);
  const amz = [...names].filter((name) => name.startsWith("x-amz-")).sort();
  const lines = [request.method, value("content-md5"), value("content-type"), expires];
  return [...lines, ...amz.map((name) => `${name}:${value(name)}`), canonicalResource(request, path)].join("\n");
}

/** With the bucket, wherever it stands. Of a bucket in the path botocore signs the slash that it does not send. */
function signedPaths({ headers, path }: SignedRequest): readonly string[] {
  const bucket = bucketOfHost(headers.host ?? "");
  if (bucket !== undefined) return [`/${bucket}${path}`];
  return path.includes("/", 1) ? [path] : [path, `${path}/`];
}

function canonicalResource({ query }: SignedRequest, path: string): string {
  const parameters = [...queryPairs(query)]
    .filter(([name]) => SUB_RESOURCES.has(name))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => (value === undefined ? name : `${name}=${value}`));
  return parameters.length === 0 ? path : `${path}?${parameters.join("&")}`;
}

/** A signature that has been verified, and leaves the body open. */
export class SignatureV2 implements OpenSignature {
  readonly principal: Principal;
  readonly accessKeyId: string;
  readonly isChunked = false;
  readonly isVerified = true;

  /** @returns undefined when it is not the signature of the key's holder */
  static verify(request: SignedRequest, claim: SignatureV2Claim, secretAccessKey: string, principal: Principal) {
    const given = Buffer.from(claim.signature);
    const isGood = signedPaths(request).some((path) => {
      const text = stringToSign(request, claim.expires, path);
      const expected = Buffer.from(createHmac("sha1", secretAccessKey).update(text).digest("base64"));
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
    return isGood ? new SignatureV2(claim.accessKeyId, principal) : undefined;
  }

  private constructor(accessKeyId: string, principal: Principal) {
    this.accessKeyId = accessKeyId;
    this.principal = principal;
  }

  accept(body: Buffer): Buffer {
    return body;
  }

  acceptStream(source: AsyncIterable<Buffer>, length: number | undefined): BodyStream {
    return new CheckedBody(source, NO_CHECK, length);
  }
}
