/** Layers: publish, get, list, delete. Their policies are in layer-policy.ts, what functions make of them in function-layers.ts. */
import { layerArn, parseLayerVersionArn } from "../functions/layer-name.ts";
import type { LayerVersion } from "../functions/layer-tables.ts";
import { PRINTED_RUNTIMES, unknownRuntimes } from "../functions/runtime-names.ts";
import { offsetTimestamp } from "../state/clock.ts";
import { admitCode, signedBy } from "./code-admission.ts";
import { checkCodeStorage } from "./code-storage.ts";
import { fetchedCode, givenCode, LAYER_CONTENT, withStoredCode, zippedSize } from "./deployment-package.ts";
import type { CallContext, LambdaFail, LambdaHandlers, ManagementContext } from "./lambda-api.ts";
import { checkOurs, layerTarget, layerVersionTarget } from "./layer-target.ts";
import { pageOf, pageSize, readMarker, writeMarker } from "./pagination.ts";

export function layerHandlers(management: ManagementContext) {
  const { layers, codeStore, codeStorage, clock, fail, codeUrl } = management;

  function full(version: LayerVersion, context: CallContext) {
    return {
      Content: {
        Location: codeUrl(version.codeSha256, context.endpoint),
        CodeSha256: version.codeSha256,
        CodeSize: version.codeSize,
        ...signedBy(version),
      },
      LayerArn: layerArn(context, version.layerName),
      ...listed(version, context),
    };
  }

  async function found(context: CallContext, layerName: string, version: number) {
    const known = await layers.find(layerName, version);
    if (!known) return fail("ResourceNotFoundException", "The resource you requested does not exist.");
    return full(known, context);
  }

  return {
    async PublishLayerVersion(input, context) {
      const { name } = layerTarget(fail, context, "PublishLayerVersion", input.LayerName);
      checkRuntimes(fail, "compatibleRuntimes", input.CompatibleRuntimes, (list) => `[${list.join(", ")}]`);
      const given = await fetchedCode(management, context, givenCode(fail, "Zip", input.Content, LAYER_CONTENT));
      checkCodeStorage(fail, zippedSize(given), await codeStorage.left());
      const arn = layerArn(context, name);
      // Layers are judged when functions refer to them; here it is only told who signed.
      const admit = (zip: Uint8Array) => admitCode(management, zip, arn, undefined);
      const published = await withStoredCode(fail, codeStore, given, admit, async (code) =>
        layers.publish(name, {
          codeSha256: code.codeSha256,
          codeSize: code.codeSize,
          unzippedSize: await codeStore.unzippedSize(code.codeSha256),
          ...(code.signingProfileVersionArn !== undefined && {
            signingProfileVersionArn: code.signingProfileVersionArn,
          }),
          ...(code.signingJobArn !== undefined && { signingJobArn: code.signingJobArn }),
          description: input.Description ?? "",
          createdDate: offsetTimestamp(clock.now()),
          ...(input.CompatibleRuntimes && { compatibleRuntimes: input.CompatibleRuntimes }),
          ...(input.CompatibleArchitectures && { compatibleArchitectures: input.CompatibleArchitectures }),
          ...(input.LicenseInfo !== undefined && { licenseInfo: input.LicenseInfo }),
        }),
      );
      return full(published, context);
    },

    async GetLayerVersion(input, context) {
      const target = layerVersionTarget(fail, context, "GetLayerVersion", input.LayerName, input.VersionNumber);
      return found(context, target.name, target.version);
    },

    async GetLayerVersionByArn(input, context) {
      const layer = parseLayerVersionArn(input.Arn);
      // A layer of AWS's own, or a number that no version has.
      if (!layer) return fail("ResourceNotFoundException", "The resource you requested does not exist.");
      checkOurs(fail, context, "GetLayerVersion", layer, input.Arn);
      const target = layerVersionTarget(fail, context, "GetLayerVersion", layer.name, layer.version);
      return found(context, target.name, target.version);
    },

    async ListLayers(input, context) {
      const filter = checkedFilter(fail, input);
      const list = `layers ${JSON.stringify(filter)}`;
      const after = readMarker(fail, list, input.Marker);
      const limit = pageSize(input.MaxItems);
      const newest = await layers.newest({ filter, after, limit: limit + 1 });
      const { items, next } = pageOf(newest, limit, ({ layerName }) => layerName);
      return {
        Layers: items.map((version) => ({
          LayerName: version.layerName,
          LayerArn: layerArn(context, version.layerName),
          LatestMatchingVersion: listed(version, context),
        })),
        ...writeMarker(list, next),
      };
    },

    async ListLayerVersions(input, context) {
      const { name } = layerTarget(fail, context, "ListLayerVersions", input.LayerName);
      const filter = checkedFilter(fail, input);
      const list = `versions of layer ${name} ${JSON.stringify(filter)}`;
      const marker = readMarker(fail, list, input.Marker);
      const limit = pageSize(input.MaxItems);
      const before = marker === undefined ? undefined : Number(marker);
      const versions = await layers.versions(name, { filter, before, limit: limit + 1 });
      const { items, next } = pageOf(versions, limit, ({ version }) => String(version));
      return { LayerVersions: items.map((version) => listed(version, context)), ...writeMarker(list, next) };
    },

    async DeleteLayerVersion(input, context) {
      const target = layerVersionTarget(fail, context, "DeleteLayerVersion", input.LayerName, input.VersionNumber);
      await layers.delete(target.name, target.version);
      return {};
    },
  } satisfies LambdaHandlers;
}

function listed(version: LayerVersion, context: CallContext) {
  return {
    LayerVersionArn: layerArn(context, version.layerName, version.version),
    Version: version.version,
    Description: version.description,
    CreatedDate: version.createdDate,
    ...(version.compatibleArchitectures && { CompatibleArchitectures: [...version.compatibleArchitectures] }),
    ...(version.compatibleRuntimes && { CompatibleRuntimes: [...version.compatibleRuntimes] }),
    ...(version.licenseInfo !== undefined && { LicenseInfo: version.licenseInfo }),
  };
}

interface FilterInput {
  readonly CompatibleRuntime?: string | undefined;
  readonly CompatibleArchitecture?: string | undefined;
}

function checkedFilter(fail: LambdaFail, { CompatibleRuntime: runtime, CompatibleArchitecture }: FilterInput) {
  checkRuntimes(fail, "compatibleRuntime", runtime === undefined ? [] : [runtime], String);
  return { runtime, architecture: CompatibleArchitecture };
}

/** What the model's enum says, which wire leaves to the service (recorded; contract/06 §3). */
function checkRuntimes(
  fail: LambdaFail,
  path: string,
  runtimes: readonly string[] = [],
  print: (runtimes: readonly string[]) => string,
): void {
  if (unknownRuntimes(runtimes).length === 0) return;
  fail(
    "ValidationException",
    `1 validation error detected: Value '${print(runtimes)}' at '${path}' failed to satisfy constraint: Member must satisfy enum value set: ${PRINTED_RUNTIMES}`,
  );
}
