/** What comes with an object in headers: read, and held to S3's rules. */
import { type Checksum, type ChecksumName, checksumName } from "./checksums.ts";
import type { ObjectHeaders, Tags } from "./object-version.ts";
import { refuse } from "./s3-errors.ts";
import { canBeWhole } from "./whole-checksum.ts";

const MAX_KEY_BYTES = 1024;
const MAX_METADATA_BYTES = 2048;
const MAX_TAGS = 10;
/** Where AWS keeps objects; here all are kept alike, and what was asked for is shown. Those that must be restored before they can be read are not served. */
const STORAGE_CLASSES = [
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER_IR",
];

interface Given {
  readonly Bucket: string;
  readonly Key: string;
  readonly ACL?: string | undefined;
  readonly GrantFullControl?: string | undefined;
  readonly GrantRead?: string | undefined;
  readonly GrantReadACP?: string | undefined;
  readonly GrantWriteACP?: string | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockLegalHoldStatus?: string | undefined;
  readonly StorageClass?: string | undefined;
}

/** @throws ServiceError for what S3 refuses, and for what it does that is not done here */
export function checkWritten(given: Given): void {
  checkKey(given.Key);
  if (given.StorageClass !== undefined && !STORAGE_CLASSES.includes(given.StorageClass)) refuse("InvalidStorageClass");
  checkAcl(given);
  if (given.ObjectLockMode !== undefined || given.ObjectLockLegalHoldStatus !== undefined) {
    refuse("InvalidRequest", { message: "Bucket is missing Object Lock Configuration" });
  }
  if (given.SSECustomerAlgorithm !== undefined) {
    refuse("NotImplemented", { members: { Header: "x-amz-server-side-encryption-customer-algorithm" } });
  }
  if (given.ServerSideEncryption !== undefined && given.ServerSideEncryption !== "AES256") {
    refuse("NotImplemented", { members: { Header: "x-amz-server-side-encryption" } });
  }
}

/** @throws ServiceError KeyTooLongError */
export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES) refuse("KeyTooLongError", { members: { Size: bytes, MaxSizeAllowed: MAX_KEY_BYTES } });
}

/** Objects belong to the bucket's owner, who alone has them: what every bucket begins with since 2023. */
export function checkAcl(
  given: Pick<Given, "ACL" | "GrantFullControl" | "GrantRead" | "GrantReadACP" | "GrantWriteACP">,
): void {
  const isPlain = given.ACL === undefined || given.ACL === "private" || given.ACL === "bucket-owner-full-control";
  const grants = [given.GrantFullControl, given.GrantRead, given.GrantReadACP, given.GrantWriteACP];
  if (!isPlain || grants.some((grant) => grant !== undefined)) refuse("AccessControlListNotSupported");
}

type HeaderInput = { readonly [Name in Exclude<keyof ObjectHeaders, "Expires">]?: string | undefined } & {
  readonly Expires?: Date | undefined;
};

export function readHeaders(input: HeaderInput): ObjectHeaders {
  const { CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, ContentType, WebsiteRedirectLocation } =
    input;
  return {
    ...(CacheControl !== undefined && { CacheControl }),
    ...(ContentDisposition !== undefined && { ContentDisposition }),
    ...(ContentEncoding !== undefined && ContentEncoding !== "" && { ContentEncoding }),
    ...(ContentLanguage !== undefined && { ContentLanguage }),
    ...(input.Expires !== undefined && { Expires: input.Expires.toISOString() }),
    ...(WebsiteRedirectLocation !== undefined && { WebsiteRedirectLocation }),
    ContentType: ContentType || "binary/octet-stream",
  };
}

/** @throws ServiceError MetadataTooLarge */
export function readMetadata(metadata: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const bytes = Object.entries(metadata).reduce(
    (sum, [name, value]) => sum + name.length + Buffer.byteLength(value),
    0,
  );
  if (bytes > MAX_METADATA_BYTES)
    refuse("MetadataTooLarge", { members: { Size: bytes, MaxSizeAllowed: MAX_METADATA_BYTES } });
  return { ...metadata };
}

/** The header X-Amz-Tagging, a query string. @throws ServiceError InvalidArgument, InvalidTag */
export function readTagging(header: string | undefined): Tags {
  if (header === undefined || header === "") return {};
  const pairs = [...new URLSearchParams(header)].map(([Key, Value]) => ({ Key, Value }));
  return readTagSet(pairs, MAX_TAGS);
}

/** @throws ServiceError InvalidTag, BadRequest */
export function readTagSet(pairs: readonly { readonly Key: string; readonly Value: string }[], most = MAX_TAGS): Tags {
  if (pairs.length > most) {
    refuse("InvalidTag", { message: `Object tags cannot be greater than ${most}` });
  }
  const tags: Record<string, string> = Object.create(null);
  for (const { Key, Value } of pairs) {
    if (Object.hasOwn(tags, Key))
      refuse("InvalidTag", { message: "Cannot provide multiple Tags with the same key", members: { TagKey: Key } });
    if (Key === "" || [...Key].length > 128 || !isTagText(Key)) {
      refuse("InvalidTag", { message: "The TagKey you have provided is invalid", members: { TagKey: Key } });
    }
    if (Key.toLowerCase().startsWith("aws:")) {
      refuse("InvalidTag", { message: "System tags cannot be added/updated by requester", members: { TagKey: Key } });
    }
    if ([...Value].length > 256 || !isTagText(Value)) {
      refuse("InvalidTag", {
        message: "The TagValue you have provided is invalid",
        members: { TagKey: Key, TagValue: Value },
      });
    }
    tags[Key] = Value;
  }
  return tags;
}

const isTagText = (text: string): boolean => /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(text);

/** The version that a request names. Even an empty one is none that there could be. */
export function readVersionId(versionId: string | undefined): string | undefined {
  if (versionId === "") refuse("InvalidArgument", { message: "Version id cannot be the empty string" });
  return versionId;
}

/** Where a copy comes from. @throws ServiceError InvalidArgument */
export function readCopySource(header: string): { bucket: string; key: string; versionId?: string } {
  const question = header.lastIndexOf("?versionId=");
  const path = question < 0 ? header : header.slice(0, question);
  const match = /^\/?([^/]+)\/(.+)$/s.exec(decoded(path));
  const arn = /^arn:aws[^:]*:s3/.test(header);
  if (!match || arn) {
    return refuse("InvalidArgument", {
      message: "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
      members: { ArgumentName: "x-amz-copy-source", ArgumentValue: header },
    });
  }
  const [, bucket = "", key = ""] = match;
  const versionId = question < 0 ? undefined : readVersionId(decoded(header.slice(question + "?versionId=".length)));
  return { bucket, key, ...(versionId !== undefined && { versionId }) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse("InvalidArgument", {
      message: "Copy Source must be URL-encoded",
      members: { ArgumentName: "x-amz-copy-source", ArgumentValue: text },
    });
  }
}

/** The checksum that the parts of an upload, and the object of them, are to have. @throws ServiceError InvalidRequest */
export function readUploadChecksum(
  algorithm: string | undefined,
  given: string | undefined,
): { checksumName?: ChecksumName; checksumType?: Checksum["type"] } {
  if (algorithm === undefined) {
    if (given === undefined) return {};
    return refuse("InvalidRequest", {
      message: "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    });
  }
  const name = checksumName(algorithm);
  const type = given ?? (name === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE");
  const isGood = type === "FULL_OBJECT" ? canBeWhole(name) : type === "COMPOSITE" && name !== "CRC64NVME";
  if (!isGood) {
    refuse("InvalidRequest", {
      message: `The ${type} checksum type cannot be used with the ${name.toLowerCase()} checksum algorithm.`,
    });
  }
  return { checksumName: name, checksumType: type as Checksum["type"] };
}
