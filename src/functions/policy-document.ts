/** A policy document in IAM's JSON, as resource policies are written, kept and evaluated. Says what it is made of, not what it means. */

export type OneOrMore<T> = T | readonly T[];

/** `*`, or kinds of principals with whom they name: `{ AWS: "arn:..." }`, `{ Service: ["s3.amazonaws.com"] }`. */
export type PolicyPrincipal = "*" | Readonly<Record<string, OneOrMore<string>>>;

/** Operator → key → values: `{ StringEquals: { "aws:SourceAccount": "123456789012" } }`. */
export type PolicyConditions = Readonly<Record<string, Readonly<Record<string, OneOrMore<string | boolean | number>>>>>;

export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: PolicyPrincipal;
  readonly NotPrincipal?: PolicyPrincipal;
  readonly Action?: OneOrMore<string>;
  readonly NotAction?: OneOrMore<string>;
  readonly Resource?: OneOrMore<string>;
  readonly NotResource?: OneOrMore<string>;
  readonly Condition?: PolicyConditions;
}

export interface PolicyDocument {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: OneOrMore<PolicyStatement>;
}

export function listOf<T>(value: OneOrMore<T> | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** What a statement may consist of. */
export const STATEMENT_ELEMENTS: readonly string[] = [
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
];
