/** The checksums that objects can be sent with, how each is computed, and what S3 says when one does not fit. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Crc32c, Crc64Nvme } from "@aws-sdk/checksums/crc";
import type { BodyStream } from "./s3-api.ts";
import { refuse } from "./s3-errors.ts";

interface Running {
  update(bytes: Buffer): unknown;
  digest(): Uint8Array | Promise<Uint8Array>;
}

class Crc32 implements Running {
  #value = 0;

  update(bytes: Buffer): void {
    this.#value = crc32(bytes, this.#value);
  }

  digest(): Uint8Array {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.#value);
    return bytes;
  }
}

const ALGORITHMS = {
  CRC32: { member: "ChecksumCRC32", bytes: 4, start: () => new Crc32() },
  CRC32C: { member: "ChecksumCRC32C", bytes: 4, start: () => new Crc32c() },
  CRC64NVME: { member: "ChecksumCRC64NVME", bytes: 8, start: () => new Crc64Nvme() },
  MD5: { member: "ChecksumMD5", bytes: 16, start: () => createHash("md5") },
  SHA1: { member: "ChecksumSHA1", bytes: 20, start: () => createHash("sha1") },
  SHA256: { member: "ChecksumSHA256", bytes: 32, start: () => createHash("sha256") },
  SHA512: { member: "ChecksumSHA512", bytes: 64, start: () => createHash("sha512") },
} as const satisfies Record<string, { member: string; bytes: number; start: () => Running }>;

export type ChecksumName = keyof typeof ALGORITHMS;
export type ChecksumMember = (typeof ALGORITHMS)[ChecksumName]["member"];
const NAMES = Object.keys(ALGORITHMS) as ChecksumName[];
const UNSERVED = ["ChecksumXXHASH64", "ChecksumXXHASH3", "ChecksumXXHASH128"] as const;

/** What S3 computes of objects that are sent without. */
export const DEFAULT_CHECKSUM: ChecksumName = "CRC64NVME";

/** As kept with an object or a part. */
export interface Checksum {
  readonly name: ChecksumName;
  /** base64; of composite ones with `-` and the number of parts. */
  readonly value: string;
  readonly type: "FULL_OBJECT" | "COMPOSITE";
}

export type ChecksumMembers = { readonly [Member in ChecksumMember]?: string | undefined };

export const memberOf = (name: ChecksumName): ChecksumMember => ALGORITHMS[name].member;

/** @throws ServiceError InvalidRequest */
export function checksumName(text: string): ChecksumName {
  const name = NAMES.find((known) => known === text.toUpperCase());
  if (name !== undefined) return name;
  return refuse("InvalidRequest", {
    message: `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${NAMES.join(", ")}]`,
  });
}

/** As answers show it: the value under its member, and its type. */
export function shownChecksum(checksum: Checksum | undefined): ChecksumMembers & { ChecksumType?: Checksum["type"] } {
  if (checksum === undefined) return {};
  return { [memberOf(checksum.name)]: checksum.value, ChecksumType: checksum.type };
}

/** What the sender says of the body. */
export interface ExpectedChecksum {
  readonly name: ChecksumName;
  /** Absent when it comes behind the body, or when only the algorithm was told. */
  readonly value?: string;
}

/** @throws ServiceError InvalidRequest for more than one, or one that is no such checksum */
export function expectedChecksum(
  input: ChecksumMembers & { readonly ChecksumAlgorithm?: string | undefined },
  body?: BodyStream,
): ExpectedChecksum | undefined {
  for (const member of UNSERVED) if (member in input) refuse("NotImplemented");
  const given = NAMES.filter((name) => input[memberOf(name)] !== undefined);
  const announced = (body?.announced ?? []).flatMap((header) => NAMES.filter((name) => headerOf(name) === header));
  if (given.length + announced.length > 1) {
    refuse("InvalidRequest", {
      message: "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    });
  }
  const [name] = given;
  if (name !== undefined) return { name, value: checkedValue(name, input[memberOf(name)] ?? "") };
  const [trailing] = announced;
  if (trailing !== undefined) return { name: trailing };
  return input.ChecksumAlgorithm === undefined ? undefined : { name: checksumName(input.ChecksumAlgorithm) };
}

const headerOf = (name: ChecksumName): string => `x-amz-checksum-${name.toLowerCase()}`;

function checkedValue(name: ChecksumName, value: string): string {
  const bytes = Buffer.from(value, "base64");
  if (bytes.length === ALGORITHMS[name].bytes && bytes.toString("base64") === value) return value;
  return refuse("InvalidRequest", { message: `Value for ${headerOf(name)} header is invalid.` });
}

/** Computes what is kept of a body while it passes: the MD5 of its ETag, and its checksum. */
export class BodyDigest {
  readonly #expected: ExpectedChecksum;
  readonly #md5 = createHash("md5");
  readonly #running: Running;
  readonly #contentMd5: string | undefined;

  /** @param contentMd5 the header @throws ServiceError InvalidDigest */
  constructor(expected: ExpectedChecksum | undefined, contentMd5?: string) {
    this.#expected = expected ?? { name: DEFAULT_CHECKSUM };
    this.#running = ALGORITHMS[this.#expected.name].start();
    this.#contentMd5 = contentMd5;
    if (contentMd5 === undefined) return;
    const bytes = Buffer.from(contentMd5, "base64");
    if (bytes.length !== 16 || bytes.toString("base64") !== contentMd5) refuse("InvalidDigest");
  }

  update(bytes: Buffer): void {
    this.#md5.update(bytes);
    this.#running.update(bytes);
  }

  /**
   * The body is over.
   * @param trailers what came behind it
   * @throws ServiceError BadDigest
   */
  async finish(trailers: BodyStream["trailers"] = {}): Promise<{ readonly md5: Buffer; readonly checksum: Checksum }> {
    const md5 = this.#md5.digest();
    if (this.#contentMd5 !== undefined && md5.toString("base64") !== this.#contentMd5) refuse("BadDigest");
    const { name } = this.#expected;
    const trailing = trailers[headerOf(name)];
    const wanted = this.#expected.value ?? (trailing === undefined ? undefined : checkedValue(name, trailing));
    const value = Buffer.from(await this.#running.digest()).toString("base64");
    if (wanted !== undefined && wanted !== value) {
      refuse("BadDigest", { message: `The ${name} you specified did not match the calculated checksum.` });
    }
    return { md5, checksum: { name, value, type: "FULL_OBJECT" } };
  }
}
