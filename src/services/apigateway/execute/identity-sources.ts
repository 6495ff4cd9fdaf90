/** Where authorizers find who calls: expressions over a request, written differently by each kind of API. */
import { type ApiRequest, headerValues, type Matched } from "./api-request.ts";

/** `$request.header.X`, `method.request.header.X`, `route.request.header.X` and their like. */
const SOURCE =
  /^(?:\$|method\.|route\.)?(?:request\.(?:(header|multivalueheader|querystring|multivaluequerystring|path)\.)|(context|stageVariables)\.)(.+)$/;

/** @returns the value, or undefined when there is none or it is empty */
export function identityValue(source: string, request: ApiRequest, matched: Matched): string | undefined {
  const [, from, other, name = ""] = SOURCE.exec(source.trim()) ?? [];
  const value = sourceValue(from ?? other, name, request, matched);
  return value === "" ? undefined : value;
}

function sourceValue(
  from: string | undefined,
  name: string,
  request: ApiRequest,
  matched: Matched,
): string | undefined {
  const { head, stageVariables } = request;
  switch (from) {
    case "header":
      return headerValues(head, name.toLowerCase()).at(-1);
    case "multivalueheader":
      return headerValues(head, name.toLowerCase()).join(",");
    case "querystring":
      return new URLSearchParams(head.query).getAll(name).at(-1);
    case "multivaluequerystring":
      return new URLSearchParams(head.query).getAll(name).join(",");
    case "path":
      return own(matched.pathParameters, name);
    case "stageVariables":
      return stageVariables && own(stageVariables, name);
    case "context":
      return own(contextOf(request, matched), name);
    default:
      return undefined;
  }
}

const own = (values: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;

function contextOf(
  { head, apiId, stage, place, domainName, token }: ApiRequest,
  matched: Matched,
): Record<string, string> {
  return {
    accountId: place.accountId,
    apiId,
    domainName,
    domainPrefix: domainName.split(".", 1)[0] ?? "",
    httpMethod: head.method,
    path: head.path,
    protocol: head.protocol,
    requestId: token,
    resourcePath: matched.resourcePath,
    routeKey: matched.routeKey,
    stage,
    "http.method": head.method,
    "http.path": head.path,
    "http.sourceIp": head.sourceIp,
    "http.userAgent": head.headers["user-agent"] ?? "",
    "identity.sourceIp": head.sourceIp,
    "identity.userAgent": head.headers["user-agent"] ?? "",
  };
}
