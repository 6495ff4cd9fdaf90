/** The tree of resources of a REST API. */
import type { Handlers } from "../../../wire/handlers.ts";
import { newPartId } from "../api-ids.ts";
import { patched } from "./patch.ts";
import type { RestApis } from "./rest-apis.ts";
import { type ApiGatewayV1, KINDS, type Resource } from "./shapes.ts";

const PART = /^(\{[a-zA-Z0-9._-]+\+?\}|[a-zA-Z0-9._\-:~$,;%]+)$/;

export function resourceOperations(apis: RestApis) {
  const { fail } = apis;
  const { records } = apis.control;

  return {
    CreateResource: ({ restApiId, parentId, pathPart }) =>
      apis.putResource(restApiId, below(restApiId, parentId, pathPart)),
    GetResource: ({ restApiId, resourceId, embed }) => told(apis.resource(restApiId, resourceId), embed),
    GetResources: ({ restApiId, embed, ...paging }) => {
      apis.get(restApiId);
      const page = apis.page(apis.resources(restApiId), paging);
      return { ...page, items: page.items.map((resource) => told(resource, embed)) };
    },
    UpdateResource: ({ restApiId, resourceId, patchOperations }) => {
      const before = apis.resource(restApiId, resourceId);
      const { pathPart, parentId } = patched(before, patchOperations, { members: ["pathPart", "parentId"] }, fail);
      if (before.parentId === undefined) fail("BadRequestException", "Root resource cannot be updated");
      return records.change(() => {
        const moved = below(restApiId, String(parentId), String(pathPart), before);
        // Those below it move along.
        const prefix = `${before.path}/`;
        for (const other of apis.resources(restApiId)) {
          if (other.path?.startsWith(prefix)) {
            apis.putResource(restApiId, { ...other, path: `${moved.path}/${other.path.slice(prefix.length)}` });
          }
        }
        return apis.putResource(restApiId, moved);
      });
    },
    DeleteResource: ({ restApiId, resourceId }) => {
      const { path, parentId } = apis.resource(restApiId, resourceId);
      if (parentId === undefined) fail("BadRequestException", "Root resource cannot be deleted");
      records.change(() => {
        for (const { id, path: other = "" } of apis.resources(restApiId)) {
          if (id === resourceId || other.startsWith(`${path}/`)) records.delete(restApiId, KINDS.resource, String(id));
        }
      });
      return {};
    },
  } satisfies Handlers<ApiGatewayV1>;

  function below(restApiId: string, parentId: string, pathPart: string, before?: Resource): Resource {
    const parent = apis.resource(restApiId, parentId);
    if (!PART.test(pathPart)) {
      fail(
        "BadRequestException",
        "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
      );
    }
    if (parent.pathPart?.endsWith("+}")) {
      fail("BadRequestException", `Cannot create a child of a resource with a greedy path variable: ${parent.path}`);
    }
    const siblings = apis.resources(restApiId).filter((one) => one.parentId === parentId && one.id !== before?.id);
    if (siblings.some((one) => one.pathPart === pathPart)) {
      fail("ConflictException", `Another resource with the same parent already has this name: ${pathPart}`);
    }
    const isVariable = (part = ""): boolean => part.startsWith("{");
    const variable = siblings.find((one) => isVariable(one.pathPart) && isGreedy(one.pathPart) === isGreedy(pathPart));
    if (isVariable(pathPart) && variable) {
      fail(
        "BadRequestException",
        `A sibling (${variable.pathPart}) of this resource already has a variable path part -- only one is allowed`,
      );
    }
    const path = parent.path === "/" ? `/${pathPart}` : `${parent.path}/${pathPart}`;
    return { ...before, id: before?.id ?? newPartId(6), parentId, pathPart, path };
  }
}

const isGreedy = (part = ""): boolean => part.endsWith("+}");

/** Methods in full only where they are asked for. */
function told(resource: Resource, embed: readonly string[] | undefined): Resource {
  const { resourceMethods, ...rest } = resource;
  if (!resourceMethods || Object.keys(resourceMethods).length === 0) return rest;
  if (embed?.includes("methods")) return resource;
  return { ...rest, resourceMethods: Object.fromEntries(Object.keys(resourceMethods).map((name) => [name, {}])) };
}
