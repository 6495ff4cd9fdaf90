/** DeleteFunction: a whole function, or one of its published versions. */
import { functionNotFound, functionTarget } from "./function-target.ts";
import type { LambdaHandlers, ManagementContext } from "./lambda-api.ts";

export function deleteFunctionHandlers({ catalog, fail }: ManagementContext) {
  return {
    async DeleteFunction(input, context) {
      const target = functionTarget(fail, context, "DeleteFunction", input.FunctionName, input.Qualifier);
      if (target.qualifier === undefined) {
        // AWS takes its time for those that use a capacity provider, and says so; here they are gone at once, too.
        const capacity = (await catalog.describe(target.name))?.capacityProvider;
        if (!(await catalog.deleteFunction(target.name))) functionNotFound(fail, target);
        return { StatusCode: capacity === undefined ? 204 : 202 };
      }
      if (target.qualifier === "$LATEST") {
        fail("InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function.");
      }
      if (!/^\d+$/.test(target.qualifier) && target.qualifier !== "$LATEST.PUBLISHED") {
        fail("InvalidParameterValueException", "Deletion of aliases is not currently supported.");
      }
      const deletion = await catalog.deleteVersion(target.name, target.qualifier);
      if (deletion.kind === "missing") functionNotFound(fail, target);
      if (deletion.kind === "in use") {
        fail(
          "ResourceConflictException",
          `Unable to delete version because the following aliases reference it: [${deletion.aliases.join(", ")}]`,
        );
      }
      return { StatusCode: 204 };
    },
  } satisfies LambdaHandlers;
}
