/**
 * A service as AWS describes it: operations, errors and shapes, unpacked lazily from models/<name>.json (written by
 * scripts/models.ts). It holds facts and knows no protocol.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type PackedShape, Shape } from "./shape.ts";

interface PackedOperation {
  readonly http?: readonly [method: string, uri: string, status: number];
  readonly input: string;
  readonly output: string;
  readonly errors: readonly string[];
}

interface PackedModel {
  readonly service: string;
  readonly namespace: string;
  readonly apiVersion: string;
  readonly signingName: string;
  /** Smithy ids, the SDK's own first. */
  readonly protocols: readonly string[];
  /** Before the dot of X-Amz-Target. */
  readonly target: string;
  readonly xmlNamespace?: string;
  /** Errors tell their older code of the query protocol too. */
  readonly queryCompatible?: true;
  /** bytes; `default` for the operations that are not named. */
  readonly maxBodyBytes: Readonly<Record<string, number>>;
  readonly operations: Readonly<Record<string, PackedOperation>>;
  readonly shapes: Readonly<Record<string, PackedShape>>;
}

export interface Operation {
  readonly name: string;
  /** REST binding; undefined for services that are told apart by a header or a parameter. */
  readonly http: PackedOperation["http"];
  readonly input: Shape;
  readonly output: Shape;
  /** Names of the errors that AWS documents for it. */
  readonly errors: readonly string[];
}

export interface ErrorModel {
  readonly name: string;
  readonly status: number;
  readonly fault: "client" | "server";
  /** Its code in query protocols, and in what is compatible with them. */
  readonly queryCode: string;
  readonly shape: Shape;
  /** AWS writes `message` in some errors and `Message` in others; undefined when the error has none. */
  readonly messageMember: "message" | "Message" | undefined;
}

/** @typeParam M the SDK client's module, for the types of handlers and error names; nothing of it exists at run time. */
export class ServiceModel<M = unknown> {
  /** Never set: carries M. */
  declare readonly sdk?: M;
  /** e.g. `lambda` */
  readonly name: string;
  /** As AWS calls it, e.g. `Lambda`. */
  readonly title: string;
  readonly signingName: string;
  readonly namespace: string;
  /** Smithy ids, e.g. aws.protocols#restJson1; the one that today's SDKs speak first. */
  readonly protocols: readonly string[];
  /** The first part of X-Amz-Target, e.g. AmazonSQS; of no use to REST services. */
  readonly target: string;
  readonly apiVersion: string;
  readonly xmlNamespace: string | undefined;
  readonly isQueryCompatible: boolean;
  readonly operations: ReadonlyMap<string, Operation>;
  readonly #packed: PackedModel;
  readonly #shapes = new Map<string, Shape>();
  readonly #errors = new Map<string, ErrorModel | undefined>();

  constructor(name: string, packed: PackedModel) {
    this.name = name;
    this.#packed = packed;
    this.title = packed.service;
    this.signingName = packed.signingName;
    this.namespace = packed.namespace;
    this.protocols = packed.protocols;
    this.target = packed.target;
    this.apiVersion = packed.apiVersion;
    this.xmlNamespace = packed.xmlNamespace;
    this.isQueryCompatible = packed.queryCompatible === true;
    this.operations = new Map(
      Object.entries(packed.operations).map(([operation, facts]) => [operation, this.#operation(operation, facts)]),
    );
  }

  /** The largest body that an operation takes, in bytes. */
  maxBodyBytes(operation: string): number {
    return this.#packed.maxBodyBytes[operation] ?? this.#packed.maxBodyBytes.default ?? 0;
  }

  /** The service's modelled error of that name; undefined for the errors common to all services. */
  error(name: string): ErrorModel | undefined {
    if (!this.#errors.has(name)) this.#errors.set(name, this.#unpackError(name));
    return this.#errors.get(name);
  }

  get errorNames(): string[] {
    return Object.keys(this.#packed.shapes).filter((name) => this.error(name) !== undefined);
  }

  /** @throws when the model names a shape that it lacks: a fault of scripts/models.ts. */
  shape(name: string): Shape {
    const known = this.#shapes.get(name);
    if (known !== undefined) return known;
    if (!Object.hasOwn(this.#packed.shapes, name)) throw new Error(`${this.name} has no shape ${name}`);
    const shape = new Shape(name, this.#packed.shapes[name] as PackedShape, (target) => this.shape(target));
    this.#shapes.set(name, shape);
    return shape;
  }

  #operation(name: string, packed: PackedOperation): Operation {
    const model = this;
    return {
      name,
      http: packed.http,
      errors: packed.errors,
      get input() {
        return model.shape(packed.input);
      },
      get output() {
        return model.shape(packed.output);
      },
    };
  }

  #unpackError(name: string): ErrorModel | undefined {
    if (!Object.hasOwn(this.#packed.shapes, name)) return undefined;
    const { traits, members } = this.#packed.shapes[name] as PackedShape;
    const fault = traits?.error;
    if (fault !== "client" && fault !== "server") return undefined;
    const fallback = fault === "client" ? 400 : 500;
    const [queryCode = name, queryStatus] = (traits?.awsQueryError ?? []) as [string?, number?];
    const status = queryStatus ?? (typeof traits?.httpError === "number" ? traits.httpError : fallback);
    const messageMember = (["message", "Message"] as const).find((key) => members !== undefined && key in members);
    return { name, status, fault, queryCode, shape: this.shape(name), messageMember };
  }
}

/** Reads models/<name>.json; takes about 2 ms for Lambda. */
export function loadModel<M>(name: string): ServiceModel<M> {
  const text = readFileSync(join(import.meta.dirname, "models", `${name}.json`), "utf8");
  return new ServiceModel<M>(name, JSON.parse(text));
}
