/**
 * ListTags, TagResource and UntagResource, for every kind of resource that can have tags: who keeps such a resource says
 * how its tags are read and changed (TaggedResource) and stands in the table below.
 */

import { capacityProviderTags } from "./capacity-providers.ts";
import { codeSigningConfigTags } from "./code-signing-configs.ts";
import { eventSourceMappingTags } from "./event-source-mappings.ts";

import { checkTags } from "./function-rules.ts";
import { functionNotFound, functionTarget } from "./function-target.ts";
import type { CallContext, LambdaHandlers, ManagementContext } from "./lambda-api.ts";
import type { FindTagged, TaggedResource } from "./tagged-resource.ts";

/** By the kind of resource, the sixth part of its ARN. */
const KINDS: Readonly<Record<string, FindTagged>> = {
  function: functionTags,
  "code-signing-config": codeSigningConfigTags,
  "event-source-mapping": eventSourceMappingTags,
  "capacity-provider": capacityProviderTags,
};

export function tagHandlers(management: ManagementContext) {
  const { fail } = management;

  function find(context: CallContext, operation: string, arn: string): TaggedResource {
    const kind = arn.split(":")[5] ?? "";
    const found = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
    if (found) return found(management, context, operation, arn);
    return fail("ResourceNotFoundException", "The resource you requested does not exist.");
  }

  return {
    async ListTags(input, context) {
      const resource = find(context, "ListTags", input.Resource);
      return { Tags: (await resource.read()) ?? resource.notFound() };
    },

    async TagResource(input, context) {
      const resource = find(context, "TagResource", input.Resource);
      if (Object.keys(input.Tags).length === 0) {
        fail("InvalidParameterValueException", "An error occurred and the request cannot be processed.");
      }
      const tags = await resource.change((before) => {
        const merged = { ...before, ...input.Tags };
        checkTags(fail, merged);
        return merged;
      });
      if (!tags) resource.notFound();
      return {};
    },

    async UntagResource(input, context) {
      const resource = find(context, "UntagResource", input.Resource);
      const removed = new Set(input.TagKeys);
      const tags = await resource.change((before) =>
        Object.fromEntries(Object.entries(before).filter(([key]) => !removed.has(key))),
      );
      if (!tags) resource.notFound();
      return {};
    },
  } satisfies LambdaHandlers;
}

function functionTags(
  { catalog, fail }: ManagementContext,
  context: CallContext,
  operation: string,
  arn: string,
): TaggedResource {
  const target = functionTarget(fail, context, operation, arn);
  if (target.qualifier !== undefined) {
    fail(
      "InvalidParameterValueException",
      "Tags on function aliases and versions are not supported. Please specify a function ARN.",
    );
  }
  return {
    read: () => catalog.tags(target.name),
    change: (decide) => catalog.changeTags(target.name, decide),
    notFound: () => functionNotFound(fail, target),
  };
}
