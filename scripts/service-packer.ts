/**
 * Joins the SDK's schemas of one service with botocore's model of it, into the plain form that src/wire/model.ts reads.
 * It walks both trees side by side; it does not read or write files.
 */
import { NormalizedSchema } from "@smithy/core/schema";

type Traits = Record<string, unknown>;
type Constraints = { min?: number; max?: number; pattern?: string; enum?: string[] };

interface BotocoreShape extends Constraints {
  type: string;
  members?: Record<string, { shape: string }>;
  required?: string[];
  member?: { shape: string };
  key?: { shape: string };
  value?: { shape: string };
}

export interface BotocoreModel {
  metadata: { serviceId: string; apiVersion: string; signingName?: string; endpointPrefix: string };
  operations: Record<
    string,
    { input?: { shape: string }; output?: { shape: string }; errors?: { shape: string }[]; deprecated?: boolean }
  >;
  shapes: Record<string, BotocoreShape>;
}

/** Names of the SDK's simple types, by their number in a schema. */
const SIMPLE_TYPES: Record<number, [type: string, extra?: Traits]> = {
  0: ["string"],
  1: ["number"],
  2: ["boolean"],
  4: ["timestamp"],
  5: ["timestamp", { format: "date-time" }],
  6: ["timestamp", { format: "http-date" }],
  7: ["timestamp", { format: "epoch-seconds" }],
  15: ["document"],
  21: ["blob"],
  42: ["blob", { streaming: true }],
};
const NUMBER_KINDS = ["integer", "long", "float", "double"];
const CONSTRAINT_NAMES = ["min", "max", "pattern", "enum"] as const;

type OperationSchema = [
  9,
  namespace: string,
  name: string,
  Traits | number,
  input: NormalizedSchemaRef,
  output: NormalizedSchemaRef,
];
type StructureSchema = [kind: 3 | 4 | -3, string, name: string, unknown, members: string[], unknown, required?: number];
type NormalizedSchemaRef = Parameters<typeof NormalizedSchema.of>[0];

export class ServicePacker {
  readonly #exports: Record<string, unknown>;
  readonly #botocore: BotocoreModel;
  readonly #unchecked: Readonly<Record<string, readonly string[]>>;
  readonly #shapes: Record<string, Record<string, unknown>> = {};
  /** What the two sources do not agree on: printed, so that the maintainer sees it. */
  readonly differences: string[] = [];

  constructor(
    sdkExports: Record<string, unknown>,
    botocore: BotocoreModel,
    unchecked: Readonly<Record<string, readonly string[]>>,
  ) {
    this.#exports = sdkExports;
    this.#botocore = botocore;
    this.#unchecked = unchecked;
  }

  /** @param wire what is known of the service's protocols
   * @throws when a pattern does not compile. */
  pack<Wire extends object>(wire: Wire) {
    const schemas = Object.values(this.#exports).filter((value) => Array.isArray(value)) as unknown[][];
    const operations = schemas.filter((schema) => schema[0] === 9) as OperationSchema[];
    const namespace = operations[0]?.[1] ?? "";
    for (const schema of schemas) {
      if (schema[0] === -3 && schema[1] === namespace) this.#pack(NormalizedSchema.of(schema as never), undefined);
    }
    const packedOperations = operations
      .sort((a, b) => compare(a[2], b[2]))
      .map((operation) => [operation[2], this.#packOperation(operation)]);
    for (const name of Object.keys(this.#botocore.operations)) {
      if (!operations.some((operation) => operation[2] === name)) this.differences.push(`only in botocore: ${name}`);
    }
    const { serviceId, apiVersion, signingName, endpointPrefix } = this.#botocore.metadata;
    return {
      service: serviceId,
      namespace,
      apiVersion,
      signingName: signingName ?? endpointPrefix,
      ...wire,
      unchecked: this.#unchecked,
      operations: Object.fromEntries(packedOperations) as Record<string, unknown>,
      shapes: Object.fromEntries(Object.entries(this.#shapes).sort(([a], [b]) => compare(a, b))),
    };
  }

  #packOperation([, , name, traits, input, output]: OperationSchema) {
    const botocore = this.#botocore.operations[name];
    if (botocore === undefined) this.differences.push(`only in the SDK: ${name}`);
    return {
      ...(typeof traits === "object" ? traits : {}),
      input: this.#pack(NormalizedSchema.of(input), botocore?.input?.shape),
      output: this.#pack(NormalizedSchema.of(output), botocore?.output?.shape),
      errors: (botocore?.errors ?? []).map((error) => error.shape).sort(compare),
      ...(botocore?.deprecated ? { deprecated: true } : {}),
    };
  }

  /** Packs a shape and all below it, once; returns its name. */
  #pack(schema: NormalizedSchema, botocoreName: string | undefined): string {
    if (schema.isUnitSchema()) return this.#add("Unit", { type: "structure" });
    if (schema.isStructSchema()) return this.#packStructure(schema, botocoreName);
    if (schema.isListSchema() || schema.isMapSchema()) return this.#packCollection(schema, botocoreName);
    const [type, extra] = SIMPLE_TYPES[schema.getSchema() as number] ?? [];
    if (type === undefined) throw new Error(`unknown simple schema ${String(schema.getSchema())}`);
    const botocore = botocoreName === undefined ? undefined : this.#botocore.shapes[botocoreName];
    const agrees = botocore !== undefined && (botocore.type === type || (type === "number" && isNumber(botocore)));
    if (!agrees) {
      const name = type === "number" ? "Double" : `${type[0]?.toUpperCase()}${type.slice(1)}`;
      this.differences.push(`${botocoreName ?? "(unnamed)"}: ${type} in the SDK, ${botocore?.type ?? "unknown"}`);
      return this.#add(`Sdk${name}`, { type: type === "number" ? "double" : type, ...extra });
    }
    return this.#add(botocoreName as string, {
      type: botocore.type,
      ...extra,
      ...this.#constraints(botocoreName as string, botocore),
    });
  }

  #packStructure(schema: NormalizedSchema, botocoreName: string | undefined): string {
    const [kind, , name, , members, , required] = schema.getSchema() as unknown as StructureSchema;
    if (this.#shapes[name] !== undefined) return name;
    const shape: Record<string, unknown> = { type: kind === 4 ? "union" : "structure" };
    this.#shapes[name] = shape;
    const botocore = this.#botocore.shapes[botocoreName ?? name];
    const own = schema.getOwnTraits() as Traits;
    if (Object.keys(own).length > 0) shape.traits = own;
    if (required) shape.required = members.slice(0, required);
    const botocoreRequired = (botocore?.required ?? []).toSorted(compare).join();
    if (
      botocoreRequired !==
      members
        .slice(0, required ?? 0)
        .toSorted(compare)
        .join()
    ) {
      this.differences.push(`${name}: botocore requires ${botocoreRequired || "nothing"}`);
    }
    const packed: Record<string, unknown> = {};
    for (const [member, memberSchema] of schema.structIterator()) {
      const target = this.#pack(memberSchema, botocore?.members?.[member]?.shape);
      const all = traitsOf(memberSchema);
      packed[member] = Object.keys(all).length > 0 ? [target, all] : target;
    }
    shape.members = packed;
    return name;
  }

  #packCollection(schema: NormalizedSchema, botocoreName: string | undefined): string {
    const botocore = botocoreName === undefined ? undefined : this.#botocore.shapes[botocoreName];
    const isMap = schema.isMapSchema();
    const valueSchema = schema.getValueSchema();
    const value = this.#pack(valueSchema, isMap ? botocore?.value?.shape : botocore?.member?.shape);
    const valueTraits = xmlTraits(valueSchema);
    const keyTraits = isMap ? xmlTraits(schema.getKeySchema()) : undefined;
    const name = botocoreName ?? (isMap ? `MapOf${value}` : `ListOf${value}`);
    const own = schema.getOwnTraits() as Traits;
    return this.#add(name, {
      type: isMap ? "map" : "list",
      ...(isMap ? { key: this.#pack(schema.getKeySchema(), botocore?.key?.shape) } : {}),
      value,
      ...(valueTraits && { valueTraits }),
      ...(keyTraits && { keyTraits }),
      ...(Object.keys(own).length > 0 ? { traits: own } : {}),
      ...(botocore === undefined ? {} : this.#constraints(name, botocore)),
    });
  }

  #constraints(name: string, shape: BotocoreShape): Constraints {
    const left = CONSTRAINT_NAMES.filter((key) => shape[key] !== undefined && !this.#unchecked[name]?.includes(key));
    // A pattern that our engine cannot run must be seen here, not by the first caller.
    if (shape.pattern !== undefined) new RegExp(`^(?:${shape.pattern})$`);
    return Object.fromEntries(left.map((key) => [key, shape[key]]));
  }

  /** One name of botocore's may be two shapes to the SDK, e.g. a blob that streams and one that does not. */
  #add(wanted: string, shape: Record<string, unknown>): string {
    const text = JSON.stringify(shape);
    let name = wanted;
    for (let n = 2; this.#shapes[name] !== undefined && JSON.stringify(this.#shapes[name]) !== text; n++) {
      name = `${wanted}${n}`;
    }
    if (name !== wanted && this.#shapes[name] === undefined) this.differences.push(`${name} is another ${wanted}`);
    this.#shapes[name] = shape;
    return name;
  }
}

/** A member's traits: with those of its target when that is a simple type, which has no place of its own for them. */
function traitsOf(schema: NormalizedSchema): Traits {
  const isSimple = !schema.isStructSchema() && !schema.isListSchema() && !schema.isMapSchema();
  return (isSimple ? schema.getMergedTraits() : schema.getMemberTraits()) as Traits;
}

/** How XML names the items of a list, or the keys and values of a map. */
function xmlTraits(schema: NormalizedSchema): Traits | undefined {
  const traits = Object.entries(traitsOf(schema)).filter(([name]) => name.startsWith("xml"));
  return traits.length === 0 ? undefined : Object.fromEntries(traits);
}

function isNumber(shape: BotocoreShape): boolean {
  return NUMBER_KINDS.includes(shape.type);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
