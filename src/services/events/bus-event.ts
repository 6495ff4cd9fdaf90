/** An event on a bus: from an entry of PutEvents or from another bus, and as the JSON that rules match and targets get. */
import { type JsonNode, readJson } from "../../functions/positioned-json.ts";

export interface BusEvent {
  readonly id: string;
  readonly detailType: string;
  readonly source: string;
  readonly account: string;
  /** e.g. 2020-04-28T07:20:20Z */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  /** JSON, as it came. */
  readonly detail: string;
  /** When it is sent again. */
  readonly replayName?: string;
  /** It has come over another bus, and goes on to no third. */
  readonly isForwarded?: boolean;
  /** X-Ray header. */
  readonly traceId: string;
}

/** @param ms unix ms */
export function eventTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** The event as everybody sees it. */
export function eventJson(event: BusEvent): string {
  const { id, detailType, source, account, time, region, resources, replayName } = event;
  const head = {
    version: "0",
    id,
    "detail-type": detailType,
    source,
    account,
    time,
    region,
    resources,
    ...(replayName !== undefined && { "replay-name": replayName }),
  };
  return `${JSON.stringify(head).slice(0, -1)},"detail":${event.detail}}`;
}

/** What was delivered to a bus: one entry as JSON, with an id when it comes from another bus. */
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
