/** Where results of asynchronous invocations may be sent: what Lambda checks when it is told, in its own words. */
import { isOfOtherPartition, parseFunctionName } from "../functions/function-name.ts";
import type { CallContext, LambdaInput, ManagementContext } from "./lambda-api.ts";

type Destinations = NonNullable<LambdaInput<"PutFunctionEventInvokeConfig">["DestinationConfig"]>;

const FOR_BOTH: readonly string[] = ["events", "lambda", "sns", "sqs"];
const FOR_FAILURES: readonly string[] = [...FOR_BOTH, "s3"];
/** What an ARN of each of these services must name; of functions it is looked for. */
const ARNS: Readonly<Record<string, RegExp>> = {
  events: /^arn:[^:]*:events:[^:]+:\d{12}:event-bus\/[^:]+$/,
  s3: /^arn:[^:]*:s3:::[^:]+$/,
  sns: /^arn:[^:]*:sns:[^:]+:\d{12}:[^:]+$/,
  sqs: /^arn:[^:]*:sqs:[^:]+:\d{12}:[^:]+$/,
};

type DestinationContext = Pick<ManagementContext, "fail" | "catalog" | "isElsewhere">;

/** @throws InvalidParameterValueException */
export async function checkDestinations(
  management: DestinationContext,
  context: CallContext,
  functionName: string,
  { OnSuccess: success, OnFailure: failure }: Destinations,
): Promise<void> {
  const { fail } = management;
  const onSuccess = success?.Destination;
  const onFailure = failure?.Destination;
  for (const arn of [onFailure, onSuccess]) {
    if (!arn) continue;
    const pattern = Object.hasOwn(ARNS, serviceOf(arn)) ? ARNS[serviceOf(arn)] : undefined;
    if (isOfOtherPartition(arn, context) || pattern?.test(arn) === false) {
      fail("InvalidParameterValueException", `The destination ARN ${arn} is invalid.`);
    }
    if (serviceOf(arn) === "lambda") await checkFunction(management, context, functionName, arn);
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
  management: DestinationContext,
  context: CallContext,
  functionName: string,
  arn: string,
): Promise<void> {
  const { fail, catalog, isElsewhere } = management;
  if (isElsewhere(arn)) return;
  const { name, qualifier, region, accountId } = parseFunctionName(arn) ?? {};
  const isOurs = name !== undefined && region === context.region && accountId === context.accountId;
  if (!isOurs || (await catalog.describe(name, qualifier)) === undefined) {
    fail("InvalidParameterValueException", `The destination ARN ${arn} is invalid.`);
  }
  if (name === functionName) {
    fail("InvalidParameterValueException", "You can't specify the function as a destination for itself.");
  }
}
