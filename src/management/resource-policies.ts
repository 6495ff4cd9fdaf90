/**
 * PutResourcePolicy, GetResourcePolicy and DeleteResourcePolicy: the resource policy as one document. PublicPolicyException
 * is never answered: it comes of an account's block of public access, and the model has no operation to set one.
 */
import { functionArn } from "../functions/function-name.ts";
import { type FunctionTarget, functionTarget } from "./function-target.ts";
import type { CallContext, LambdaHandlers, ManagementContext } from "./lambda-api.ts";
import { checkFunction, checkNotLatest, checkPolicyRevision, noPolicy, noSuchTarget } from "./permissions.ts";
import { checkPolicyLength, parsePolicy, policyText } from "./policy-rules.ts";

export function resourcePolicyHandlers({ catalog, fail }: ManagementContext) {
  /** @throws ServiceError when there is no such function */
  async function targetOf(context: CallContext, operation: string, arn: string): Promise<FunctionTarget> {
    if (!arn.includes(":function:")) fail("ResourceNotFoundException", "The resource you requested does not exist.");
    const target = functionTarget(fail, context, operation, arn);
    checkNotLatest(fail, target.qualifier);
    await checkFunction(catalog, fail, context, target);
    return target;
  }

  return {
    async PutResourcePolicy(input, context) {
      const target = await targetOf(context, "PutResourcePolicy", input.ResourceArn);
      const policy = parsePolicy(fail, input.Policy, functionArn(context, target.name, target.qualifier));
      checkPolicyLength(fail, policy);
      const written = await catalog.policies.change(target.name, target.qualifier, ({ revisionId }) => {
        checkPolicyRevision(fail, revisionId, input.RevisionId);
        return policy;
      });
      if (!written) return noSuchTarget(fail, target);
      return { Policy: policyText(policy), RevisionId: written.revisionId };
    },

    async GetResourcePolicy(input, context) {
      const target = await targetOf(context, "GetResourcePolicy", input.ResourceArn);
      const attached = (await catalog.policies.get(target.name, target.qualifier)) ?? noSuchTarget(fail, target);
      if (!attached.policy) return noPolicy(fail);
      return { Policy: policyText(attached.policy), RevisionId: attached.revisionId };
    },

    async DeleteResourcePolicy(input, context) {
      const target = await targetOf(context, "DeleteResourcePolicy", input.ResourceArn);
      const written = await catalog.policies.change(target.name, target.qualifier, ({ policy, revisionId }) => {
        if (!policy) return noPolicy(fail);
        checkPolicyRevision(fail, revisionId, input.RevisionId);
        return undefined;
      });
      if (!written) noSuchTarget(fail, target);
      return {};
    },
  } satisfies LambdaHandlers;
}
