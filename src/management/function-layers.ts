/** The layers that a function asks for by their ARNs: what Lambda demands of them, and what they resolve to. */
import { isOfOtherPartition } from "../functions/function-name.ts";
import type { FunctionLayer } from "../functions/function-version.ts";
import { parseLayerVersionArn } from "../functions/layer-name.ts";
import type { CallContext, LambdaInput, ManagementContext } from "./lambda-api.ts";
import { layerDenied } from "./layer-target.ts";

const MAX_LAYERS = 5;

type Arns = NonNullable<LambdaInput<"CreateFunction">["Layers"]>;

/** Why Lambda would refuse these ARNs, whatever layers there are (recorded; contract/06 §1); undefined when it would not. */
export function layersRefusal(arns: Arns, context: CallContext): string | undefined {
  if (arns.length > MAX_LAYERS) return `Cannot reference more than ${MAX_LAYERS} layers.`;
  const seen = new Map<string, string>();
  for (const arn of arns) {
    const layer = parseLayerVersionArn(arn);
    if (!layer) continue;
    const key = `${layer.region}:${layer.accountId}:${layer.name}`;
    const other = seen.get(key);
    if (other !== undefined) {
      return `Two different versions of the same layer are not allowed to be referenced in the same function. ${other} and ${arn} are versions of the same layer.`;
    }
    seen.set(key, arn);
    if (layer.region !== context.region) {
      return `Layers are not in the same region as the function. Layers are expected to be in region ${context.region}.`;
    }
  }
  return undefined;
}

/**
 * The published layer versions of these ARNs, in their order; undefined for undefined.
 * @throws ServiceError when one does not exist (any more), or is another account's, whose layers cannot be reached here
 */
export async function resolveLayers(
  { layers, fail }: ManagementContext,
  context: CallContext,
  arns: Arns | undefined,
): Promise<FunctionLayer[] | undefined> {
  if (!arns) return undefined;
  const resolved: FunctionLayer[] = [];
  for (const arn of arns) {
    const layer = isOfOtherPartition(arn, context) ? undefined : parseLayerVersionArn(arn);
    if (layer && layer.accountId !== context.accountId) layerDenied(fail, context, "GetLayerVersion", arn);
    const found = layer && (await layers.find(layer.name, layer.version));
    if (!found) return fail("InvalidParameterValueException", `Layer version ${arn} does not exist.`);
    const { layerName, version, codeSha256, codeSize, unzippedSize, signingProfileVersionArn, signingJobArn } = found;
    resolved.push({
      layerName,
      version,
      codeSha256,
      codeSize,
      unzippedSize,
      ...(signingProfileVersionArn !== undefined && { signingProfileVersionArn }),
      ...(signingJobArn !== undefined && { signingJobArn }),
    });
  }
  return resolved;
}
