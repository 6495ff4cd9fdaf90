/** One shape of a model: its type, its members with their bindings, its constraints. Targets are resolved on first use. */

export type ShapeType =
  | "structure"
  | "union"
  | "list"
  | "map"
  | "string"
  | "boolean"
  | "integer"
  | "long"
  | "float"
  | "double"
  | "timestamp"
  | "blob"
  | "document";

/** Smithy traits under the names that the SDK gives them. */
export interface Traits {
  readonly httpLabel?: 1;
  readonly httpQuery?: string;
  /** A map of all parameters that no other member is bound to. */
  readonly httpQueryParams?: 1;
  readonly httpHeader?: string;
  readonly httpPayload?: 1;
  readonly httpResponseCode?: 1;
  readonly idempotencyToken?: 1;
  readonly sensitive?: 1;
  readonly streaming?: 1;
  readonly eventPayload?: 1;
  readonly jsonName?: string;
  readonly xmlName?: string;
  /** A list or map without an element of its own around its items. */
  readonly xmlFlattened?: 1;
  readonly xmlAttribute?: 1;
  readonly xmlNamespace?: readonly [prefix: string | undefined, uri: string];
  readonly [trait: string]: unknown;
}

export interface PackedShape {
  readonly type: ShapeType;
  readonly members?: Readonly<Record<string, string | readonly [target: string, traits: Traits]>>;
  readonly required?: readonly string[];
  readonly key?: string;
  readonly value?: string;
  readonly keyTraits?: Traits;
  readonly valueTraits?: Traits;
  readonly traits?: Traits;
  readonly format?: "date-time" | "http-date" | "epoch-seconds";
  readonly streaming?: true;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

export interface Member {
  readonly name: string;
  /** Its key in a JSON body. */
  readonly jsonName: string;
  readonly required: boolean;
  readonly traits: Traits;
  readonly target: Shape;
}

const NO_TRAITS: Traits = Object.freeze({});

export class Shape {
  readonly name: string;
  readonly type: ShapeType;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly enum: readonly string[] | undefined;
  /** The pattern as AWS prints it. */
  readonly patternText: string | undefined;
  readonly traits: Traits;
  /** How XML names the keys of a map. */
  readonly keyTraits: Traits;
  /** How XML names the items of a list, or the values of a map. */
  readonly valueTraits: Traits;
  readonly format: PackedShape["format"];
  readonly isStreaming: boolean;
  readonly #packed: PackedShape;
  readonly #resolve: (name: string) => Shape;
  #members: readonly Member[] | undefined;
  #pattern: RegExp | undefined;

  constructor(name: string, packed: PackedShape, resolve: (name: string) => Shape) {
    this.name = name;
    this.type = packed.type;
    this.min = packed.min;
    this.max = packed.max;
    this.enum = packed.enum;
    this.patternText = packed.pattern;
    this.traits = packed.traits ?? NO_TRAITS;
    this.keyTraits = packed.keyTraits ?? NO_TRAITS;
    this.valueTraits = packed.valueTraits ?? NO_TRAITS;
    this.format = packed.format;
    this.isStreaming = packed.streaming === true || this.traits.streaming === 1;
    this.#packed = packed;
    this.#resolve = resolve;
  }

  /** Members of a structure or union, required ones first. */
  get members(): readonly Member[] {
    this.#members ??= Object.entries(this.#packed.members ?? {}).map(([name, packed]) => this.#member(name, packed));
    return this.#members;
  }

  /** What a list or a map holds. */
  get value(): Shape {
    return this.#resolve(this.#packed.value ?? "");
  }

  get key(): Shape {
    return this.#resolve(this.#packed.key ?? "");
  }

  /** Anchored, since AWS matches the whole value; compiled once. */
  get pattern(): RegExp | undefined {
    if (this.patternText === undefined) return undefined;
    // Most patterns compile only without a flag; properties such as \p{L} mean something only with `u`.
    const flag = this.patternText.includes("\\p{") ? "u" : "";
    this.#pattern ??= new RegExp(`^(?:${this.patternText})$`, flag);
    return this.#pattern;
  }

  #member(name: string, packed: string | readonly [string, Traits]): Member {
    const [target, traits] = typeof packed === "string" ? [packed, NO_TRAITS] : packed;
    const jsonName = traits.jsonName ?? name;
    const required = this.#packed.required?.includes(name) ?? false;
    return { name, jsonName, required, traits, target: this.#resolve(target) };
  }
}
