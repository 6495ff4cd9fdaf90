/** The checksum of an object that came in parts, from those of its parts: its bytes are not read again. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Crc32c, Crc64Nvme } from "@aws-sdk/checksums/crc";
import type { Checksum, ChecksumName } from "./checksums.ts";

export interface PartChecksum {
  /** base64 */
  readonly value: string;
  /** bytes of the part */
  readonly size: number;
}

/** Width in bits and the polynomial, lowest power first, as the CRCs that can be put together compute with. */
const POLYNOMIALS: Partial<Record<ChecksumName, readonly [width: number, polynomial: bigint]>> = {
  CRC32: [32, 0xedb88320n],
  CRC32C: [32, 0x82f63b78n],
  CRC64NVME: [64, 0x9a6c9329ac4bc9b5n],
};

/** Can it be the checksum of the whole object, and not only one over the checksums of the parts? */
export const canBeWhole = (name: ChecksumName): boolean => POLYNOMIALS[name] !== undefined;

export async function wholeChecksum(
  name: ChecksumName,
  type: Checksum["type"],
  parts: readonly PartChecksum[],
): Promise<Checksum> {
  if (type === "FULL_OBJECT") return { name, type, value: combined(name, parts) };
  const bytes = Buffer.concat(parts.map(({ value }) => Buffer.from(value, "base64")));
  return { name, type, value: `${await digestOf(name, bytes)}-${parts.length}` };
}

async function digestOf(name: ChecksumName, bytes: Buffer): Promise<string> {
  switch (name) {
    case "CRC32": {
      const value = Buffer.alloc(4);
      value.writeUInt32BE(crc32(bytes));
      return value.toString("base64");
    }
    case "CRC32C":
    case "CRC64NVME": {
      const crc = name === "CRC32C" ? new Crc32c() : new Crc64Nvme();
      crc.update(bytes);
      return Buffer.from(await crc.digest()).toString("base64");
    }
    default:
      return createHash(name.toLowerCase()).update(bytes).digest("base64");
  }
}

/** The CRC of bytes that follow each other: shifted by the length of what comes behind, then added. */
function combined(name: ChecksumName, parts: readonly PartChecksum[]): string {
  const [width, polynomial] = POLYNOMIALS[name] ?? [0, 0n];
  let whole = 0n;
  for (const { value, size } of parts) {
    const crc = BigInt(`0x${Buffer.from(value, "base64").toString("hex")}`);
    whole = multiply(powerOfX(size * 8, width, polynomial), whole, width, polynomial) ^ crc;
  }
  return Buffer.from(whole.toString(16).padStart(width / 4, "0"), "hex").toString("base64");
}

/** Product of two polynomials modulo a third, all with the lowest power in the highest bit. */
function multiply(a: bigint, b: bigint, width: number, polynomial: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = 1n << BigInt(width - 1); bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
  }
  return product;
}

function powerOfX(exponent: number, width: number, polynomial: bigint): bigint {
  let power = 1n << BigInt(width - 1);
  let square = 1n << BigInt(width - 2);
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(power, square, width, polynomial);
    square = multiply(square, square, width, polynomial);
  }
  return power;
}
