/**
 * The pattern language of EventBridge, in which Lambda's filter criteria and SNS's filter policies are written, too: what
 * a pattern is once it was read, and where the dialects differ. event-pattern-parser.ts reads, event-pattern-match.ts
 * matches.
 */
import type { Decimal } from "./decimal.ts";
import type { IpRange } from "./ip-range.ts";
import type { Wildcard } from "./wildcard.ts";

/** What one value of an event may be. */
export type Condition =
  | { readonly kind: "equals"; readonly value: string | boolean | null }
  | { readonly kind: "number"; readonly value: Decimal }
  | { readonly kind: "number-text"; readonly text: string }
  | { readonly kind: "numeric"; readonly bounds: readonly NumericBound[] }
  | { readonly kind: "exists"; readonly exists: boolean }
  | { readonly kind: "prefix" | "suffix"; readonly text: string }
  /** `text` in folded case. */
  | { readonly kind: "ignore-case"; readonly part: "whole" | "prefix" | "suffix"; readonly text: string }
  | { readonly kind: "wildcard"; readonly wildcard: Wildcard }
  | { readonly kind: "ip"; readonly range: IpRange }
  /** None of these. */
  | { readonly kind: "anything-but"; readonly conditions: readonly Condition[] };

export interface NumericBound {
  readonly operator: "=" | "<" | "<=" | ">" | ">=";
  readonly value: Decimal;
}

/** A place in the event: what its values must be, and what the places below it must be. */
export interface PatternNode {
  /** One must hold; absent where only places below are asked. */
  readonly conditions?: readonly Condition[];
  /** One of the conditions is that nothing is there. */
  readonly mayBeAbsent: boolean;
  readonly children: ReadonlyMap<string, PatternNode>;
  /**
   * Places below that may be absent, by their path from here. `isLocal`: where this place is an array, only the element
   * that was chosen for a field sorted before is asked, else all elements are (as AWS's matcher does).
   */
  readonly absences: readonly Absence[];
}

export interface Absence {
  readonly node: PatternNode;
  readonly path: readonly string[];
  readonly isLocal: boolean;
}

/** An event matches when all of one alternative does. `$or` makes alternatives. */
export interface EventPattern {
  readonly alternatives: readonly PatternNode[];
}

/** In the order of AWS's documentation. `exactly` is not in it, but understood. */
export const OPERATORS = [
  "prefix",
  "suffix",
  "equals-ignore-case",
  "wildcard",
  "anything-but",
  "numeric",
  "cidr",
  "exists",
  "exactly",
] as const;
export type Operator = (typeof OPERATORS)[number];

/** What can stand in an object behind `anything-but`. */
export const NEGATIONS = ["prefix", "suffix", "equals-ignore-case", "wildcard"] as const;
export type Negation = (typeof NEGATIONS)[number];

export interface PatternDialect {
  readonly operators: ReadonlySet<Operator>;
  readonly negations: ReadonlySet<Negation>;
  /** `[300]`: is it the number (300.0 equals it), or the text? */
  readonly numbers: "value" | "text";
  /** `{"prefix": {"equals-ignore-case": ..}}` */
  readonly hasIgnoreCaseAffixes: boolean;
  /** May the whole pattern be `{}`, which matches everything? */
  readonly mayBeEmpty: boolean;
}

/**
 * Rules of EventBridge. AWS's documentation says that numbers are compared by their text; recordings of the service, and
 * AWS's published matcher, compare by value.
 */
export const EVENTBRIDGE: PatternDialect = {
  operators: new Set(OPERATORS),
  negations: new Set(NEGATIONS),
  numbers: "value",
  hasIgnoreCaseAffixes: true,
  mayBeEmpty: false,
};

/** Filter criteria of event source mappings (contract/04 §7). */
export const LAMBDA_FILTER: PatternDialect = {
  operators: new Set(["prefix", "suffix", "equals-ignore-case", "anything-but", "numeric", "exists"]),
  negations: new Set(),
  numbers: "text",
  hasIgnoreCaseAffixes: false,
  mayBeEmpty: true,
};

/** Filter policies of SNS subscriptions, over attributes and over bodies. An empty policy accepts everything. */
export const SNS_FILTER_POLICY: PatternDialect = { ...EVENTBRIDGE, mayBeEmpty: true };

/** Why a text is no pattern, in the words of AWS's own parser, with the place. */
export class PatternRejection extends Error {
  override readonly name = "PatternRejection";
}

/** Texts that differ only in the case of letters fold to the same one; ß and İ stay themselves, as at AWS. */
export function foldCase(text: string): string {
  const upper = text.toUpperCase();
  if (upper.length === text.length) return upper.toLowerCase();
  return Array.from(text, foldCharacter).join("");
}

function foldCharacter(character: string): string {
  const upper = character.toUpperCase();
  const lower = upper.toLowerCase();
  return upper.length === character.length && lower.length === character.length ? lower : character;
}
