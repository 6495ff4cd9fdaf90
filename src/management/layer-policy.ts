/** AddLayerVersionPermission, RemoveLayerVersionPermission and GetLayerVersionPolicy: who else may use a layer version. */
import { partitionOf } from "../functions/function-name.ts";
import type { LayerPolicy } from "../functions/layer-tables.ts";
import { documentOf } from "../functions/layers.ts";
import type { PolicyPrincipal, PolicyStatement } from "../functions/policy-document.ts";
import type { CallContext, LambdaFail, LambdaHandlers, LambdaInput, ManagementContext } from "./lambda-api.ts";
import { layerVersionTarget } from "./layer-target.ts";

const MAX_POLICY_BYTES = 20_480;

export function layerPolicyHandlers({ layers, fail }: ManagementContext) {
  return {
    async AddLayerVersionPermission(input, context) {
      const target = targetOf(fail, context, "AddLayerVersionPermission", input);
      const statement = statementOf(fail, context, target.arn, input);
      const policy = await layers.changePolicy(target.name, target.version, (before, exists) => {
        if (!exists) missing(fail, target.arn);
        const statements = before?.statements ?? [];
        if (statements.some(({ Sid }) => Sid === input.StatementId)) {
          fail(
            "ResourceConflictException",
            `The statement id (${input.StatementId}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
          );
        }
        checkRevision(fail, before, input.RevisionId);
        const after = [...statements, statement];
        const bytes = Buffer.byteLength(JSON.stringify(documentOf(after)));
        if (bytes > MAX_POLICY_BYTES) {
          fail(
            "PolicyLengthExceededException",
            `The final policy size (${bytes}) is bigger than the limit (${MAX_POLICY_BYTES}).`,
          );
        }
        return after;
      });
      return { Statement: JSON.stringify(statement), ...(policy && { RevisionId: policy.revisionId }) };
    },

    async RemoveLayerVersionPermission(input, context) {
      const target = targetOf(fail, context, "RemoveLayerVersionPermission", input);
      await layers.changePolicy(target.name, target.version, (before, exists) => {
        if (!exists) missing(fail, target.arn);
        if (!before) return withoutPolicy(fail);
        checkRevision(fail, before, input.RevisionId);
        const after = before.statements.filter(({ Sid }) => Sid !== input.StatementId);
        if (after.length === before.statements.length) {
          fail("ResourceNotFoundException", `Statement ${input.StatementId} is not found in resource policy.`);
        }
        return after;
      });
      return {};
    },

    async GetLayerVersionPolicy(input, context) {
      const target = targetOf(fail, context, "GetLayerVersionPolicy", input);
      const policy = await layers.policy(target.name, target.version);
      if (policy) return { Policy: JSON.stringify(documentOf(policy.statements)), RevisionId: policy.revisionId };
      if (!(await layers.find(target.name, target.version))) missing(fail, target.arn);
      return withoutPolicy(fail);
    },
  } satisfies LambdaHandlers;
}

function targetOf(
  fail: LambdaFail,
  context: CallContext,
  operation: string,
  { LayerName, VersionNumber }: Pick<LambdaInput<"GetLayerVersionPolicy">, "LayerName" | "VersionNumber">,
) {
  return layerVersionTarget(fail, context, operation, LayerName as string, VersionNumber as number);
}

/** One permission as IAM writes it (contract/06 §1). */
function statementOf(
  fail: LambdaFail,
  context: CallContext,
  arn: string,
  input: LambdaInput<"AddLayerVersionPermission">,
): PolicyStatement {
  // An organization narrows everyone down; of an account alone it would say nothing. AWS's text for this is not recorded.
  if (input.OrganizationId !== undefined && input.Principal !== "*") {
    fail(
      "InvalidParameterValueException",
      "The provided principal was invalid. Please check the principal and try again.",
    );
  }
  return {
    Sid: input.StatementId as string,
    Effect: "Allow",
    Principal: principalOf(context, input.Principal as string),
    Action: input.Action as string,
    Resource: arn,
    ...(input.OrganizationId !== undefined && {
      Condition: { StringEquals: { "aws:PrincipalOrgID": input.OrganizationId } },
    }),
  };
}

function principalOf(context: CallContext, principal: string): PolicyPrincipal {
  if (principal === "*") return principal;
  if (principal.startsWith("arn:")) return { AWS: principal };
  return { AWS: `arn:${partitionOf(context.region)}:iam::${principal}:root` };
}

function checkRevision(fail: LambdaFail, before: LayerPolicy | undefined, revisionId: string | undefined): void {
  if (revisionId === undefined || revisionId === before?.revisionId) return;
  fail(
    "PreconditionFailedException",
    "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest Revision Id",
  );
}

function missing(fail: LambdaFail, arn: string): never {
  return fail("ResourceNotFoundException", `Layer version ${arn} does not exist.`);
}

function withoutPolicy(fail: LambdaFail): never {
  return fail("ResourceNotFoundException", "No policy is associated with the given resource.");
}
