/** Holds an answer's JSON against the model: nothing that AWS's model does not know, nothing required missing, no null. */
import type { Shape } from "../../src/wire/shape.ts";

/** @returns what is wrong with the value, as paths with a reason; empty when it is as the model says */
export function shapeFaults(shape: Shape, value: unknown, path = "$"): string[] {
  if (value === null || value === undefined) return [`${path} is ${value}`];
  switch (shape.type) {
    case "structure":
    case "union":
      return structureFaults(shape, value, path);
    case "list":
      if (!Array.isArray(value)) return [`${path} is no list`];
      return value.flatMap((item, index) => shapeFaults(shape.value, item, `${path}[${index}]`));
    case "map":
      if (!isObject(value)) return [`${path} is no map`];
      return Object.entries(value).flatMap(([key, item]) => shapeFaults(shape.value, item, `${path}.${key}`));
    case "boolean":
      return typeof value === "boolean" ? [] : [`${path} is no boolean`];
    case "integer":
    case "long":
      return Number.isSafeInteger(value) ? [] : [`${path} is no whole number`];
    case "float":
    case "double":
      return typeof value === "number" ? [] : [`${path} is no number`];
    case "timestamp":
      return typeof value === (shape.format === "date-time" ? "string" : "number") ? [] : [`${path} is no timestamp`];
    case "string":
      return stringFaults(shape, value, path);
    default:
      return [];
  }
}

function structureFaults(shape: Shape, value: unknown, path: string): string[] {
  if (!isObject(value)) return [`${path} is no object`];
  // Bound to headers and the status line, not to the body.
  const inBody = shape.members.filter(({ traits }) => traits.httpHeader === undefined && !traits.httpResponseCode);
  const known = new Map(inBody.map((member) => [member.jsonName, member]));
  // InvokeAsync repeats its status in the body (contract/03 §1).
  const isStatus = (key: string) =>
    shape.members.some(({ jsonName, traits }) => jsonName === key && traits.httpResponseCode);
  const unknown = Object.keys(value).filter((key) => !known.has(key) && !isStatus(key));
  const missing = inBody.filter((member) => member.required && !(member.jsonName in value));
  return [
    ...unknown.map((key) => `${path}.${key} is not in the model`),
    ...missing.map((member) => `${path}.${member.jsonName} is missing`),
    ...Object.entries(value).flatMap(([key, item]) => {
      // Recorded: AWS answers it, though its own model does not list it (contract/06 §1).
      if (key === "LastUpdateStatusReasonCode" && item === "Creating") return [];
      const member = known.get(key);
      return member ? shapeFaults(member.target, item, `${path}.${key}`) : [];
    }),
  ];
}

/** Recorded from AWS, although its model does not know it: an update is given the reason of a creation (contract/06 §1). */
const RECORDED = /\.LastUpdateStatusReasonCode=Creating$/;

function stringFaults(shape: Shape, value: unknown, path: string): string[] {
  if (typeof value !== "string") return [`${path} is no string`];
  if (RECORDED.test(`${path}=${value}`)) return [];
  if (shape.enum && !shape.enum.includes(value)) return [`${path} is '${value}', not one of ${shape.enum.join(", ")}`];
  return [];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
