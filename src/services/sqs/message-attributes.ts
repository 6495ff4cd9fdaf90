/** The attributes that senders give to messages: from AWS's shape, checked, and back. */
import type { MessageAttributeValue, MessageAttributeValues } from "./message.ts";
import type { SqsFail } from "./sqs-api.ts";

/** As the model has it, of both kinds of attributes. */
export interface GivenAttribute {
  readonly DataType?: string | undefined;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: Uint8Array | undefined;
}

export type GivenAttributes = Readonly<Record<string, GivenAttribute | undefined>>;

const MOST = 10;
const NAME = /^(?!aws\.|amazon\.)(?!\.)(?!.*\.\.)[a-zA-Z0-9_.-]{1,256}(?<!\.)$/i;
const DATA_TYPE = /^(String|Number|Binary)(?:\..+)?$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** @throws ServiceError */
export function checkAttributeValues(
  fail: SqsFail,
  given: GivenAttributes | undefined,
): MessageAttributeValues | undefined {
  const entries = Object.entries(given ?? {});
  if (entries.length === 0) return undefined;
  const refuse = (message: string): never => fail("InvalidParameterValue", message);
  if (entries.length > MOST) {
    refuse(`Number of message attributes [${entries.length}] exceeds the allowed maximum [${MOST}].`);
  }
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (!NAME.test(name)) {
        refuse(
          `The message attribute name '${name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters.`,
        );
      }
      return [name, checkValue(refuse, name, value ?? {})];
    }),
  );
}

function checkValue(refuse: (message: string) => never, name: string, given: GivenAttribute): MessageAttributeValue {
  const { DataType: dataType, StringValue: stringValue, BinaryValue: bytes } = given;
  if (!dataType) return refuse(`The message attribute '${name}' must contain non-empty message attribute type.`);
  const [, kind] = (dataType.length <= 256 && DATA_TYPE.exec(dataType)) || [];
  if (kind === undefined) {
    return refuse(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  const isBinary = kind === "Binary";
  if (isBinary ? stringValue !== undefined : bytes !== undefined) {
    const field = isBinary ? "Binary" : "String";
    return refuse(`The message attribute '${name}' with type '${kind}' must use field '${field}'.`);
  }
  if (isBinary ? !bytes?.length : !stringValue) {
    return refuse(
      `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${kind}'.`,
    );
  }
  if (kind === "Number" && !NUMBER.test(stringValue ?? "")) {
    return refuse(`Can't cast the value of message attribute '${name}' to a number.`);
  }
  return isBinary
    ? { dataType, binaryValue: Buffer.from(bytes ?? []).toString("base64") }
    : { dataType, stringValue: stringValue ?? "" };
}

/** Bytes that attributes add to their message. */
export function sizeOfAttributes(attributes: MessageAttributeValues | undefined): number {
  let bytes = 0;
  for (const [name, { dataType, stringValue = "", binaryValue = "" }] of Object.entries(attributes ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(dataType) + Buffer.byteLength(stringValue);
    bytes += Buffer.byteLength(binaryValue, "base64");
  }
  return bytes;
}

/** Those that whoever receives has asked for: by name, by prefix (`name.*`), or `All`. */
export function chosenAttributes(
  attributes: MessageAttributeValues | undefined,
  names: readonly string[],
): MessageAttributeValues | undefined {
  if (!attributes || names.length === 0) return undefined;
  if (names.includes("All") || names.includes(".*") || names.includes("*")) return attributes;
  const isChosen = (name: string) =>
    names.some((asked) => asked === name || (asked.endsWith(".*") && name.startsWith(asked.slice(0, -2))));
  const chosen = Object.entries(attributes).filter(([name]) => isChosen(name));
  return chosen.length > 0 ? Object.fromEntries(chosen) : undefined;
}

/** In AWS's shape. */
export function awsAttributes(attributes: MessageAttributeValues) {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { dataType, stringValue, binaryValue }]) => [
      name,
      {
        DataType: dataType,
        ...(stringValue !== undefined && { StringValue: stringValue }),
        ...(binaryValue !== undefined && { BinaryValue: Buffer.from(binaryValue, "base64") }),
      },
    ]),
  );
}
