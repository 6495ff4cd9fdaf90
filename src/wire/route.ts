/**
 * Which operation a REST request means: by method, path and static query, the most specific binding first. Paths are
 * compared still percent-encoded, segment by segment, so that an encoded slash never splits one.
 */
import type { Operation, ServiceModel } from "./model.ts";
import type { RequestHead } from "./protocol.ts";

/** A literal of the path, or the name of the label that stands there; a greedy one takes all segments to the end. */
type Segment = { readonly literal: string } | { readonly label: string; readonly isGreedy: boolean };

interface Route {
  readonly operation: Operation;
  readonly method: string;
  readonly segments: readonly Segment[];
  /** Its last segment is a greedy label. */
  readonly isGreedy: boolean;
  /** Query parameters that the URI itself carries, e.g. `List=ALL`. */
  readonly staticQuery: readonly (readonly [string, string])[];
  /** Wire names of the required query parameters: they tell two operations on one path apart. */
  readonly requiredQuery: readonly string[];
}

export interface RestMatch {
  readonly operation: Operation;
  /** Label → segment, still percent-encoded. */
  readonly labels: ReadonlyMap<string, string>;
}

export type RestMiss = "unknown-path" | "unknown-method";

export class RestRouter {
  /** By number of segments: the first thing that tells paths apart. */
  readonly #routes = new Map<number, Route[]>();
  /** Those of any length. */
  readonly #greedy: Route[] = [];

  constructor(model: ServiceModel) {
    for (const operation of model.operations.values()) {
      const route = toRoute(operation);
      if (route.isGreedy) {
        this.#greedy.push(route);
        continue;
      }
      const sameLength = this.#routes.get(route.segments.length) ?? [];
      this.#routes.set(route.segments.length, [...sameLength, route].sort(bySpecificity));
    }
    this.#greedy.sort(bySpecificity);
  }

  /** Never throws, whatever the path holds. */
  match({ method, path, query }: Pick<RequestHead, "method" | "path" | "query">): RestMatch | RestMiss {
    const segments = splitPath(path);
    if (segments === undefined) return "unknown-path";
    const ofLength = [...(this.#routes.get(segments.length) ?? []), ...this.#greedy];
    const onPath = ofLength.filter((route) => fits(route, segments));
    if (onPath.length === 0) return "unknown-path";
    const candidates = onPath.filter((route) => route.method === method && hasStaticQuery(route, query));
    const route = candidates.find((candidate) => hasRequiredQuery(candidate, query)) ?? candidates[0];
    if (route === undefined) return "unknown-method";
    return { operation: route.operation, labels: labelsOf(route, segments) };
  }
}

/** One trailing slash means nothing: older CLIs and SDKs send `/functions/`, newer ones `/functions`. */
function splitPath(path: string): string[] | undefined {
  if (!path.startsWith("/")) return undefined;
  const trimmed = path.length > 1 && path.endsWith("/") ? path.slice(1, -1) : path.slice(1);
  const segments = trimmed.split("/");
  // An empty or dot segment is somebody's path trick, never a name: no function is called "..".
  return segments.some((segment) => segment === "" || isDots(segment)) ? undefined : segments;
}

function isDots(segment: string): boolean {
  return segment.length <= 6 && /^(?:\.|%2e){1,2}$/i.test(segment);
}

function fits(route: Route, segments: readonly string[]): boolean {
  if (route.isGreedy && segments.length < route.segments.length) return false;
  return route.segments.every((segment, i) => !("literal" in segment) || segment.literal === segments[i]);
}

function labelsOf(route: Route, segments: readonly string[]): Map<string, string> {
  const labels = new Map<string, string>();
  route.segments.forEach((segment, i) => {
    if (!("label" in segment)) return;
    labels.set(segment.label, segment.isGreedy ? segments.slice(i).join("/") : (segments[i] ?? ""));
  });
  return labels;
}

function hasStaticQuery(route: Route, query: string): boolean {
  return route.staticQuery.every(([name, value]) => query.split("&").includes(`${name}=${value}`));
}

function hasRequiredQuery(route: Route, query: string): boolean {
  return route.requiredQuery.every((name) => query.split("&").some((pair) => pair.startsWith(`${name}=`)));
}

function toRoute(operation: Operation): Route {
  if (operation.http === undefined) throw new Error(`${operation.name} has no HTTP binding`);
  const [method, uri] = operation.http;
  const [path = "", staticQuery = ""] = uri.split("?");
  const segments = path.slice(1).split("/").map(toSegment);
  const isGreedy = segments.some((segment) => "label" in segment && segment.isGreedy);
  const pairs = staticQuery === "" ? [] : staticQuery.split("&").map((pair) => pair.split("=") as [string, string]);
  const requiredQuery = operation.input.members.flatMap(({ required, traits }) =>
    required && traits.httpQuery !== undefined ? [traits.httpQuery] : [],
  );
  return { operation, method, segments, isGreedy, staticQuery: pairs, requiredQuery };
}

function toSegment(text: string): Segment {
  if (!text.startsWith("{")) return { literal: text };
  const isGreedy = text.endsWith("+}");
  return { label: text.slice(1, isGreedy ? -2 : -1), isGreedy };
}

/** Literal segments count most, then static query, then required query. */
function bySpecificity(a: Route, b: Route): number {
  return weight(b) - weight(a);
}

function weight({ segments, staticQuery, requiredQuery }: Route): number {
  const literals = segments.filter((segment) => "literal" in segment).length;
  return literals * 10_000 + staticQuery.length * 100 + requiredQuery.length;
}
