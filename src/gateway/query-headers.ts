/** The headers that S3 takes from the query of a presigned URL, whose holder need not know then what to send. */
import { refusal } from "./refusal.ts";
import type { SignedRequest } from "./sigv4-canonical.ts";

/** What is said of the signature itself, and read where that is verified. */
const OF_SIGNATURES: ReadonlySet<string> = new Set(
  ["algorithm", "content-sha256", "credential", "date", "expires", "security-token", "signature", "signedheaders"].map(
    (name) => `x-amz-${name}`,
  ),
);

/** Name and value of a parameter, decoded; what cannot be decoded is taken as it is. No value: undefined. */
export function* queryPairs(query: string): Generator<readonly [name: string, value: string | undefined]> {
  for (const part of query.split("&")) {
    const equals = part.indexOf("=");
    if (equals < 0) yield [decoded(part), undefined];
    else yield [decoded(part.slice(0, equals)), decoded(part.slice(equals + 1))];
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * @returns the parameters that are headers, names in lower case; the first of a name counts
 * @throws ServiceError where a value could not be a header's: it would pass for several in what is signed
 */
export function queryHeaders(query: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, value = ""] of queryPairs(query)) {
    const lower = name.toLowerCase();
    const isHeader = lower.startsWith("x-amz-") || lower === "content-type" || lower === "content-md5";
    if (!isHeader || Object.hasOwn(found, lower)) continue;
    if (/[^\x20-\uffff]/.test(name + value)) {
      throw refusal("ValidationException", "Parameters that are headers must not contain control characters");
    }
    found[lower] = value;
  }
  return found;
}

/**
 * The request's headers, and what only its query says. Only where the query is what is signed. Checksums that stand there
 * S3 ignores (witnesses: aws-sdk-go-v2 #2610, localstack #12169): clients write those of the body they did not have yet.
 */
export function withQueryHeaders({ headers, query }: SignedRequest): Readonly<Record<string, string>> {
  if (headers.authorization !== undefined || !/(?:^|&)(?:x-amz-|content-)/i.test(query)) return headers;
  const taken = Object.entries(queryHeaders(query)).filter(
    ([name]) => !OF_SIGNATURES.has(name) && !/^x-amz-(?:checksum-|sdk-checksum-)/.test(name),
  );
  return { ...Object.fromEntries(taken), ...headers };
}
