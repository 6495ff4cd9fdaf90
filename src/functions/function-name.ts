/**
 * The many ways to write which function is meant: a bare name, a partial ARN, a full ARN, each with or without a
 * qualifier. Parses and prints names; knows nothing of which functions exist.
 */

/** Whose functions these are: the two changing parts of every ARN. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
}

export interface FunctionReference {
  readonly name: string;
  /** `$LATEST`, `$LATEST.PUBLISHED`, digits or the name of an alias. */
  readonly qualifier?: string;
  /** Only when the text named one: it may be another region than ours. */
  readonly region?: string;
  /** Only when the text named one: it may be another account than ours. */
  readonly accountId?: string;
}

/** The longest text that names a function (Lambda's model, NamespacedFunctionName). */
const LONGEST = 256;

/** The pattern of the model's NamespacedFunctionName, with named groups. */
const REFERENCE =
  /^(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:(?<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(?<accountId>\d{12}):)?(?:function:)?(?<name>[a-zA-Z0-9-_.]+)(?::(?<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_]+))?$/;

/** What the text names, or undefined when it is not the name of a function in any form that Lambda accepts. */
export function parseFunctionName(text: string): FunctionReference | undefined {
  if (text.length > LONGEST) return undefined;
  const groups = REFERENCE.exec(text)?.groups;
  if (!groups?.name) return undefined;
  return {
    name: groups.name,
    ...(groups.qualifier !== undefined && { qualifier: groups.qualifier }),
    ...(groups.region !== undefined && { region: groups.region }),
    ...(groups.accountId !== undefined && { accountId: groups.accountId }),
  };
}

/** The ARN partition that a region belongs to. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  if (region.startsWith("eusc-")) return "aws-eusc";
  if (region.startsWith("us-isob-")) return "aws-iso-b";
  if (region.startsWith("us-iso-")) return "aws-iso";
  return "aws";
}

/** Is this an ARN of another partition than that of the region? Texts that name no partition are of any. */
export function isOfOtherPartition(text: string, { region }: Pick<Place, "region">): boolean {
  const partition = /^arn:([^:]+):/.exec(text)?.[1];
  return partition !== undefined && partition !== partitionOf(region);
}

/** The ARN of a function, or of one of its versions or aliases when a qualifier is given. */
export function functionArn(place: Place, name: string, qualifier?: string): string {
  const arn = `arn:${partitionOf(place.region)}:lambda:${place.region}:${place.accountId}:function:${name}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}
