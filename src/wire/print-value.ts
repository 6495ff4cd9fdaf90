/** A value as AWS's validation messages print it: as Java's toString would. */
import type { Members } from "./protocol.ts";
import type { Shape } from "./shape.ts";

/** A message repeats what it refuses; it must not repeat megabytes. */
const MAX_PRINTED = 10_000;

/** Lists print as `[a, b]`, maps as `{k=v}`, structures as `Name(member=value)` without what is secret in them. */
export function printValue(shape: Shape, value: unknown): string {
  const text = print(shape, value);
  return text.length <= MAX_PRINTED ? text : `${text.slice(0, MAX_PRINTED)}...`;
}

function print(shape: Shape, value: unknown): string {
  if (value === null || value === undefined) return "null";
  switch (shape.type) {
    case "list":
      return `[${take(value as unknown[])
        .map((item) => print(shape.value, item))
        .join(", ")}]`;
    case "map":
      return `{${take(Object.entries(value))
        .map(([key, item]) => `${key}=${print(shape.value, item)}`)
        .join(", ")}}`;
    case "structure":
    case "union":
      return printStructure(shape, value as Members);
    case "float":
    case "double":
      return Number.isInteger(value) ? `${value}.0` : String(value);
    case "blob": {
      const { length } = value as Uint8Array;
      return `java.nio.HeapByteBuffer[pos=0 lim=${length} cap=${length}]`;
    }
    case "timestamp":
      return (value as Date).toISOString();
    default:
      return typeof value === "string" ? value.slice(0, MAX_PRINTED + 1) : String(value);
  }
}

function printStructure(shape: Shape, value: Members): string {
  const members = shape.members.map(({ name, target, traits }) => {
    const isSensitive = traits.sensitive === 1 || target.traits.sensitive === 1;
    return `${name[0]?.toLowerCase()}${name.slice(1)}=${isSensitive ? "***" : print(target, value[name])}`;
  });
  return `${shape.name}(${members.join(", ")})`;
}

/** Enough items to fill a message: printing a million of them is work for nothing. */
function take<T>(items: readonly T[]): readonly T[] {
  return items.length <= MAX_PRINTED ? items : items.slice(0, MAX_PRINTED);
}
