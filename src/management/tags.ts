/** ListTags, TagResource and UntagResource, for functions: the only resource here that has tags so far. */
import { checkTags } from "./function-rules.ts";
import { type FunctionTarget, functionNotFound, functionTarget } from "./function-target.ts";
import type { CallContext, LambdaHandlers, ManagementContext } from "./lambda-api.ts";

export function tagHandlers({ catalog, fail }: ManagementContext) {
  function taggedFunction(context: CallContext, operation: string, resource: string): FunctionTarget {
    if (!resource.includes(":function:")) {
      return fail("ResourceNotFoundException", "The resource you requested does not exist.");
    }
    const target = functionTarget(fail, context, operation, resource);
    if (target.qualifier === undefined) return target;
    return fail(
      "InvalidParameterValueException",
      "Tags on function aliases and versions are not supported. Please specify a function ARN.",
    );
  }

  return {
    async ListTags(input, context) {
      const target = taggedFunction(context, "ListTags", input.Resource);
      return { Tags: (await catalog.tags(target.name)) ?? functionNotFound(fail, target) };
    },

    async TagResource(input, context) {
      const target = taggedFunction(context, "TagResource", input.Resource);
      if (Object.keys(input.Tags).length === 0) {
        fail("InvalidParameterValueException", "An error occurred and the request cannot be processed.");
      }
      const tags = await catalog.changeTags(target.name, (before) => {
        const merged = { ...before, ...input.Tags };
        checkTags(fail, merged);
        return merged;
      });
      if (!tags) functionNotFound(fail, target);
      return {};
    },

    async UntagResource(input, context) {
      const target = taggedFunction(context, "UntagResource", input.Resource);
      const removed = new Set(input.TagKeys);
      const tags = await catalog.changeTags(target.name, (before) =>
        Object.fromEntries(Object.entries(before).filter(([key]) => !removed.has(key))),
      );
      if (!tags) functionNotFound(fail, target);
      return {};
    },
  } satisfies LambdaHandlers;
}
