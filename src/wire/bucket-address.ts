/**
 * Where a REST service whose resources live in buckets finds bucket and key: in the path, or the bucket in the host name
 * (`bucket.s3.us-east-1.localhost`, `bucket.s3.amazonaws.com`, `bucket.localhost`). Both still percent-encoded, and keys
 * as they are: empty and dot segments are parts of a key like any other.
 */

export interface BucketAddress {
  readonly bucket: string | undefined;
  readonly key: string | undefined;
}

/** The last label that is the service's own: `s3`, `s3-us-west-2`, `s3-website...`; before it stands the bucket. */
const SERVICE_LABEL = /^(.+)\.s3(?:[.-]|$)/;
/** What clients make of an endpoint that is `http://localhost:4566`. */
const LOCALHOST = /^(.+)\.localhost$/;
/** Host names of the service itself below localhost. */
const OWN = /^s3(?:[.-]|$)/;

export function bucketAddress(host: string, path: string): BucketAddress {
  const bucket = bucketOfHost(host);
  const rest = path.slice(1);
  if (bucket !== undefined) return { bucket, key: rest === "" ? undefined : rest };
  const slash = rest.indexOf("/");
  if (slash < 0) return { bucket: rest === "" ? undefined : rest, key: undefined };
  const key = rest.slice(slash + 1);
  return { bucket: rest.slice(0, slash), key: key === "" ? undefined : key };
}

export function bucketOfHost(host: string): string | undefined {
  const name = host.replace(/:\d*$/, "").replace(/\.$/, "");
  const lower = name.toLowerCase();
  if (OWN.test(lower)) return undefined;
  const match = SERVICE_LABEL.exec(lower) ?? LOCALHOST.exec(lower);
  return match?.[1];
}
