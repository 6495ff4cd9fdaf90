/**
 * PutFunctionScalingConfig and GetFunctionScalingConfig: how many environments a version with a capacity provider has.
 * What is asked for is kept; environments come and go with the invocations here, so that nothing of it is applied but the
 * zero that deactivates a version.
 */
import { functionArn } from "../functions/function-name.ts";
import { type FunctionScaling, isZero } from "../functions/function-scaling.ts";
import type { FunctionVersion } from "../functions/function-version.ts";
import { functionNotFound, functionTarget } from "./function-target.ts";
import type { CallContext, LambdaHandlers, LambdaInput, ManagementContext } from "./lambda-api.ts";

type ScalingInput = NonNullable<LambdaInput<"PutFunctionScalingConfig">["FunctionScalingConfig"]>;

export function functionScalingHandlers(management: ManagementContext) {
  const { catalog, fail, functionScaling } = management;

  async function scalable(
    context: CallContext,
    operation: string,
    { FunctionName: name, Qualifier: qualifier }: { FunctionName: string; Qualifier: string },
  ): Promise<FunctionVersion> {
    const target = functionTarget(fail, context, operation, name, qualifier);
    const version = (await catalog.describe(target.name, qualifier)) ?? functionNotFound(fail, target);
    if (version.capacityProvider) return version;
    return fail(
      "InvalidParameterValueException",
      "Function scaling configuration is only supported for functions with a capacity provider.",
    );
  }

  return {
    async PutFunctionScalingConfig(input, context) {
      const version = await scalable(context, "PutFunctionScalingConfig", input);
      const scaling = scalingFrom(input.FunctionScalingConfig);
      if (scaling && (scaling.minimum ?? 0) > (scaling.maximum ?? Number.POSITIVE_INFINITY)) {
        fail(
          "InvalidParameterValueException",
          "MinExecutionEnvironments must be less than or equal to MaxExecutionEnvironments.",
        );
      }
      const changed = await functionScaling.change(version.functionName, version.version, scaling);
      return { FunctionState: changed ?? version.state };
    },

    async GetFunctionScalingConfig(input, context) {
      const { functionName, version } = await scalable(context, "GetFunctionScalingConfig", input);
      const requested = await functionScaling.get(functionName, version);
      return {
        FunctionArn: functionArn(context, functionName, version),
        ...(requested && { RequestedFunctionScalingConfig: awsScaling(requested) }),
        ...(isZero(requested) && { AppliedFunctionScalingConfig: awsScaling(requested ?? {}) }),
      };
    },
  } satisfies LambdaHandlers;
}

/** Nothing asked for is nothing kept. */
function scalingFrom(input: ScalingInput | undefined): FunctionScaling | undefined {
  const { MinExecutionEnvironments: minimum, MaxExecutionEnvironments: maximum } = input ?? {};
  if (minimum === undefined && maximum === undefined) return undefined;
  return { ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) };
}

function awsScaling({ minimum, maximum }: FunctionScaling) {
  return {
    ...(minimum !== undefined && { MinExecutionEnvironments: minimum }),
    ...(maximum !== undefined && { MaxExecutionEnvironments: maximum }),
  };
}
