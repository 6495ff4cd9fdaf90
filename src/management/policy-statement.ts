/** The statement that AddPermission makes of its members, key by key in AWS's order (contract/06). */
import { isOfOtherPartition, partitionOf } from "../functions/function-name.ts";
import type { PolicyPrincipal, PolicyStatement } from "../functions/policy-document.ts";
import type { CallContext, LambdaFail, LambdaInput } from "./lambda-api.ts";

const ACCOUNT = /^\d{12}$/;
/** A user, a role, a role's session, or the account itself. */
const IAM_ARN =
  /^arn:aws[a-zA-Z-]*:(iam::\d{12}:(root|(user|role)\/[^*?]+)|sts::\d{12}:assumed-role\/[^*?/]+\/[^*?/]+)$/;
/** s3.amazonaws.com, logs.us-east-1.amazonaws.com, alexa-appkit.amazon.com; which of them exist is known to IAM alone. */
const SERVICE = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com)$/;

/** @throws ServiceError */
export function permissionStatement(
  fail: LambdaFail,
  context: CallContext,
  resource: string,
  input: LambdaInput<"AddPermission">,
): PolicyStatement {
  const { Action: action, FunctionUrlAuthType: authType, InvokedViaFunctionUrl: viaUrl } = input;
  if (authType !== undefined && action !== "lambda:InvokeFunctionUrl") {
    fail("InvalidParameterValueException", "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action");
  }
  // In the words of the other; its own are not recorded.
  if (viaUrl && action !== "lambda:InvokeFunction") {
    fail("InvalidParameterValueException", "InvokedViaFunctionUrl is only supported for lambda:InvokeFunction action");
  }
  const conditions = conditionsOf(input);
  return {
    Sid: input.StatementId,
    Effect: "Allow",
    Principal: principalOf(fail, context, input.Principal),
    Action: action,
    Resource: resource,
    ...(Object.keys(conditions).length > 0 && { Condition: conditions }),
  };
}

function principalOf(fail: LambdaFail, context: CallContext, text: string): PolicyPrincipal {
  if (text === "*") return "*";
  if (ACCOUNT.test(text)) return { AWS: `arn:${partitionOf(context.region)}:iam::${text}:root` };
  if (IAM_ARN.test(text) && !isOfOtherPartition(text, context)) return { AWS: text };
  if (SERVICE.test(text)) return { Service: text };
  return fail(
    "InvalidParameterValueException",
    "The provided principal was invalid. Please check the principal and try again.",
  );
}

function conditionsOf(input: LambdaInput<"AddPermission">): Record<string, Record<string, string>> {
  const equal = given({
    "lambda:FunctionUrlAuthType": input.FunctionUrlAuthType,
    "aws:PrincipalOrgID": input.PrincipalOrgID,
    "AWS:SourceAccount": input.SourceAccount,
    "lambda:EventSourceToken": input.EventSourceToken,
  });
  const isTrue = given({ "lambda:InvokedViaFunctionUrl": input.InvokedViaFunctionUrl ? "true" : undefined });
  const like = given({ "AWS:SourceArn": input.SourceArn });
  return { ...(equal && { StringEquals: equal }), ...(isTrue && { Bool: isTrue }), ...(like && { ArnLike: like }) };
}

/** What has a value; undefined when nothing has one. */
function given(values: Readonly<Record<string, string | undefined>>): Record<string, string> | undefined {
  const entries = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
