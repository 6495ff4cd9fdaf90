/** Where in its text a pattern is wrong, as AWS's parser says it: the place behind what it has looked at so far. */
import { PatternRejection } from "./event-pattern.ts";
import { type JsonNode, placeIn } from "./positioned-json.ts";

/** @param offset behind what was read @throws PatternRejection always */
export function rejectAt(source: string, message: string, offset: number): never {
  throw new PatternRejection(`${message}\n at ${placeIn(source, offset)}`);
}

/** The place when a value was met but not read: of what has an inside only its first character is known. */
export function unread(node: JsonNode): number {
  return node.kind === "number" || node.kind === "literal" ? node.end : node.start + 1;
}
