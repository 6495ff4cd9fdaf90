/** PutFunctionConcurrency, GetFunctionConcurrency and DeleteFunctionConcurrency. Rules and texts: contract/06 §1. */
import { claimOf, totalOf } from "./account-concurrency.ts";
import { functionNotFound, unqualifiedTarget } from "./function-target.ts";
import type { LambdaHandlers, ManagementContext } from "./lambda-api.ts";

export function reservedConcurrencyHandlers({ account, catalog, concurrency, fail }: ManagementContext) {
  return {
    async PutFunctionConcurrency(input, context) {
      const target = unqualifiedTarget(fail, context, "PutFunctionConcurrency", input.FunctionName);
      const executions = input.ReservedConcurrentExecutions;
      await account.change(async (claims) => {
        if (!(await catalog.describe(target.name))) functionNotFound(fail, target);
        const before = claims.of(target.name);
        const provisioned = totalOf(before.provisioned);
        if (executions < provisioned) {
          fail(
            "InvalidParameterValueException",
            ` ReservedConcurrentExecutions  ${executions} should not be lower than function's total provisioned concurrency [${provisioned}].`,
          );
        }
        const left = claims.unreserved(target.name) - executions;
        if (executions > claimOf(before) && left < account.unreservedMinimum) {
          fail(
            "InvalidParameterValueException",
            `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${account.unreservedMinimum}].`,
          );
        }
        const changed = await account.reserved.change(target.name, "$LATEST", () => ({ executions }));
        if (!changed) functionNotFound(fail, target);
      });
      await concurrency.apply(target.name);
      return { ReservedConcurrentExecutions: executions };
    },

    async GetFunctionConcurrency(input, context) {
      const target = unqualifiedTarget(fail, context, "GetFunctionConcurrency", input.FunctionName);
      const reserved = await account.reserved.get(target.name);
      if (reserved) return { ReservedConcurrentExecutions: reserved.executions };
      if (!(await catalog.describe(target.name))) functionNotFound(fail, target);
      return {};
    },

    async DeleteFunctionConcurrency(input, context) {
      const target = unqualifiedTarget(fail, context, "DeleteFunctionConcurrency", input.FunctionName);
      const changed = await account.inTurn(() => account.reserved.change(target.name, "$LATEST", () => undefined));
      if (!changed) functionNotFound(fail, target);
      await concurrency.apply(target.name);
      return {};
    },
  } satisfies LambdaHandlers;
}
