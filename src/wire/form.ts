/**
 * The body of a query protocol: a form whose dotted names make a tree (`Entries.member.1.Id=a`), read as the model says.
 * Trees are Maps, never objects: names are the caller's, and one may be `__proto__`.
 */
import { isUtf8 } from "node:buffer";
import type { Members } from "./protocol.ts";
import { parseQuery } from "./query.ts";
import type { Shape, Traits } from "./shape.ts";
import { readText, serializationError } from "./strict.ts";

/** A batch of ten messages with ten attributes each has a few hundred. */
const MAX_PARAMETERS = 10_000;
/** Dots in a name; no shape of AWS's query services is nearly as deep. */
const MAX_DEPTH = 32;

export interface FormNode {
  value?: string;
  readonly children: Map<string, FormNode>;
}

/** @throws ServiceError SerializationException */
export function parseForm(text: Buffer | string): FormNode {
  if (typeof text !== "string" && !isUtf8(text)) throw serializationError("The request body is not valid UTF-8");
  const root: FormNode = { children: new Map() };
  for (const [name, values] of parseQuery(text.toString(), MAX_PARAMETERS)) {
    const parts = name.split(".", MAX_DEPTH + 1);
    if (parts.length > MAX_DEPTH) throw serializationError("The request is nested too deeply");
    let node = root;
    for (const part of parts) {
      let child = node.children.get(part);
      if (child === undefined) {
        child = { children: new Map() };
        node.children.set(part, child);
      }
      node = child;
    }
    node.value = values[0] ?? "";
  }
  return root;
}

/** @throws ServiceError SerializationException for text that is not of the model's type */
export function readForm(shape: Shape, node: FormNode): Members {
  const result: Members = {};
  for (const { name, target, traits } of shape.members) {
    const child = node.children.get(traits.xmlName ?? name);
    const value = child && readNode(target, traits, child);
    if (value !== undefined) result[name] = value;
  }
  return result;
}

function readNode(shape: Shape, traits: Traits, node: FormNode): unknown {
  switch (shape.type) {
    case "structure":
    case "union":
      return node.children.size === 0 ? undefined : readForm(shape, node);
    case "list":
      return readList(shape, isFlat(shape, traits) ? node : node.children.get(shape.valueTraits.xmlName ?? "member"));
    case "map":
      return readMap(shape, isFlat(shape, traits) ? node : node.children.get("entry"));
    default:
      return node.value === undefined ? undefined : readText(shape, node.value);
  }
}

function isFlat(shape: Shape, traits: Traits): boolean {
  return traits.xmlFlattened === 1 || shape.traits.xmlFlattened === 1;
}

/** An empty list is a name without a number: `Names=`. */
function readList(shape: Shape, node: FormNode | undefined): unknown[] {
  return node === undefined ? [] : numbered(node).map((item) => readNode(shape.value, shape.valueTraits, item) ?? null);
}

function readMap(shape: Shape, node: FormNode | undefined): Members | undefined {
  if (node === undefined) return undefined;
  const result: Members = Object.create(null);
  for (const { children } of numbered(node)) {
    const key = children.get(shape.keyTraits.xmlName ?? "key")?.value;
    const value = children.get(shape.valueTraits.xmlName ?? "value");
    if (key === undefined) throw serializationError("A map entry has no key");
    result[key] = value === undefined ? null : (readNode(shape.value, shape.valueTraits, value) ?? null);
  }
  return result;
}

/** The children whose names are numbers, in their order: numbers may be left out, but count from one. */
function numbered({ children }: FormNode): FormNode[] {
  return [...children]
    .filter(([name]) => /^[1-9]\d{0,8}$/.test(name))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, node]) => node);
}
