/** UpdateFunctionCode and UpdateFunctionConfiguration: changes of `$LATEST`. */
import type { Change } from "../functions/catalog.ts";
import type { FunctionVersion } from "../functions/function-version.ts";
import { offsetTimestamp } from "../state/clock.ts";
import { IN_PROGRESS, pending } from "./activation.ts";
import { admitCode, admitLayers } from "./code-admission.ts";
import { checkCodeStorage } from "./code-storage.ts";
import { newCodeRefusal, zipMembersRefusal } from "./container-image.ts";
import {
  checkUnzippedSize,
  fetchedCode,
  givenCode,
  type VersionCode,
  withStoredCode,
  zippedSize,
} from "./deployment-package.ts";
import { capacityFrom, withCapacity } from "./function-capacity.ts";
import { fullConfiguration, runtimeVersionArn } from "./function-configuration.ts";
import { resolveLayers } from "./function-layers.ts";
import { checkConfiguration, checkSettings } from "./function-rules.ts";
import { changedConfiguration } from "./function-settings.ts";
import { functionNotFound, unqualifiedTarget } from "./function-target.ts";
import type { LambdaHandlers, LambdaInput, ManagementContext } from "./lambda-api.ts";
import { samePublication } from "./publication.ts";
import { checkPublishTo, publishLatest, replacedBy } from "./published-latest.ts";
import { checkRevision, checkSettled, failUpdating } from "./update-preconditions.ts";

export function updateFunctionHandlers(management: ManagementContext) {
  const { catalog, codeStore, codeStorage, codeSigning, clock, fail, activation } = management;

  function checkUpdatable(latest: FunctionVersion, revisionId: string | undefined): void {
    checkRevision(fail, latest, revisionId);
    checkSettled(fail, latest);
  }

  function withCode(input: LambdaInput<"UpdateFunctionCode">, code: VersionCode, before: FunctionVersion) {
    const architecture = (input.Architectures?.[0] ?? before.architecture) as FunctionVersion["architecture"];
    const { sourceKmsKeyArn: _, signingProfileVersionArn: __, signingJobArn: ___, ...kept } = before;
    return { ...kept, ...code, architecture };
  }

  function refuse(message: string | undefined): void {
    if (message !== undefined) fail("InvalidParameterValueException", message);
  }

  return {
    async UpdateFunctionCode(input, context) {
      const target = unqualifiedTarget(fail, context, "UpdateFunctionCode", input.FunctionName);
      const named = givenCode(fail, input.ImageUri === undefined ? "Zip" : "Image", input);
      const known = (await catalog.describe(target.name)) ?? functionNotFound(fail, target);
      checkPublishTo(fail, input.PublishTo, known.capacityProvider !== undefined);
      refuse(newCodeRefusal(known.packageType, input));
      checkUpdatable(known, input.RevisionId);

      const architecture = input.Architectures?.[0] ?? known.architecture;
      const given = await fetchedCode(management, context, named, architecture as typeof known.architecture);
      const publishes = input.Publish === true || input.PublishTo !== undefined;
      const replaced = await replacedBy(catalog, target.name, input.PublishTo);
      const added = zippedSize(given) * (publishes ? 2 : 1);
      checkCodeStorage(fail, added - known.codeSize - replaced.bytes, await codeStorage.left());
      const signing = await codeSigning.of(target.name);
      const admit = (zip: Uint8Array) => admitCode(management, zip, known.functionArn, signing);
      return withStoredCode(fail, codeStore, given, admit, async (code) => {
        const bytes = "zip" in given ? await codeStore.unzippedSize(code.codeSha256) : 0;
        checkUnzippedSize(fail, bytes, known.layers);
        if (input.DryRun) return fullConfiguration(withCode(input, code, known), context);
        let unchanged: FunctionVersion | undefined;
        const decide = (
          before: FunctionVersion,
          newest: FunctionVersion | undefined,
          latestPublished: FunctionVersion | undefined,
        ): Change => {
          checkUpdatable(before, input.RevisionId);
          // Another function may have taken the name meanwhile.
          refuse(newCodeRefusal(before.packageType, input));
          checkUnzippedSize(fail, bytes, before.layers);
          const lastModified = offsetTimestamp(clock.now());
          const latest = { ...withCode(input, code, before), ...IN_PROGRESS, lastModified };
          if (!publishes) return { latest };
          if (input.PublishTo) {
            const publication = publishLatest(fail, latest, latestPublished);
            if (!publication) unchanged = latestPublished;
            return { latest, ...publication };
          }
          if (newest && samePublication(latest, newest)) {
            unchanged = newest;
            return { latest };
          }
          return { latest, publish: pending(latest) };
        };
        const written = await withCapacity(
          management,
          context,
          withCode(input, code, known),
          publishes ? 1 - replaced.versions : 0,
          () => catalog.update(target.name, decide),
        );
        if (!written) return functionNotFound(fail, target);
        activation.start(written.latest);
        if (written.published) activation.start(written.published);
        const published = written.published ?? unchanged;
        return published
          ? fullConfiguration(published, context, published.version)
          : fullConfiguration(written.latest, context);
      });
    },

    async UpdateFunctionConfiguration(input, context) {
      const target = unqualifiedTarget(fail, context, "UpdateFunctionConfiguration", input.FunctionName);
      checkSettings(fail, context, input);
      const known = (await catalog.describe(target.name)) ?? functionNotFound(fail, target);
      refuse(zipMembersRefusal(known.packageType, input));
      checkUpdatable(known, input.RevisionId);
      const layers = await resolveLayers(management, context, input.Layers);
      if (layers?.length) await admitLayers(management, context, layers, await codeSigning.of(target.name));
      if (layers?.length) checkUnzippedSize(fail, await codeStore.unzippedSize(known.codeSha256), layers);
      const capacityProvider = capacityFrom(context, input);
      const refuseNewKind = (function_: FunctionVersion): void => {
        if (input.DurableConfig && !function_.durable) {
          refuse("DurableConfig can only be provided when the function is created.");
        }
        if (!capacityProvider || function_.capacityProvider) return;
        refuse("CapacityProviderConfig can only be provided when the function is created.");
      };
      refuseNewKind(known);
      const moves = capacityProvider !== undefined && capacityProvider.name !== known.capacityProvider?.name;
      const decide = (before: FunctionVersion): Change => {
        checkUpdatable(before, input.RevisionId);
        refuse(zipMembersRefusal(before.packageType, input));
        refuseNewKind(before);
        // The layers were weighed with other code than it has by now.
        if (layers?.length && before.codeSha256 !== known.codeSha256) failUpdating(fail, before);
        const configuration = {
          ...changedConfiguration(before, input, layers),
          ...(capacityProvider && { capacityProvider }),
        };
        checkConfiguration(fail, configuration);
        return {
          latest: {
            ...configuration,
            ...IN_PROGRESS,
            ...(input.Runtime !== undefined && { runtimeVersionArn: runtimeVersionArn(context, input.Runtime) }),
            lastModified: offsetTimestamp(clock.now()),
          },
        };
      };
      const written = await withCapacity(
        management,
        context,
        { ...known, ...(capacityProvider && { capacityProvider }) },
        moves ? 1 : 0,
        () => catalog.update(target.name, decide),
      );
      if (!written) return functionNotFound(fail, target);
      activation.start(written.latest);
      return fullConfiguration(written.latest, context);
    },
  } satisfies LambdaHandlers;
}
