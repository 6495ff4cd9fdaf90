/**
 * Finds what a path means among templates with parameters: `/pets/{id}`, `/files/{path+}`. A literal part is preferred to a
 * parameter, and that to a greedy one, which takes all that is left; what has nothing for the method is passed over.
 */

/** Any method. */
export const ANY = "ANY";

export interface PathMatch<T> {
  readonly value: T;
  /** As they stand in the path. */
  readonly parameters: Readonly<Record<string, string>>;
}

interface Leaf<T> {
  /** Names of the parameters on the way, in order. Templates that differ only in these share the nodes. */
  readonly names: readonly string[];
  readonly value: T;
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  parameter?: Node<T>;
  readonly methods: Map<string, Leaf<T>>;
  /** By method, of a greedy parameter that begins here. */
  readonly greedy: Map<string, Leaf<T>>;
}

const newNode = <T>(): Node<T> => ({ literals: new Map(), methods: new Map(), greedy: new Map() });

export class PathTree<T> {
  readonly #root = newNode<T>();

  /** @param template begins with a slash @param method or ANY */
  add(method: string, template: string, value: T): void {
    const names: string[] = [];
    let node = this.#root;
    for (const segment of segmentsOf(template)) {
      const [, name, plus] = /^\{([^{}+]+)(\+?)\}$/.exec(segment) ?? [];
      if (name === undefined) {
        const next: Node<T> = node.literals.get(segment) ?? newNode();
        node.literals.set(segment, next);
        node = next;
        continue;
      }
      names.push(name);
      if (plus === "+") {
        node.greedy.set(method, { names, value });
        return;
      }
      node.parameter ??= newNode();
      node = node.parameter;
    }
    node.methods.set(method, { names, value });
  }

  /** @param path begins with a slash */
  find(method: string, path: string): PathMatch<T> | undefined {
    return search(this.#root, segmentsOf(path), 0, method, []);
  }

  /** Is there anything at this path, for any method? */
  has(path: string): boolean {
    return search(this.#root, segmentsOf(path), 0, undefined, []) !== undefined;
  }
}

const segmentsOf = (path: string): string[] => path.slice(1).split("/");

/** Each node is tried at most once for each way to reach it, and templates have few parameters. */
function search<T>(
  node: Node<T>,
  segments: readonly string[],
  at: number,
  method: string | undefined,
  values: readonly string[],
): PathMatch<T> | undefined {
  const segment = segments[at];
  if (segment === undefined) return matched(leafOf(node.methods, method), values);
  const literal = node.literals.get(segment);
  const byLiteral = literal && search(literal, segments, at + 1, method, values);
  if (byLiteral) return byLiteral;
  if (segment !== "" && node.parameter) {
    const byParameter = search(node.parameter, segments, at + 1, method, [...values, segment]);
    if (byParameter) return byParameter;
  }
  const rest = segments.slice(at).join("/");
  return rest === "" ? undefined : matched(leafOf(node.greedy, method), [...values, rest]);
}

function leafOf<T>(leaves: ReadonlyMap<string, Leaf<T>>, method: string | undefined): Leaf<T> | undefined {
  if (method === undefined) return leaves.values().next().value;
  return leaves.get(method) ?? leaves.get(ANY);
}

function matched<T>(leaf: Leaf<T> | undefined, values: readonly string[]): PathMatch<T> | undefined {
  if (!leaf) return undefined;
  const entries = leaf.names.map((name, index) => [name, values[index] ?? ""] as const);
  return { value: leaf.value, parameters: Object.fromEntries(entries) };
}
