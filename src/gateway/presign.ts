/** Presigned URLs of our own making, e.g. GetFunction's Code.Location: good for whoever holds them, for a while. */
import { hash } from "node:crypto";
import { formatAmzDate } from "./amz-date.ts";
import { deriveSigningKey, hmacHex } from "./signing-keys.ts";
import { canonicalRequestHash, uriEncode } from "./sigv4-canonical.ts";

export interface PresignOptions {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region: string;
  /** Signing name; `lambda` for routes of Alonzo's own. */
  readonly service: string;
  /** http://host:port, as the receiver of the URL reaches the region. */
  readonly endpoint: string;
  /** Percent-encoded, begins with a slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** 10 minutes, as Lambda's Code.Location, unless told otherwise. At most 7 days. */
  readonly expiresInSeconds?: number;
  /** Milliseconds since 1970. */
  readonly now?: number;
}

/** A URL whose GET the gateway accepts until it expires. */
export function presign(options: PresignOptions): string {
  const date = formatAmzDate(options.now ?? Date.now());
  const scope = { date: date.slice(0, 8), region: options.region, service: options.service };
  const scopeText = `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
  const parameters: Record<string, string> = {
    ...options.query,
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${options.accessKeyId}/${scopeText}`,
    "X-Amz-Date": date,
    "X-Amz-Expires": String(options.expiresInSeconds ?? 600),
    "X-Amz-SignedHeaders": "host",
    ...(options.sessionToken !== undefined && { "X-Amz-Security-Token": options.sessionToken }),
  };
  const query = Object.entries(parameters)
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .join("&");
  const request = {
    method: "GET",
    path: options.path,
    query,
    headers: { host: new URL(options.endpoint).host },
    rawHeaders: [],
  };
  const payloadHash = options.service === "s3" ? "UNSIGNED-PAYLOAD" : hash("sha256", "", "hex");
  const canonical = canonicalRequestHash(request, options.service, ["host"], payloadHash);
  const key = deriveSigningKey(options.secretAccessKey, scope);
  const signature = hmacHex(key, `AWS4-HMAC-SHA256\n${date}\n${scopeText}\n${canonical}`);
  return `${options.endpoint}${options.path}?${query}&X-Amz-Signature=${signature}`;
}
