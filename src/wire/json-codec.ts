/** JSON bodies: read as untyped values for strict.ts to check, written by the SDK's codec as the model says. */
import { isUtf8 } from "node:buffer";
import { JsonCodec2 } from "@smithy/core/protocols";
import type { CodecSchemas } from "./codec-schemas.ts";
import type { Members } from "./protocol.ts";
import type { Shape } from "./shape.ts";
import { serializationError } from "./strict.ts";

export class JsonCodec {
  readonly #schemas: CodecSchemas;
  readonly #codec: JsonCodec2;

  /** @param jsonName whether members go by their jsonName: a trait of REST services alone */
  constructor(schemas: CodecSchemas, jsonName: boolean) {
    this.#schemas = schemas;
    this.#codec = new JsonCodec2({ timestampFormat: { useTrait: true, default: 7 }, jsonName });
  }

  /** @throws ServiceError SerializationException for what is not UTF-8 or not JSON. */
  parse(body: Buffer): unknown {
    if (!isUtf8(body)) throw serializationError("The request body is not valid UTF-8");
    try {
      return JSON.parse(body.toString("utf8"));
    } catch (cause) {
      throw serializationError("Could not parse request body into json", cause);
    }
  }

  /** Writes what belongs into the body of the structure. */
  write(shape: Shape, value: Members): Buffer {
    const serializer = this.#codec.createSerializer();
    serializer.write(this.#schemas.body(shape), value);
    return asBuffer(serializer.flush());
  }
}

/** The same bytes, not copied. */
export function asBuffer(bytes: Uint8Array | string): Buffer {
  if (typeof bytes === "string") return Buffer.from(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
