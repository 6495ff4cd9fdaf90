/** Which code signing configuration a function has: PutFunctionCodeSigningConfig, Get and Delete. */
import { configArn, idIn } from "./code-signing-configs.ts";
import { functionNotFound, unqualifiedTarget } from "./function-target.ts";
import type { LambdaFail, LambdaHandlers, LambdaOutput, ManagementContext } from "./lambda-api.ts";

export function functionCodeSigningHandlers({ catalog, codeSigning, fail }: ManagementContext) {
  return {
    async PutFunctionCodeSigningConfig(input, context) {
      const target = unqualifiedTarget(fail, context, "PutFunctionCodeSigningConfig", input.FunctionName);
      const { CodeSigningConfigArn: arn } = input;
      if ((await catalog.describe(target.name))?.packageType === "Image") refuseImage(fail);
      const outcome = await codeSigning.attach(target.name, idIn(arn, context));
      if (outcome === "no such configuration") attachedConfigNotFound(fail, arn);
      if (outcome === "no such function") functionNotFound(fail, target);
      return { CodeSigningConfigArn: arn, FunctionName: target.name };
    },

    async GetFunctionCodeSigningConfig(input, context) {
      const target = unqualifiedTarget(fail, context, "GetFunctionCodeSigningConfig", input.FunctionName);
      if (!(await catalog.describe(target.name))) functionNotFound(fail, target);
      const config = await codeSigning.of(target.name);
      // Recorded, though the model says that both members are always there.
      if (!config) return {} as LambdaOutput<"GetFunctionCodeSigningConfig">;
      return { CodeSigningConfigArn: configArn(context, config.id), FunctionName: target.name };
    },

    async DeleteFunctionCodeSigningConfig(input, context) {
      const target = unqualifiedTarget(fail, context, "DeleteFunctionCodeSigningConfig", input.FunctionName);
      if (!(await catalog.describe(target.name))) functionNotFound(fail, target);
      await codeSigning.detach(target.name);
      return {};
    },
  } satisfies LambdaHandlers;
}

/** @throws CodeSigningConfigNotFoundException always */
export function attachedConfigNotFound(fail: LambdaFail, arn: string): never {
  return fail(
    "CodeSigningConfigNotFoundException",
    `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${arn}.`,
  );
}

/** AWS documents that it is so; the text is not recorded. @throws InvalidParameterValueException always */
export function refuseImage(fail: LambdaFail): never {
  return fail("InvalidParameterValueException", "Code signing is not supported for functions with packageType Image.");
}
