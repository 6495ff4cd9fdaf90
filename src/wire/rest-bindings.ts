/** What the REST protocols have in common: members that travel in path, query, headers and status, not in the body. */
import { Readable } from "node:stream";
import { asBuffer } from "./json-codec.ts";
import type { Members } from "./protocol.ts";
import type { WireRequest } from "./service.ts";
import type { Member, Shape } from "./shape.ts";
import { readText, serializationError } from "./strict.ts";

export interface RequestParts {
  /** Label → segments, still percent-encoded. */
  readonly labels: ReadonlyMap<string, string> | undefined;
  readonly query: ReadonlyMap<string, readonly string[]>;
  readonly headers: WireRequest["headers"];
}

/** Reads into `input` the members that do not travel in the body. @returns the others @throws ServiceError SerializationException */
export function readBound(members: readonly Member[], parts: RequestParts, input: Members): Member[] {
  const others: Member[] = [];
  for (const member of members) {
    const { httpLabel, httpQuery, httpHeader } = member.traits;
    const { name, target } = member;
    if (httpLabel) input[name] = readText(target, decodeLabel(parts.labels?.get(name) ?? ""));
    else if (httpQuery !== undefined) assign(input, name, readQuery(target, parts.query.get(httpQuery)));
    else if (httpHeader !== undefined) assign(input, name, readHeader(target, parts.headers, httpHeader));
    else others.push(member);
  }
  return others;
}

export function assign(input: Members, name: string, value: unknown): void {
  if (value !== undefined) input[name] = value;
}

/** Of repeated parameters the first counts, unless the member is a list. */
function readQuery(shape: Shape, values: readonly string[] | undefined): unknown {
  const [first] = values ?? [];
  if (values === undefined || first === undefined) return undefined;
  return shape.type === "list" ? values.map((value) => readText(shape.value, value)) : readText(shape, first);
}

function readHeader(shape: Shape, headers: WireRequest["headers"], name: string): unknown {
  const text = headers[name.toLowerCase()];
  if (text === undefined) return undefined;
  if (shape.type !== "list") return readText(shape, text);
  return text.split(",").map((item) => readText(shape.value, item.trim()));
}

function decodeLabel(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw serializationError("The request URI is not correctly percent-encoded", cause);
  }
}

/** Status and headers that members are bound to. */
export function writeBound(members: readonly Member[], output: Members, defaultStatus: number) {
  const headers: Record<string, string> = {};
  let status = defaultStatus;
  for (const { name, traits, target } of members) {
    const value = output[name];
    if (value === undefined || value === null) continue;
    if (traits.httpResponseCode) status = value as number;
    else if (traits.httpHeader !== undefined) headers[traits.httpHeader.toLowerCase()] = writeHeader(target, value);
  }
  return { status, headers };
}

function writeHeader(shape: Shape, value: unknown): string {
  if (shape.type === "list") return (value as unknown[]).map((item) => writeHeader(shape.value, item)).join(", ");
  if (!(value instanceof Date)) return String(value);
  return shape.format === "date-time" ? value.toISOString() : value.toUTCString();
}

/** A payload that is no structure: bytes, text, or a stream of bytes. */
export function writeBytes(value: unknown): Buffer | Readable {
  return value instanceof Readable ? value : asBuffer(value as Uint8Array | string);
}
