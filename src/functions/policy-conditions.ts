/** The conditions of a policy statement: which operators there are, and whether what is known of a request meets them. */
import { BlockList, isIP } from "node:net";
import { listOf, type PolicyConditions } from "./policy-document.ts";
import { fitsPattern } from "./policy-pattern.ts";

/** What is known of a request, by key in lower case: `aws:sourcearn` → the ARN. */
export type ConditionContext = ReadonlyMap<string, string>;

type Test = (actual: string, wanted: string) => boolean;

interface Operator {
  readonly test: Test;
  /** True of the operators that hold when none of the values fits, and so when the key is not known, too. */
  readonly isNegated?: true;
}

const lowerCase = (text: string): string => text.toLowerCase();
const equal: Test = (actual, wanted) => actual === wanted;
const equalIgnoringCase: Test = (actual, wanted) => lowerCase(actual) === lowerCase(wanted);

const number = (compare: (actual: number, wanted: number) => boolean): Test => {
  return (actual, wanted) => actual.trim() !== "" && wanted.trim() !== "" && compare(Number(actual), Number(wanted));
};

/** Both ISO 8601 or seconds since 1970. A comparison with what is no time (NaN) does not hold. */
const date = (compare: (actual: number, wanted: number) => boolean): Test => {
  const ms = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text));
  return (actual, wanted) => compare(ms(actual), ms(wanted));
};

const OPERATORS: Readonly<Record<string, Operator>> = {
  stringequals: { test: equal },
  stringnotequals: { test: equal, isNegated: true },
  stringequalsignorecase: { test: equalIgnoringCase },
  stringnotequalsignorecase: { test: equalIgnoringCase, isNegated: true },
  stringlike: { test: fitsPattern },
  stringnotlike: { test: fitsPattern, isNegated: true },
  arnequals: { test: arnLike },
  arnnotequals: { test: arnLike, isNegated: true },
  arnlike: { test: arnLike },
  arnnotlike: { test: arnLike, isNegated: true },
  bool: { test: equalIgnoringCase },
  ipaddress: { test: inNetwork },
  notipaddress: { test: inNetwork, isNegated: true },
  numericequals: { test: number((actual, wanted) => actual === wanted) },
  numericnotequals: { test: number((actual, wanted) => actual === wanted), isNegated: true },
  numericlessthan: { test: number((actual, wanted) => actual < wanted) },
  numericlessthanequals: { test: number((actual, wanted) => actual <= wanted) },
  numericgreaterthan: { test: number((actual, wanted) => actual > wanted) },
  numericgreaterthanequals: { test: number((actual, wanted) => actual >= wanted) },
  dateequals: { test: date((actual, wanted) => actual === wanted) },
  datenotequals: { test: date((actual, wanted) => actual === wanted), isNegated: true },
  datelessthan: { test: date((actual, wanted) => actual < wanted) },
  datelessthanequals: { test: date((actual, wanted) => actual <= wanted) },
  dategreaterthan: { test: date((actual, wanted) => actual > wanted) },
  dategreaterthanequals: { test: date((actual, wanted) => actual >= wanted) },
};

const IF_EXISTS = "ifexists";
/** Keys have one value each here, or none: then ForAllValues holds and ForAnyValue does not. */
const FOR_ANY = "foranyvalue:";
const FOR_ALL = "forallvalues:";

/** Is there an operator of this name? Letter case does not count. */
export function isConditionOperator(name: string): boolean {
  return lowerCase(name) === "null" || operatorOf(name) !== undefined;
}

/**
 * Whether all conditions hold.
 * @returns undefined when nobody can say, because there is an operator that is not known here
 */
export function conditionsHold(
  conditions: PolicyConditions | undefined,
  context: ConditionContext,
): boolean | undefined {
  let isKnown = true;
  for (const [name, keys] of Object.entries(conditions ?? {})) {
    for (const [key, values] of Object.entries(keys)) {
      const holds = conditionHolds(name, context.get(lowerCase(key)), listOf(values).map(String));
      if (holds === false) return false;
      if (holds === undefined) isKnown = false;
    }
  }
  return isKnown ? true : undefined;
}

function conditionHolds(name: string, actual: string | undefined, wanted: readonly string[]): boolean | undefined {
  if (lowerCase(name) === "null") return wanted.some((value) => lowerCase(value) === String(actual === undefined));
  const operator = operatorOf(name);
  if (operator === undefined) return undefined;
  if (actual === undefined) return operator.holdsWithoutKey;
  const fits = wanted.some((value) => operator.test(actual, value));
  return operator.isNegated ? !fits : fits;
}

function operatorOf(name: string): (Operator & { readonly holdsWithoutKey: boolean }) | undefined {
  let rest = lowerCase(name);
  const forAll = rest.startsWith(FOR_ALL);
  if (forAll) rest = rest.slice(FOR_ALL.length);
  else if (rest.startsWith(FOR_ANY)) rest = rest.slice(FOR_ANY.length);
  const ifExists = rest.endsWith(IF_EXISTS);
  if (ifExists) rest = rest.slice(0, -IF_EXISTS.length);
  if (!Object.hasOwn(OPERATORS, rest)) return undefined;
  const operator = OPERATORS[rest] as Operator;
  return { ...operator, holdsWithoutKey: forAll || ifExists || operator.isNegated === true };
}

/** Each of an ARN's six parts by itself: a `*` does not reach over a colon, but in the last part. */
function arnLike(actual: string, wanted: string): boolean {
  const parts = arnParts(actual);
  const patterns = arnParts(wanted);
  if (wanted === "*") return true;
  if (parts.length !== 6 || patterns.length !== 6) return false;
  return patterns.every((pattern, index) => fitsPattern(parts[index] as string, pattern));
}

function arnParts(arn: string): string[] {
  const parts = arn.split(":");
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(":")];
}

/** An address in a network in CIDR notation, or the same as another address. */
function inNetwork(actual: string, wanted: string): boolean {
  const family = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");
  const [address = "", prefix] = wanted.split("/");
  if (isIP(actual) === 0 || isIP(address) === 0 || family(actual) !== family(address)) return false;
  const bits = isIP(address) === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  if (prefix === "" || !Number.isInteger(length) || length < 0 || length > bits) return false;
  const network = new BlockList();
  network.addSubnet(address, length, family(address));
  return network.check(actual, family(actual));
}
