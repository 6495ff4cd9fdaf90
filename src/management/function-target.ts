/** Which function, and which of its versions, a request means: all forms of names, ours or not ours. */
import { functionArn, isOfOtherPartition, parseFunctionName } from "../functions/function-name.ts";
import type { CallContext, LambdaFail } from "./lambda-api.ts";

export interface FunctionTarget {
  readonly name: string;
  /** Only when the request gave one, in the name or beside it. */
  readonly qualifier?: string;
  /** As error texts write it: with the qualifier, unless that is `$LATEST`. */
  readonly arn: string;
}

/**
 * @param text FunctionName of the request
 * @param qualifier Qualifier of the request
 * @param operation for the refusal of other accounts, e.g. `GetFunction`
 * @throws ServiceError when the name means another region or account, or two qualifiers contradict each other
 */
export function functionTarget(
  fail: LambdaFail,
  context: CallContext,
  operation: string,
  text: string,
  qualifier?: string,
): FunctionTarget {
  const reference = parseFunctionName(text);
  if (!reference) {
    return fail(
      "ValidationException",
      `1 validation error detected: Value '${text}' at 'functionName' failed to satisfy constraint: Member must be the name or ARN of a function`,
    );
  }
  const { name, region = context.region, accountId = context.accountId } = reference;
  if (region !== context.region) {
    return fail(
      "ResourceNotFoundException",
      `Functions from '${region}' are not reachable in this region ('${context.region}')`,
    );
  }
  // AWS's words for it are not recorded.
  if (isOfOtherPartition(text, context)) fail("ResourceNotFoundException", `Function not found: ${text}`);
  if (accountId !== context.accountId) {
    const arn = functionArn({ region, accountId }, name, reference.qualifier);
    return fail(
      "AccessDeniedException",
      `User: ${context.principal.arn} is not authorized to perform: lambda:${operation} on resource: ${arn} because no resource-based policy allows the lambda:${operation} action`,
    );
  }
  if (qualifier !== undefined && reference.qualifier !== undefined && qualifier !== reference.qualifier) {
    return fail(
      "InvalidParameterValueException",
      "The derived qualifier from the function name does not match the specified qualifier.",
    );
  }
  const meant = qualifier ?? reference.qualifier;
  return {
    name,
    ...(meant !== undefined && { qualifier: meant }),
    arn: functionArn(context, name, meant === "$LATEST" ? undefined : meant),
  };
}

/** The target of an operation that knows functions only: no version, no alias. */
export function unqualifiedTarget(
  fail: LambdaFail,
  context: CallContext,
  operation: string,
  text: string,
): FunctionTarget {
  const target = functionTarget(fail, context, operation, text);
  if (target.qualifier === undefined || target.qualifier === "$LATEST") return target;
  return fail(
    "InvalidParameterValueException",
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.",
  );
}

/** @throws ResourceNotFoundException always */
export function functionNotFound(fail: LambdaFail, target: FunctionTarget): never {
  return fail("ResourceNotFoundException", `Function not found: ${target.arn}`);
}
