/** The nextToken of lists: opaque to callers, good only for the same question. */
import { sha256Hex } from "../../state/ids.ts";
import type { LogsFail } from "./logs-api.ts";

/** @param question what the list was asked for, beside its page */
export function writeToken(question: unknown, place: unknown): string {
  return Buffer.from(JSON.stringify([digestOf(question), place])).toString("base64url");
}

/** @returns the place in the list, undefined at its beginning @throws InvalidParameterException */
export function readToken<T>(fail: LogsFail, question: unknown, token: string | undefined): T | undefined {
  if (token === undefined) return undefined;
  try {
    const read: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    const isOurs = Array.isArray(read) && read.length === 2 && read[0] === digestOf(question);
    // Decoders of base64 forgive a lot: what does not come out the same again was tampered with.
    if (isOurs && writeToken(question, read[1]) === token) return read[1] as T;
  } catch {
    // It is none of ours.
  }
  return fail("InvalidParameterException", "The specified nextToken is invalid.");
}

/** One page of what was fetched with a limit of one more. */
export function pageOf<T>(fetched: readonly T[], limit: number): { readonly items: readonly T[]; readonly last?: T } {
  const items = fetched.slice(0, limit);
  const last = items.at(-1);
  return { items, ...(fetched.length > limit && last !== undefined && { last }) };
}

const digestOf = (question: unknown): string => sha256Hex(JSON.stringify(question)).slice(0, 8);
