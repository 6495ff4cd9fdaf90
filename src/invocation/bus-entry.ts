/** What is delivered to an event bus (targets.ts), read: its detail stays as it is written, numbers of any length too. */
import { type JsonNode, readJson } from "../functions/positioned-json.ts";

/** One entry, with an id when it comes from another bus. */
export interface DeliveredEntry {
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: string;
  readonly time?: string;
  readonly id?: string;
}

/** @returns undefined when it is no entry */
export function parseEntry(text: string): DeliveredEntry | undefined {
  const root = readJson(text);
  if (root?.kind !== "object") return undefined;
  const members = new Map(root.members.map(({ name, value }) => [name, value]));
  const source = textOf(members.get("source"));
  const detailType = textOf(members.get("detail-type"));
  const detail = members.get("detail");
  const resources = members.get("resources");
  if (source === undefined || detailType === undefined || detail?.kind !== "object") return undefined;
  const time = textOf(members.get("time"));
  const id = textOf(members.get("id"));
  return {
    source,
    detailType,
    resources: resources?.kind === "array" ? resources.items.flatMap((item) => textOf(item) ?? []) : [],
    detail: text.slice(detail.start, detail.end),
    ...(time !== undefined && { time }),
    ...(id !== undefined && { id }),
  };
}

const textOf = (node: JsonNode | undefined): string | undefined => (node?.kind === "string" ? node.text : undefined);
