/**
 * Our shapes as the schemas that the SDK's codecs read (nested tuples, @smithy/types StaticSchema). Made on first use
 * and kept for the life of the model.
 */
import type { $Schema } from "@smithy/types";
import type { Member, Shape, ShapeType, Traits } from "./shape.ts";

/** The SDK's numbers for simple types. */
const SIMPLE: Partial<Record<ShapeType, number>> = {
  string: 0,
  integer: 1,
  long: 1,
  float: 1,
  double: 1,
  boolean: 2,
  document: 15,
  blob: 21,
};
const TIMESTAMPS = { "date-time": 5, "http-date": 6, "epoch-seconds": 7 } as const;

export class CodecSchemas {
  readonly #namespace: string;
  readonly #schemas = new Map<Shape, $Schema>();
  readonly #bodies = new Map<Shape, $Schema>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  of(shape: Shape): $Schema {
    const known = this.#schemas.get(shape);
    if (known !== undefined) return known;
    const schema = this.#make(shape);
    this.#schemas.set(shape, schema);
    return schema;
  }

  /** A structure without the members that travel in the status line or the headers. */
  body(shape: Shape): $Schema {
    const known = this.#bodies.get(shape);
    if (known !== undefined) return known;
    const inBody = shape.members.filter(({ traits }) => !traits.httpHeader && !traits.httpResponseCode);
    const schema = this.#structure(3, shape, inBody);
    this.#bodies.set(shape, schema);
    return schema;
  }

  /** A structure under the name of the element that it is in. */
  named(shape: Shape, element: string | undefined): $Schema {
    if (element === undefined || element === shape.traits.xmlName) return this.of(shape);
    const [kind, namespace, name, , names, targets] = this.of(shape) as unknown as unknown[];
    return [kind, namespace, name, { xmlName: element }, names, targets] as unknown as $Schema;
  }

  #make(shape: Shape): $Schema {
    switch (shape.type) {
      case "structure":
        return this.#structure(3, shape, shape.members);
      case "union":
        return this.#structure(4, shape, shape.members);
      case "list":
        return [1, this.#namespace, shape.name, 0, this.#part(shape.value, shape.valueTraits)] as $Schema;
      case "map": {
        const key = [0, namingTraits(shape.keyTraits)];
        return [2, this.#namespace, shape.name, 0, key, this.#part(shape.value, shape.valueTraits)] as $Schema;
      }
      case "timestamp":
        return (shape.format === undefined ? 4 : TIMESTAMPS[shape.format]) as $Schema;
      default:
        return (SIMPLE[shape.type] ?? 15) as $Schema;
    }
  }

  #structure(kind: 3 | 4, shape: Shape, members: readonly Member[]): $Schema {
    const names = members.map((member) => member.name);
    const targets = members.map(({ target, traits }) => this.#part(target, traits));
    return [kind, this.#namespace, shape.name, namingTraits(shape.traits), names, targets] as unknown as $Schema;
  }

  /** A function breaks the circle of recursive shapes; it is a member's target, so it needs its traits beside it. */
  #part(target: Shape, traits: Traits): $Schema {
    return [() => this.of(target), namingTraits(traits)] as unknown as $Schema;
  }
}

const NAMING = ["jsonName", "xmlName", "xmlFlattened", "xmlAttribute", "xmlNamespace"] as const;

/** HTTP bindings are ours to handle; the codecs need what names a member in the body. Idempotency tokens are left out
 * too: the SDK would invent one in an answer that has none. */
function namingTraits(traits: Traits): object {
  const named = NAMING.filter((name) => traits[name] !== undefined).map((name) => [name, traits[name]]);
  return Object.fromEntries(named);
}
