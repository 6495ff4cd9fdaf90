/** Which permission of IAM's a request to Lambda's control API needs, seen from its head: the action and its resource. */
import { functionArn, type Place, parseFunctionName } from "../functions/function-name.ts";
import { layerArn, parseLayerName, parseLayerVersionArn } from "../functions/layer-name.ts";
import type { RequestHead } from "./request-head.ts";

export interface Permission {
  /** e.g. `lambda:GetFunction` */
  readonly action: string;
  /** ARN, or `*` when the action is on no resource in particular. */
  readonly resource: string;
}

/** Operations that IAM knows by another's name (service authorization reference). */
const ACTIONS: Readonly<Record<string, string>> = { GetLayerVersionByArn: "GetLayerVersion" };
const ON_NO_RESOURCE: ReadonlySet<string> = new Set(["ListLayers", "ListLayerVersions"]);

/** @param head only its path and query are read */
export function lambdaPermission(
  operation: string,
  head: Pick<RequestHead, "path" | "query">,
  place: Place,
): Permission {
  const action = `lambda:${ACTIONS[operation] ?? operation}`;
  if (ON_NO_RESOURCE.has(operation)) return { action, resource: "*" };
  const [, , family, name = "", , version] = head.path.split("/");
  const query = new URLSearchParams(head.query);
  if (family === "functions") return { action, resource: functionOf(decoded(name), query, place) ?? "*" };
  if (family === "layers") return { action, resource: layerOf(decoded(name), version, query, place) ?? "*" };
  return { action, resource: "*" };
}

/** The function, or the version or alias that path or query name. */
function functionOf(name: string | undefined, query: URLSearchParams, place: Place): string | undefined {
  const reference = name && parseFunctionName(name);
  if (!reference) return undefined;
  return functionArn(place, reference.name, reference.qualifier ?? (query.get("Qualifier") || undefined));
}

/** The layer, or the version that path or query name. */
function layerOf(
  name: string | undefined,
  version: string | undefined,
  query: URLSearchParams,
  place: Place,
): string | undefined {
  const byArn = parseLayerVersionArn(query.get("Arn") ?? "");
  const reference = name ? parseLayerName(name) : byArn;
  const number = name ? version : byArn?.version;
  if (!reference) return undefined;
  const valid = number !== undefined && /^\d{1,15}$/.test(String(number)) ? Number(number) : undefined;
  return layerArn({ ...place, ...reference }, reference.name, valid);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
