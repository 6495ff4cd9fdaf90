/**
 * Where APIs are served: by a host name of their own, `<api-id>.execute-api.<region>.localhost` (or AWS's, or one below the
 * configured host names), or by a path of the region, `/_apis/<api-id>/`, for clients that cannot resolve such names.
 * Reads and writes addresses; knows nothing of which APIs exist.
 */
import type { Place } from "../../../functions/function-name.ts";

export interface ApiAddress {
  readonly apiId: string;
  /** As events tell it: the host name, without port. */
  readonly domainName: string;
  readonly by: "host" | "path";
  /** Raw, with the stage, below whatever names the API. */
  readonly path: string;
}

const API_PATH = "/_apis/";
const HOST = /^([a-z0-9]+)\.execute-api\.(.+)$/;
/** As tools know it that were made for other stand-ins of AWS. */
const USER_REQUEST = /^\/restapis\/([a-z0-9]+)\/([^/]+)\/_user_request_(\/.*)?$/;
const AWS_PATH = /^\/_aws\/execute-api\/([a-z0-9]+)(\/.*)?$/;
const SUFFIXES: readonly string[] = ["localhost", "amazonaws.com", "amazonaws.com.cn", "localhost.localstack.cloud"];

/** @param host lower case, without port @param hostNames under which the region is reached besides */
export function apiOfHost(host: string, place: Place, hostNames: readonly string[]): string | undefined {
  // Says no at once to nearly all hosts that are none.
  if (!host.includes(".execute-api.")) return undefined;
  const [, apiId, rest] = HOST.exec(host) ?? [];
  if (apiId === undefined || rest === undefined) return undefined;
  const suffix = rest.startsWith(`${place.region}.`) ? rest.slice(place.region.length + 1) : rest;
  return SUFFIXES.includes(suffix) || hostNames.includes(suffix) ? apiId : undefined;
}

export const domainNameOf = (apiId: string, { region }: Place): string => `${apiId}.execute-api.${region}.localhost`;

export function apiOfPath(path: string, place: Place): ApiAddress | undefined {
  const at = (apiId: string, rest: string): ApiAddress => ({
    apiId,
    domainName: domainNameOf(apiId, place),
    by: "path",
    path: rest === "" ? "/" : rest,
  });
  if (path.startsWith(API_PATH)) {
    const slash = path.indexOf("/", API_PATH.length);
    const end = slash < 0 ? path.length : slash;
    return at(path.slice(API_PATH.length, end), path.slice(end));
  }
  const [, restApi, stage, rest = ""] = (path.startsWith("/restapis/") && USER_REQUEST.exec(path)) || [];
  if (restApi !== undefined) return at(restApi, `/${stage}${rest}`);
  const [, apiId, below = ""] = (path.startsWith("/_aws/") && AWS_PATH.exec(path)) || [];
  return apiId === undefined ? undefined : at(apiId, below);
}

/**
 * The API's URL as whoever reached the region at this endpoint can use it. A name below localhost always means the caller's
 * own machine; from elsewhere only the path is sure to work.
 * @param endpoint http://host:port
 */
export function apiUrlAt(endpoint: string, place: Place, apiId: string, scheme: "http" | "ws" = "http"): string {
  const { protocol, hostname, port, host } = new URL(endpoint);
  const isSecure = protocol === "https:";
  const written = `${scheme}${isSecure ? "s" : ""}`;
  const isHere = hostname === "localhost" || hostname.endsWith(".localhost") || /^(127\.|\[::1\])/.test(hostname);
  if (!isHere) return `${written}://${host}${API_PATH}${apiId}`;
  return `${written}://${domainNameOf(apiId, place)}${port === "" ? "" : `:${port}`}`;
}
