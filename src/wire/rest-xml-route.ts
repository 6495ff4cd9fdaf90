/**
 * Which operation a request to a service of buckets and keys means: by method, by whether it names a bucket and a key, and
 * by what query parameters and headers it carries. `x-id`, which only some clients send, decides where nothing else does.
 */
import { bucketAddress } from "./bucket-address.ts";
import type { Operation, ServiceModel } from "./model.ts";
import type { RequestHead } from "./protocol.ts";

type Level = "service" | "bucket" | "object";

interface Route {
  readonly operation: Operation;
  readonly method: string;
  readonly level: Level;
  /** Query parameters that must be there, with a value where only that one will do. */
  readonly query: readonly (readonly [name: string, value: string | undefined])[];
  readonly headers: readonly string[];
}

export interface BucketMatch {
  readonly operation: Operation;
  /** Label → text, still percent-encoded. */
  readonly labels: ReadonlyMap<string, string>;
}

export class BucketRouter {
  readonly #routes: readonly Route[];

  constructor(model: ServiceModel) {
    const routes = [...model.operations.values()].flatMap(toRoute);
    this.#routes = routes.sort((a, b) => weight(b) - weight(a));
  }

  /** Never throws. @returns undefined when there is no such operation */
  match({ method, path, query, headers }: RequestHead): BucketMatch | undefined {
    const { bucket, key } = bucketAddress(headers.host ?? "", path);
    const level: Level = bucket === undefined ? "service" : key === undefined ? "bucket" : "object";
    const parameters = query.split("&");
    const candidates = this.#routes.filter(
      (route) =>
        route.method === method &&
        route.level === level &&
        route.query.every((wanted) => hasParameter(parameters, wanted)) &&
        route.headers.every((name) => headers[name] !== undefined),
    );
    const [first] = candidates;
    if (first === undefined) return undefined;
    const named = candidates.find(
      (route) => weight(route) === weight(first) && parameters.includes(`x-id=${route.operation.name}`),
    );
    const labels = new Map([
      ["Bucket", bucket ?? ""],
      ["Key", key ?? ""],
    ]);
    return { operation: (named ?? first).operation, labels };
  }
}

function hasParameter(parameters: readonly string[], [name, value]: Route["query"][number]): boolean {
  if (value !== undefined) return parameters.includes(`${name}=${value}`);
  return parameters.some((parameter) => parameter === name || parameter.startsWith(`${name}=`));
}

function toRoute(operation: Operation): Route[] {
  if (operation.http === undefined) throw new Error(`${operation.name} has no HTTP binding`);
  const [method, uri] = operation.http;
  const [path = "", staticQuery = ""] = uri.split("?");
  const { members } = operation.input;
  const hasBucket = members.some(({ name, traits }) => name === "Bucket" && traits.httpLabel);
  const level: Level | undefined =
    path === "/{Key+}" ? "object" : path !== "/" ? undefined : hasBucket ? "bucket" : "service";
  // On hosts of their own, which nobody serves here.
  if (level === undefined) return [];
  const required = members.filter((member) => member.required);
  const query = staticQuery
    .split("&")
    .filter((pair) => pair !== "" && !pair.startsWith("x-id="))
    .map((pair) => pair.split("="))
    .map(([name = "", value]) => [name, value] as const);
  const requiredQuery = required
    .flatMap(({ traits }) => traits.httpQuery ?? [])
    .map((name) => [name, undefined] as const);
  const headers = required.flatMap(({ traits }) => traits.httpHeader?.toLowerCase() ?? []);
  return [{ operation, method, level, query: [...query, ...requiredQuery], headers }];
}

function weight({ query, headers }: Route): number {
  return query.length + headers.length;
}
