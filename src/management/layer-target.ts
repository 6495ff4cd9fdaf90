/** Which layer, or which of its versions, a request means: by name or by ARN, ours or not ours. */
import { isOfOtherPartition } from "../functions/function-name.ts";
import { layerArn, parseLayerName } from "../functions/layer-name.ts";
import type { CallContext, LambdaFail } from "./lambda-api.ts";

export interface LayerTarget {
  readonly name: string;
  readonly arn: string;
}

export interface LayerVersionTarget extends LayerTarget {
  readonly version: number;
}

/**
 * @param text LayerName of the request
 * @param operation for the refusal of other accounts, e.g. `GetLayerVersion`
 * @throws ServiceError when it is another region's or account's
 */
export function layerTarget(fail: LambdaFail, context: CallContext, operation: string, text: string): LayerTarget {
  const reference = parseLayerName(text);
  if (!reference) {
    return fail(
      "ValidationException",
      `1 validation error detected: Value '${text}' at 'layerName' failed to satisfy constraint: Member must be the name or ARN of a layer`,
    );
  }
  checkOurs(fail, context, operation, reference, text);
  return { name: reference.name, arn: layerArn(context, reference.name) };
}

/** The same with a version. @throws ServiceError also when there can be no such version */
export function layerVersionTarget(
  fail: LambdaFail,
  context: CallContext,
  operation: string,
  text: string,
  version: number,
): LayerVersionTarget {
  const { name } = layerTarget(fail, context, operation, text);
  if (version < 1) fail("InvalidParameterValueException", "Layer Version Cannot be less than 1");
  return { name, version, arn: layerArn(context, name, version) };
}

/** @throws ServiceError when it is another region's or account's */
export function checkOurs(
  fail: LambdaFail,
  context: CallContext,
  operation: string,
  { region = context.region, accountId = context.accountId }: { region?: string; accountId?: string },
  arn: string,
): void {
  if (region !== context.region) {
    // As AWS says it of functions; of layers it is not recorded.
    fail("ResourceNotFoundException", `Layers from '${region}' are not reachable in this region ('${context.region}')`);
  }
  if (isOfOtherPartition(arn, context)) {
    fail("ResourceNotFoundException", "The resource you requested does not exist.");
  }
  if (accountId !== context.accountId) layerDenied(fail, context, operation, arn);
}

/** Layers of other accounts cannot be reached here, so none is shared with ours. @throws ServiceError always */
export function layerDenied(fail: LambdaFail, context: CallContext, operation: string, arn: string): never {
  return fail(
    "AccessDeniedException",
    `User: ${context.principal.arn} is not authorized to perform: lambda:${operation} on resource: ${arn} because no resource-based policy allows the lambda:${operation} action`,
  );
}
