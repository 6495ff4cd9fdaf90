/** What the tests of layers start from: layers that are published, in a region of their own. */
import {
  PublishLayerVersionCommand,
  type PublishLayerVersionCommandInput,
  type PublishLayerVersionCommandOutput,
} from "@aws-sdk/client-lambda";
import { zipOf } from "../api/lambda/zip.ts";
import type { Suite } from "./suite.ts";

export const LAYER_ARN = "arn:aws:lambda:us-east-1:000000000000:layer:";

/** As AWS prints it after "Member must satisfy enum value set: ". */
export const RUNTIMES = /Member must satisfy enum value set: \[nodejs20\.x, python3\.14, .*java8\.al2\]$/;

let names = 0;

/** A name that no other test of the file uses. */
export function newLayerName(): string {
  names += 1;
  return `layer-${names}`;
}

/** A layer's zip: a file that says what it is. */
export const contentOf = (text: string): Buffer => zipOf({ "text/content": text });

export function publish(
  suite: Suite,
  more: Partial<PublishLayerVersionCommandInput> = {},
): Promise<PublishLayerVersionCommandOutput> {
  const input = { LayerName: newLayerName(), Content: { ZipFile: contentOf("a layer") }, ...more };
  return suite.lambda.send(new PublishLayerVersionCommand(input));
}
