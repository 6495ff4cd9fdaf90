/** The paths by which rules pick a part of an event: `$`, `$.detail.items[0]`, `$.detail['a-b']`. */
import type { JsonNode } from "../../functions/positioned-json.ts";

export type JsonPath = readonly (string | number)[];

const STEP = /\.([^.[\]"'*?@() ]+)|\[(\d{1,9})\]|\['([^']*)'\]|\["([^"]*)"\]/y;

/** @returns undefined when it is no such path */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (!text.startsWith("$")) return undefined;
  const steps: (string | number)[] = [];
  let at = 1;
  while (at < text.length) {
    STEP.lastIndex = at;
    const found = STEP.exec(text);
    if (!found) return undefined;
    const [whole, name, index, single, double] = found;
    steps.push(index === undefined ? (name ?? single ?? double ?? "") : Number(index));
    at += whole.length;
  }
  return steps;
}

export function selectJson(root: JsonNode, path: JsonPath): JsonNode | undefined {
  let node: JsonNode | undefined = root;
  for (const step of path) {
    if (node?.kind === "object") node = node.members.findLast(({ name }) => name === String(step))?.value;
    else if (node?.kind === "array" && typeof step === "number") node = node.items[step];
    else return undefined;
  }
  return node;
}
