/**
 * Reads XML documents as the model says, and refuses the rest with MalformedXML. The parser is the SDK's, made for a client
 * that trusts its server; types, required elements and enumerations are checked here. Unknown elements are ignored.
 */
import { isUtf8 } from "node:buffer";
import { parseXML } from "@aws-sdk/xml-builder";
import type { Members } from "./protocol.ts";
import { ServiceError } from "./service-error.ts";
import type { Member, Shape, Traits } from "./shape.ts";

const MAX_DEPTH = 64;

export function malformedXml(cause?: unknown): ServiceError {
  return new ServiceError({
    code: "MalformedXML",
    status: 400,
    fault: "client",
    message: "The XML you provided was not well-formed or did not validate against our published schema",
    cause,
  });
}

/** @param root names that the root element may have @throws ServiceError MalformedXML */
export function readXml(shape: Shape, body: Buffer, root: readonly string[]): unknown {
  return readElement(shape, rootOf(body, root), 0);
}

/** Of a structure of which only some members stand in the document. @throws ServiceError MalformedXML */
export function readXmlMembers(members: readonly Member[], body: Buffer, root: readonly string[]): Members {
  return readMembers(members, rootOf(body, root), 0);
}

function rootOf(body: Buffer, root: readonly string[]): unknown {
  if (!isUtf8(body)) throw malformedXml();
  let tree: Members;
  try {
    tree = parseXML(body.toString("utf8")) as Members;
  } catch (cause) {
    throw malformedXml(cause);
  }
  const [name = ""] = Object.keys(tree);
  if (!root.includes(localName(name))) throw malformedXml();
  return tree[name];
}

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);

function readElement(shape: Shape, value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw malformedXml();
  switch (shape.type) {
    case "structure":
    case "union":
      return readMembers(shape.members, value, depth);
    case "list":
      return readItems(shape, value, depth);
    case "map":
    case "document":
      // No service that speaks XML has one in a request.
      throw malformedXml();
    default:
      return readSimple(shape, textOf(value));
  }
}

function readMembers(members: readonly Member[], value: unknown, depth: number): Members {
  const isEmpty = typeof value === "string" && value.trim() === "";
  if (!isEmpty && (typeof value !== "object" || value === null || Array.isArray(value))) throw malformedXml();
  const elements = isEmpty ? {} : (value as Members);
  const result: Members = {};
  for (const { name, traits, target, required } of members) {
    const element = traits.xmlName ?? name;
    if (Object.hasOwn(elements, element)) {
      result[name] = readMember(target, traits, elements[element], depth + 1);
    } else if (required) throw malformedXml();
  }
  return result;
}

function readMember(target: Shape, traits: Traits, value: unknown, depth: number): unknown {
  if (target.type !== "list" || !traits.xmlFlattened) return readElement(target, value, depth);
  return asList(value).map((item) => readElement(target.value, item, depth));
}

function readItems(shape: Shape, value: unknown, depth: number): unknown[] {
  if (typeof value === "string" && value.trim() === "") return [];
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformedXml();
  const element = shape.valueTraits.xmlName ?? "member";
  if (!Object.hasOwn(value, element)) return [];
  return asList((value as Members)[element]).map((item) => readElement(shape.value, item, depth + 1));
}

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** Text of an element, which may have attributes beside it. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformedXml();
  const text = Object.hasOwn(value, "#text") ? (value as Members)["#text"] : "";
  const isPlain = Object.values(value).every((part) => typeof part === "string");
  if (typeof text !== "string" || !isPlain) throw malformedXml();
  return text;
}

function readSimple(shape: Shape, text: string): unknown {
  switch (shape.type) {
    case "string":
      if (shape.enum !== undefined && !shape.enum.includes(text)) throw malformedXml();
      return text;
    case "boolean": {
      const word = text.trim().toLowerCase();
      if (!["true", "false", "1", "0"].includes(word)) throw malformedXml();
      return word === "true" || word === "1";
    }
    case "timestamp": {
      const timeMs = Date.parse(text.trim());
      if (Number.isNaN(timeMs)) throw malformedXml();
      return new Date(timeMs);
    }
    case "blob":
      return Buffer.from(text, "base64");
    default:
      return readNumber(shape, text.trim());
  }
}

function readNumber(shape: Shape, text: string): number {
  const isWhole = shape.type === "integer" || shape.type === "long";
  const number = Number(text);
  const isGood = isWhole ? /^[+-]?\d{1,16}$/.test(text) : /^[+-]?\d{1,40}(?:\.\d{1,40})?$/.test(text);
  if (!isGood || !Number.isFinite(number)) throw malformedXml();
  return number;
}
