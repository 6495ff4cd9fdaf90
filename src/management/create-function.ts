/** CreateFunction. */
import { attachWithin, type CodeSigningConfig } from "../functions/code-signing-configs.ts";
import { functionArn } from "../functions/function-name.ts";
import { offsetTimestamp } from "../state/clock.ts";
import { pending } from "./activation.ts";
import { admitCode, admitLayers } from "./code-admission.ts";
import { configArn, idIn } from "./code-signing-configs.ts";
import { checkCodeStorage } from "./code-storage.ts";
import { checkUnzippedSize, fetchedCode, givenCode, withStoredCode, zippedSize } from "./deployment-package.ts";
import { capacityFrom, withCapacity } from "./function-capacity.ts";
import { attachedConfigNotFound, refuseImage } from "./function-code-signing.ts";
import { fullConfiguration, runtimeVersionArn } from "./function-configuration.ts";
import { resolveLayers } from "./function-layers.ts";
import { checkConfiguration, checkNewFunction, checkSettings } from "./function-rules.ts";
import { newConfiguration } from "./function-settings.ts";
import { unqualifiedTarget } from "./function-target.ts";
import type { CallContext, LambdaHandlers, LambdaInput, ManagementContext } from "./lambda-api.ts";
import { checkPublishTo, LATEST_PUBLISHED } from "./published-latest.ts";

export function createFunctionHandlers(management: ManagementContext) {
  const { catalog, codeStore, codeStorage, codeSigning, clock, fail, activation } = management;

  /** The code signing configuration that the new function is to have. @throws ServiceError */
  async function signingConfig(
    context: CallContext,
    { CodeSigningConfigArn: arn, PackageType: packageType }: LambdaInput<"CreateFunction">,
  ): Promise<CodeSigningConfig | undefined> {
    if (!arn) return undefined;
    if (packageType === "Image") refuseImage(fail);
    return (await codeSigning.get(idIn(arn, context))) ?? attachedConfigNotFound(fail, arn);
  }

  return {
    async CreateFunction(input, context) {
      const { name } = unqualifiedTarget(fail, context, "CreateFunction", input.FunctionName);
      checkNewFunction(fail, name, input);
      checkSettings(fail, context, input);
      const configuration = newConfiguration(name, input, capacityFrom(context, input));
      checkConfiguration(fail, configuration);
      checkPublishTo(fail, input.PublishTo, configuration.capacityProvider !== undefined);
      const publishes = input.Publish === true || input.PublishTo !== undefined;
      const named = givenCode(fail, configuration.packageType, input.Code);
      const signing = await signingConfig(context, input);
      const arn = functionArn(context, name);
      const admit = (zip: Uint8Array) => admitCode(management, zip, arn, signing);
      const taken = (): never => fail("ResourceConflictException", `Function already exist: ${name}`);
      if (await catalog.describe(name)) taken();
      const layers = (await resolveLayers(management, context, input.Layers)) ?? [];
      await admitLayers(management, context, layers, signing);
      const given = await fetchedCode(management, context, named, configuration.architecture);
      checkCodeStorage(fail, zippedSize(given) * (publishes ? 2 : 1), await codeStorage.left());

      const written = await withStoredCode(fail, codeStore, given, admit, async (code) => {
        if (layers.length > 0) checkUnzippedSize(fail, await codeStore.unzippedSize(code.codeSha256), layers);
        const latest = pending({
          ...configuration,
          ...(layers.length > 0 && { layers }),
          ...code,
          lastModified: offsetTimestamp(clock.now()),
          state: "Pending",
          ...(input.Runtime !== undefined && { runtimeVersionArn: runtimeVersionArn(context, input.Runtime) }),
        });
        const attach = async (transaction: Parameters<typeof attachWithin>[0]) => {
          if (signing && !(await attachWithin(transaction, name, signing.id))) {
            attachedConfigNotFound(fail, configArn(context, signing.id));
          }
        };
        const change = {
          latest,
          ...(publishes && { publish: latest }),
          ...(input.PublishTo && ({ publishTo: LATEST_PUBLISHED } as const)),
        };
        return withCapacity(management, context, configuration, publishes ? 2 : 1, () =>
          catalog.create(name, change, input.Tags ?? {}, attach),
        );
      });
      if (!written) return taken();
      activation.start(written.latest);
      if (written.published) activation.start(written.published);
      return fullConfiguration(written.published ?? written.latest, context);
    },
  } satisfies LambdaHandlers;
}
