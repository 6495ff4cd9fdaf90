/** Where results of asynchronous invocations may be sent: what Lambda checks when it is told, in its own words. */
import type { Catalog } from "../functions/catalog.ts";
import { parseFunctionName } from "../functions/function-name.ts";
import type { CallContext, LambdaFail, LambdaInput } from "./lambda-api.ts";

type Destinations = NonNullable<LambdaInput<"PutFunctionEventInvokeConfig">["DestinationConfig"]>;

const FOR_BOTH: readonly string[] = ["events", "lambda", "sns", "sqs"];
const FOR_FAILURES: readonly string[] = [...FOR_BOTH, "s3"];

/** @throws InvalidParameterValueException */
export async function checkDestinations(
  fail: LambdaFail,
  context: CallContext,
  catalog: Catalog,
  functionName: string,
  { OnSuccess: success, OnFailure: failure }: Destinations,
): Promise<void> {
  const onSuccess = success?.Destination;
  const onFailure = failure?.Destination;
  for (const arn of [onFailure, onSuccess]) {
    if (arn && serviceOf(arn) === "lambda") await checkFunction(fail, context, catalog, functionName, arn);
  }
  const isServed =
    (!onSuccess || FOR_BOTH.includes(serviceOf(onSuccess))) &&
    (!onFailure || FOR_FAILURES.includes(serviceOf(onFailure)));
  if (isServed) return;
  const shown = (name: string, arn: string | undefined) => (arn ? `${name}(destination=${arn})` : "null");
  const config = `DestinationConfig(onSuccess=${shown("OnSuccess", onSuccess)}, onFailure=${shown("OnFailure", onFailure)})`;
  fail("InvalidParameterValueException", `The provided destination config ${config} is invalid.`);
}

const serviceOf = (arn: string): string => arn.split(":")[2] ?? "";

async function checkFunction(
  fail: LambdaFail,
  context: CallContext,
  catalog: Catalog,
  functionName: string,
  arn: string,
): Promise<void> {
  const { name, qualifier, region, accountId } = parseFunctionName(arn) ?? {};
  const isOurs = name !== undefined && region === context.region && accountId === context.accountId;
  if (!isOurs || (await catalog.describe(name, qualifier)) === undefined) {
    fail("InvalidParameterValueException", `The destination ARN ${arn} is invalid.`);
  }
  if (name === functionName) {
    fail("InvalidParameterValueException", "You can't specify the function as a destination for itself.");
  }
}
