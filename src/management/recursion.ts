/** GetFunctionRecursionConfig and PutFunctionRecursionConfig: what happens when a function calls itself in a circle. */
import { type FunctionTarget, functionNotFound, unqualifiedTarget } from "./function-target.ts";
import type { LambdaHandlers, ManagementContext } from "./lambda-api.ts";

export function recursionHandlers({ catalog, fail }: ManagementContext) {
  const settings = catalog.settings<"Allow" | "Terminate">("recursion");

  async function checkExists(target: FunctionTarget): Promise<void> {
    if (!(await catalog.describe(target.name))) functionNotFound(fail, target);
  }

  return {
    async GetFunctionRecursionConfig(input, context) {
      const target = unqualifiedTarget(fail, context, "GetFunctionRecursionConfig", input.FunctionName);
      await checkExists(target);
      return { RecursiveLoop: (await settings.get(target.name)) ?? "Terminate" };
    },

    async PutFunctionRecursionConfig(input, context) {
      const target = unqualifiedTarget(fail, context, "PutFunctionRecursionConfig", input.FunctionName);
      const wanted = input.RecursiveLoop as "Allow" | "Terminate";
      // Terminate is what holds without a setting.
      const kept = wanted === "Allow" ? wanted : undefined;
      const written = await settings.change(target.name, "$LATEST", () => kept);
      if (!written) return functionNotFound(fail, target);
      return { RecursiveLoop: wanted };
    },
  } satisfies LambdaHandlers;
}
