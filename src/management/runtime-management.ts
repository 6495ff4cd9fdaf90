/**
 * GetRuntimeManagementConfig and PutRuntimeManagementConfig: when a version gets a newer runtime. There is one build of each
 * runtime in a release of Alonzo, so Manual can name that one only.
 */
import type { FunctionVersion } from "../functions/function-version.ts";
import { runtimeVersionArn } from "./function-configuration.ts";
import { type FunctionTarget, functionNotFound, functionTarget } from "./function-target.ts";
import type { CallContext, LambdaHandlers, LambdaInput, ManagementContext } from "./lambda-api.ts";

interface RuntimeManagement {
  readonly updateRuntimeOn: "Auto" | "FunctionUpdate" | "Manual";
  /** With Manual only. */
  readonly runtimeVersionArn?: string;
}

export function runtimeManagementHandlers({ catalog, fail }: ManagementContext) {
  const settings = catalog.settings<RuntimeManagement>("runtimeManagement");

  async function find(
    context: CallContext,
    operation: string,
    input: LambdaInput<"GetRuntimeManagementConfig">,
  ): Promise<{ target: FunctionTarget; version: FunctionVersion }> {
    const target = functionTarget(fail, context, operation, input.FunctionName, input.Qualifier);
    // Texts of this operation's own refusals are not recorded.
    if (!/^(\d+|\$LATEST(\.PUBLISHED)?)$/.test(target.qualifier ?? "$LATEST")) {
      fail(
        "InvalidParameterValueException",
        "Runtime management configuration is supported for function versions only. Please specify $LATEST or a version number.",
      );
    }
    const version = await catalog.describe(target.name, target.qualifier);
    return { target, version: version ?? functionNotFound(fail, target) };
  }

  function manualArn(context: CallContext, version: FunctionVersion, given: string | undefined): string {
    const refuse = (message: string): never => fail("InvalidParameterValueException", message);
    if (given === undefined) return refuse("RuntimeVersionArn must be provided when UpdateRuntimeOn is Manual.");
    const { runtime } = version;
    if (runtime !== undefined && given === runtimeVersionArn(context, runtime)) return given;
    return refuse(`The runtime version ${given} is not available for runtime ${runtime}.`);
  }

  return {
    async GetRuntimeManagementConfig(input, context) {
      const { target } = await find(context, "GetRuntimeManagementConfig", input);
      const kept = await settings.get(target.name, target.qualifier);
      return shown(kept ?? { updateRuntimeOn: "Auto" }, target);
    },

    async PutRuntimeManagementConfig(input, context) {
      const { target, version } = await find(context, "PutRuntimeManagementConfig", input);
      const updateRuntimeOn = input.UpdateRuntimeOn as RuntimeManagement["updateRuntimeOn"];
      if (updateRuntimeOn !== "Manual" && input.RuntimeVersionArn !== undefined) {
        fail(
          "InvalidParameterValueException",
          `RuntimeVersionArn must not be provided when UpdateRuntimeOn is ${updateRuntimeOn}.`,
        );
      }
      const wanted: RuntimeManagement = {
        updateRuntimeOn,
        ...(updateRuntimeOn === "Manual" && {
          runtimeVersionArn: manualArn(context, version, input.RuntimeVersionArn),
        }),
      };
      const written = await settings.change(target.name, target.qualifier ?? "$LATEST", () => wanted);
      if (!written) return functionNotFound(fail, target);
      return shown(wanted, target);
    },
  } satisfies LambdaHandlers;
}

function shown({ updateRuntimeOn, runtimeVersionArn: arn }: RuntimeManagement, target: FunctionTarget) {
  return {
    UpdateRuntimeOn: updateRuntimeOn,
    FunctionArn: target.arn,
    ...(arn !== undefined && { RuntimeVersionArn: arn }),
  };
}
