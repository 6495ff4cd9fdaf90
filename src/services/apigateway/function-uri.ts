/** How integrations and authorizers name a function: by its ARN, or by the path of its Invoke operation. */
import { isOfOtherPartition, type Place, parseFunctionName } from "../../functions/function-name.ts";

export interface FunctionTarget {
  readonly name: string;
  /** A version or an alias; undefined for the function itself. */
  readonly qualifier?: string | undefined;
}

const INVOKE_PATH =
  /^arn:[^:]+:apigateway:[^:]+:lambda:path\/(2015-03-31|2021-11-15)\/functions\/(.+)\/(invocations|response-streaming-invocations)$/;

/** @returns undefined for what names no function of this region */
export function functionOfUri(uri: string, place: Place): FunctionTarget | undefined {
  const arn = INVOKE_PATH.exec(uri)?.[2] ?? uri;
  if (!arn.startsWith("arn:")) return undefined;
  const { name, qualifier, region, accountId } = parseFunctionName(arn) ?? {};
  if (name === undefined || region !== place.region || accountId !== place.accountId) return undefined;
  return isOfOtherPartition(arn, place) ? undefined : { name, qualifier };
}

/** `${stageVariables.name}` replaced by its value; one that is not set by nothing. */
export function withStageVariables(text: string, variables: Readonly<Record<string, string>> = {}): string {
  return text.replace(/\$\{stageVariables\.([A-Za-z0-9_]+)\}/g, (_, name: string) =>
    Object.hasOwn(variables, name) ? (variables[name] ?? "") : "",
  );
}
