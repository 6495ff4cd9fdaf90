/** A request to a stage of an API, as everything that decides about it or tells a function of it sees it. */
import type { Place } from "../../../functions/function-name.ts";
import { partitionOf } from "../../../functions/function-name.ts";
import type { SurfaceHead } from "../../../wire/http-surface.ts";
import { newRequestToken } from "../api-ids.ts";
import type { ApiAddress } from "./address.ts";

export interface ApiRequest {
  readonly head: SurfaceHead;
  readonly place: Place;
  readonly apiId: string;
  readonly stage: string;
  readonly stageVariables: Readonly<Record<string, string>> | undefined;
  readonly domainName: string;
  /** Raw, below the API, with the stage if the caller wrote it. */
  readonly fullPath: string;
  /** Raw, below the stage. */
  readonly path: string;
  /** As AWS names requests: 16 characters of base64. */
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
}

/** Which part of an API answers. */
export interface Matched {
  /** `GET /pets/{id}`, `$default` */
  readonly routeKey: string;
  /** `/pets/{id}`, or `$default` */
  readonly resourcePath: string;
  /** Decoded. Empty when the template has none. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

export function apiRequest(
  head: SurfaceHead,
  address: ApiAddress,
  stage: {
    readonly name: string;
    readonly variables?: Readonly<Record<string, string>> | undefined;
    readonly path: string;
  },
  place: Place,
  timeMs: number,
): ApiRequest {
  const { variables } = stage;
  return {
    head,
    place,
    apiId: address.apiId,
    stage: stage.name,
    stageVariables: variables && Object.keys(variables).length > 0 ? variables : undefined,
    domainName: address.domainName,
    fullPath: address.path,
    path: stage.path,
    token: newRequestToken(),
    timeMs,
  };
}

/** What a function's policy and IAM are asked about. @param resource e.g. `GET/pets/{id}` */
export function executeArn(
  { place, apiId, stage }: Pick<ApiRequest, "place" | "apiId" | "stage">,
  resource: string,
): string {
  const { region, accountId } = place;
  return `arn:${partitionOf(region)}:execute-api:${region}:${accountId}:${apiId}/${stage}/${resource}`;
}

export function authorizerArn({ region, accountId }: Place, apiId: string, authorizerId: string): string {
  return `arn:${partitionOf(region)}:execute-api:${region}:${accountId}:${apiId}/authorizers/${authorizerId}`;
}

/** The first part of a path, and what is below it: `/prod/pets` is `prod` and `/pets`. */
export function splitStage(path: string): { readonly stage: string; readonly path: string } {
  const slash = path.indexOf("/", 1);
  if (slash < 0) return { stage: path.slice(1), path: "/" };
  return { stage: path.slice(1, slash), path: path.slice(slash) };
}

/** @returns undefined for percent signs that stand for nothing */
export function decodedPath(path: string): string | undefined {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** The values of a header, in order. @param name lower case */
export function headerValues({ rawHeaders }: SurfaceHead, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) values.push(rawHeaders[i + 1] as string);
  }
  return values;
}
