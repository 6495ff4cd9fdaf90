/** Ids as API Gateway gives them: lower-case letters and digits. */
import { randomBytes } from "node:crypto";

const LETTERS_AND_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789";

function newId(length: number): string {
  let id = "";
  while (id.length < length) {
    // 252 is the largest multiple of 36 in a byte: what is above would make some letters likelier than others.
    for (const byte of randomBytes(length)) if (byte < 252 && id.length < length) id += LETTERS_AND_DIGITS[byte % 36];
  }
  return id;
}

/** Of an API: 10 characters, the first a letter, because it is the first part of a host name. */
export const newApiId = (): string => `${"abcdefghijklmnopqrstuvwxyz"[randomBytes(1).readUInt8() % 26]}${newId(9)}`;

/** Of a part of an API: a route, an integration, a resource. */
export const newPartId = (length = 7): string => newId(length);

/** As requests and connections are named: base64 of random bytes, `JKJaXmPLvHcESHA=`. */
export const newRequestToken = (): string => randomBytes(11).toString("base64");
