/** AddPermission, RemovePermission and GetPolicy: the resource policy, one statement at a time. */
import { functionArn } from "../functions/function-name.ts";
import { listOf, type PolicyDocument, type PolicyStatement } from "../functions/policy-document.ts";
import { type FunctionTarget, functionNotFound, functionTarget } from "./function-target.ts";
import type { CallContext, LambdaFail, LambdaHandlers, ManagementContext } from "./lambda-api.ts";
import { checkPolicyLength, policyText } from "./policy-rules.ts";
import { permissionStatement } from "./policy-statement.ts";

export function permissionHandlers({ catalog, fail }: ManagementContext) {
  return {
    async AddPermission(input, context) {
      const target = functionTarget(fail, context, "AddPermission", input.FunctionName, input.Qualifier);
      checkNotLatest(fail, target.qualifier);
      await checkFunction(catalog, fail, context, target);
      const statement = permissionStatement(fail, context, target.arn, input);
      const written = await catalog.policies.change(target.name, target.qualifier, ({ policy, revisionId }) => {
        checkPolicyRevision(fail, revisionId, input.RevisionId);
        const before = listOf(policy?.Statement);
        if (before.some(({ Sid: sid }) => sid === input.StatementId)) {
          fail(
            "ResourceConflictException",
            `The statement id (${input.StatementId}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
          );
        }
        const after = withStatements(policy, [...before, statement]);
        checkPolicyLength(fail, after);
        return after;
      });
      if (!written) return noSuchTarget(fail, target);
      return { Statement: JSON.stringify(statement) };
    },

    async RemovePermission(input, context) {
      const target = functionTarget(fail, context, "RemovePermission", input.FunctionName, input.Qualifier);
      if (!(await catalog.describe(target.name))) {
        fail("ResourceNotFoundException", `No policy found for: ${functionArn(context, target.name)}`);
      }
      const written = await catalog.policies.change(target.name, target.qualifier, ({ policy, revisionId }) => {
        if (!policy) return noPolicy(fail);
        const before = listOf(policy.Statement);
        const after = before.filter(({ Sid: sid }) => sid !== input.StatementId);
        if (after.length === before.length) {
          fail("ResourceNotFoundException", `Statement ${input.StatementId} is not found in resource policy.`);
        }
        checkPolicyRevision(fail, revisionId, input.RevisionId);
        return after.length === 0 ? undefined : withStatements(policy, after);
      });
      if (!written) noSuchTarget(fail, target);
      return {};
    },

    async GetPolicy(input, context) {
      const target = functionTarget(fail, context, "GetPolicy", input.FunctionName, input.Qualifier);
      await checkFunction(catalog, fail, context, target);
      const attached = (await catalog.policies.get(target.name, target.qualifier)) ?? noSuchTarget(fail, target);
      if (!attached.policy) return fail("ResourceNotFoundException", "The resource you requested does not exist.");
      return { Policy: policyText(attached.policy), RevisionId: attached.revisionId };
    },
  } satisfies LambdaHandlers;
}

/** @throws InvalidParameterValueException: AWS keeps policies of the function, of versions and of aliases only */
export function checkNotLatest(fail: LambdaFail, qualifier: string | undefined): void {
  if (qualifier !== "$LATEST") return;
  fail("InvalidParameterValueException", "We currently do not support adding policies for $LATEST.");
}

/** @throws PreconditionFailedException when the caller knows another revision; no revision given means any */
export function checkPolicyRevision(fail: LambdaFail, revisionId: string, given: string | undefined): void {
  if (given === undefined || given === revisionId) return;
  fail(
    "PreconditionFailedException",
    "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id",
  );
}

/** @throws ResourceNotFoundException naming the function alone, when that is what is missing */
export async function checkFunction(
  catalog: ManagementContext["catalog"],
  fail: LambdaFail,
  context: CallContext,
  { name }: FunctionTarget,
): Promise<void> {
  if (await catalog.describe(name)) return;
  functionNotFound(fail, { name, arn: functionArn(context, name) });
}

/** The function is there, its version or alias is not. @throws ResourceNotFoundException always */
export function noSuchTarget(fail: LambdaFail, target: FunctionTarget): never {
  const isVersion = /^(\d+|\$LATEST(\.PUBLISHED)?)$/.test(target.qualifier ?? "$LATEST");
  if (isVersion) return functionNotFound(fail, target);
  return fail("ResourceNotFoundException", `Cannot find alias arn: ${target.arn}`);
}

/** @throws ResourceNotFoundException always */
export function noPolicy(fail: LambdaFail): never {
  return fail("ResourceNotFoundException", "No policy is associated with the given resource.");
}

function withStatements(policy: PolicyDocument | undefined, statements: readonly PolicyStatement[]): PolicyDocument {
  return { Version: "2012-10-17", Id: "default", ...policy, Statement: statements };
}
