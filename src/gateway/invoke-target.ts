/** Which function version an Invoke request names, in its path and its Qualifier, and under which ARN. */
import { functionArn, isOfOtherPartition, type Place, parseFunctionName } from "../functions/function-name.ts";
import { refusal } from "./refusal.ts";

/** As Lambda's model prints them in its messages. */
const NAME_PATTERN =
  "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";
const QUALIFIER_PATTERN = "\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+";

export interface InvokeTarget {
  /** Bare name. */
  readonly name: string;
  readonly qualifier: string | undefined;
  /** With the qualifier, when one was given. */
  readonly arn: string;
}

/** The FunctionName of an Invoke request's path. */
export function invokedName(path: string): string | undefined {
  return nameBetween("/2015-03-31/functions/", path, "/invocations");
}

/** The FunctionName within a path of these two ends, still percent-encoded; undefined when the path is another one. */
export function nameBetween(prefix: string, path: string, suffix: string): string | undefined {
  if (!path.startsWith(prefix)) return undefined;
  // One trailing slash means nothing, as for every other operation (wire/route.ts).
  const end = path.endsWith("/") ? path.length - 1 : path.length;
  if (!path.endsWith(suffix, end)) return undefined;
  const name = path.slice(prefix.length, end - suffix.length);
  return name === "" || name.includes("/") ? undefined : name;
}

/**
 * @param caller ARN of the principal, for the refusal of other accounts
 * @param violations takes the messages of what breaks the model's constraints
 * @returns undefined only with a violation
 * @throws ServiceError for another region, another account, or two qualifiers that differ
 */
export function readTarget(
  encodedName: string,
  query: string,
  place: Place,
  caller: string,
  violations: string[],
): InvokeTarget | undefined {
  const text = decode(encodedName);
  const asked = qualifierOf(query);
  if (asked !== undefined) checkQualifier(asked, violations);
  const reference = parseFunctionName(text);
  if (reference === undefined) {
    const constraint =
      text.length > 256
        ? "Member must have length less than or equal to 256"
        : `Member must satisfy regular expression pattern: ${NAME_PATTERN}`;
    violations.push(`Value '${text.slice(0, 1024)}' at 'functionName' failed to satisfy constraint: ${constraint}`);
    return undefined;
  }
  if (violations.length > 0) return undefined;
  if (reference.region !== undefined && reference.region !== place.region) {
    throw refusal(
      "ResourceNotFoundException",
      `Functions from '${reference.region}' are not reachable in this region ('${place.region}')`,
    );
  }
  if (isOfOtherPartition(text, place)) throw refusal("ResourceNotFoundException", `Function not found: ${text}`);
  if (reference.accountId !== undefined && reference.accountId !== place.accountId) {
    const arn = functionArn({ ...place, accountId: reference.accountId }, reference.name, reference.qualifier ?? asked);
    throw refusal(
      "AccessDeniedException",
      `User: ${caller} is not authorized to perform: lambda:InvokeFunction on resource: ${arn} because no resource-based policy allows the lambda:InvokeFunction action`,
    );
  }
  if (asked !== undefined && reference.qualifier !== undefined && asked !== reference.qualifier) {
    throw refusal(
      "InvalidParameterValueException",
      "The derived qualifier from the function name does not match the specified qualifier.",
    );
  }
  const qualifier = reference.qualifier ?? asked;
  return { name: reference.name, qualifier, arn: functionArn(place, reference.name, qualifier) };
}

function checkQualifier(text: string, violations: string[]): void {
  const at = `Value '${text.slice(0, 1024)}' at 'qualifier' failed to satisfy constraint:`;
  if (text.length > 128) violations.push(`${at} Member must have length less than or equal to 128`);
  else if (text !== "$LATEST.PUBLISHED" && /[^a-zA-Z0-9\-_$]/.test(text)) {
    violations.push(`${at} Member must satisfy regular expression pattern: ${QUALIFIER_PATTERN}`);
  }
}

/** The first Qualifier of the query; an empty one is none. */
function qualifierOf(query: string): string | undefined {
  if (query === "") return undefined;
  for (const part of query.split("&")) {
    if (part.startsWith("Qualifier=") && part.length > 10) return decode(part.slice(10));
  }
  return undefined;
}

function decode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal("InvalidRequestException", "The request URI is not correctly percent-encoded");
  }
}
