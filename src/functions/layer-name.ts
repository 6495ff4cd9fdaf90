/** The ways to write which layer, or which version of one, is meant. Parses and prints; knows nothing of which exist. */
import { type Place, partitionOf } from "./function-name.ts";

export interface LayerReference {
  readonly name: string;
  /** Only when the text was an ARN: it may be another region than ours. */
  readonly region?: string;
  /** Only when the text was an ARN: it may be another account than ours. */
  readonly accountId?: string;
}

export interface LayerVersionReference extends Required<LayerReference> {
  readonly version: number;
}

const ARN = /^arn:[a-zA-Z0-9-]+:lambda:(?<region>[a-zA-Z0-9-]+):(?<accountId>\d{12}):layer:(?<name>[a-zA-Z0-9-_]+)$/;
const NAME = /^[a-zA-Z0-9-_]+$/;

/** What a LayerName (a bare name or the ARN of a layer) names, or undefined when it is neither. */
export function parseLayerName(text: string): LayerReference | undefined {
  return NAME.test(text) ? { name: text } : parseLayerArn(text);
}

/** What the ARN of a layer version names; undefined for anything else, such as a layer of AWS's own (`awslayer`). */
export function parseLayerVersionArn(text: string): LayerVersionReference | undefined {
  const end = text.lastIndexOf(":");
  const digits = text.slice(end + 1);
  const layer = parseLayerArn(text.slice(0, end));
  return layer && /^\d{1,15}$/.test(digits) ? { ...layer, version: Number(digits) } : undefined;
}

/** The ARN of a layer, or of one of its versions when a version is given. */
export function layerArn(place: Place, name: string, version?: number): string {
  const arn = `arn:${partitionOf(place.region)}:lambda:${place.region}:${place.accountId}:layer:${name}`;
  return version === undefined ? arn : `${arn}:${version}`;
}

function parseLayerArn(text: string): Required<LayerReference> | undefined {
  const groups = ARN.exec(text)?.groups;
  if (!groups) return undefined;
  const { region, accountId, name } = groups as Record<"region" | "accountId" | "name", string>;
  return { name, region, accountId };
}
