/** Random names for things. All come from the system's cryptographic generator. */
import { createHash, randomBytes, randomUUID } from "node:crypto";

/** A UUID (version 4): revisions, requests. */
export function newUuid(): string {
  return randomUUID();
}

/** Lower-case hexadecimal digits of as many random bytes. */
export function newHexId(bytes: number): string {
  return randomBytes(bytes).toString("hex");
}

const LETTERS_AND_DIGITS = "abcdefghijklmnopqrstuvwxyz234567";

/** 32 lower-case letters and digits, 160 random bits: the id of a function URL, which whoever knows it may call. */
export function newUrlId(): string {
  return Array.from(randomBytes(32), (byte) => LETTERS_AND_DIGITS[byte & 31]).join("");
}

/** SHA-256 as 64 lower-case hexadecimal digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
