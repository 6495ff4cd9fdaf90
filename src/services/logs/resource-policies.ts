/** Operations on the resource policies of the account's logs. */
import type { LogsHandlers, LogsParts } from "./logs-api.ts";
import { pageOf, readToken, writeToken } from "./page-token.ts";
import { statementsOf } from "./resource-policies-table.ts";

const MOST_POLICIES = 10;
const DEFAULT_PAGE = 50;

export function resourcePolicyHandlers({ fail, policies }: LogsParts) {
  return {
    async PutResourcePolicy({ policyName, policyDocument, resourceArn }) {
      if (resourceArn !== undefined) {
        fail("InvalidParameterException", "Policies of single resources are not kept by this region.");
      }
      if (policyName === undefined || policyDocument === undefined) {
        return fail("InvalidParameterException", "policyName and policyDocument are required.");
      }
      if (!statementsOf(policyDocument)) fail("InvalidParameterException", "Invalid resource policy document.");
      const all = policies.list();
      if (all.length >= MOST_POLICIES && !all.some((policy) => policy.policyName === policyName)) {
        fail("LimitExceededException", "Resource limit exceeded.");
      }
      return { resourcePolicy: await policies.put(policyName, policyDocument) };
    },

    async DescribeResourcePolicies({ limit = DEFAULT_PAGE, nextToken }) {
      const after = readToken<string>(fail, "DescribeResourcePolicies", nextToken) ?? "";
      const rest = policies.list().filter(({ policyName }) => policyName > after);
      const { items, last } = pageOf(rest, limit);
      return {
        resourcePolicies: items,
        ...(last && { nextToken: writeToken("DescribeResourcePolicies", last.policyName) }),
      };
    },

    async DeleteResourcePolicy({ policyName = "" }) {
      if (!(await policies.remove(policyName))) {
        fail("ResourceNotFoundException", `Policy with name [${policyName}] does not exist.`);
      }
      return {};
    },
  } satisfies LogsHandlers;
}
