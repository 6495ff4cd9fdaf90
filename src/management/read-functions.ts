/** GetFunction, GetFunctionConfiguration, ListFunctions and GetAccountSettings. */
import type { FunctionVersion } from "../functions/function-version.ts";
import { MAX_UNZIPPED_BYTES } from "../functions/unzip.ts";
import { parseImageUri } from "./container-image.ts";
import { fullConfiguration, listedConfiguration } from "./function-configuration.ts";
import { functionNotFound, functionTarget } from "./function-target.ts";
import type { LambdaHandlers, LambdaOutput, ManagementContext } from "./lambda-api.ts";
import { pageSize, positionFrom, positionText, readMarker, writeMarker } from "./pagination.ts";

const ZIPPED_BYTES = 52_428_800;

export function readFunctionHandlers(management: ManagementContext) {
  const { catalog, codeStorage, fail, codeUrl, account } = management;

  function codeLocation(version: FunctionVersion, endpoint: string): LambdaOutput<"GetFunction">["Code"] {
    const { imageUri, codeSha256, sourceKmsKeyArn: key } = version;
    if (imageUri === undefined) {
      const location = { RepositoryType: "S3", Location: codeUrl(codeSha256, endpoint) };
      return { ...location, ...(key !== undefined && { SourceKMSKeyArn: key }) };
    }
    // Only what the owner pinned is resolved as long as no image is fetched.
    const resolved = codeSha256 !== "" && { ResolvedImageUri: `${parseImageUri(imageUri)?.name}@sha256:${codeSha256}` };
    return { RepositoryType: "ECR", ImageUri: imageUri, ...resolved };
  }

  return {
    async GetFunction(input, context) {
      const target = functionTarget(fail, context, "GetFunction", input.FunctionName, input.Qualifier);
      const version = (await catalog.describe(target.name, target.qualifier)) ?? functionNotFound(fail, target);
      const tags = target.qualifier === undefined ? await catalog.tags(target.name) : {};
      const reserved = await account.reserved.get(target.name);
      return {
        Configuration: fullConfiguration(version, context, target.qualifier),
        Code: codeLocation(version, context.endpoint),
        ...(tags && Object.keys(tags).length > 0 && { Tags: tags }),
        ...(reserved && { Concurrency: { ReservedConcurrentExecutions: reserved.executions } }),
      };
    },

    async GetFunctionConfiguration(input, context) {
      const target = functionTarget(fail, context, "GetFunctionConfiguration", input.FunctionName, input.Qualifier);
      const version = (await catalog.describe(target.name, target.qualifier)) ?? functionNotFound(fail, target);
      return fullConfiguration(version, context, target.qualifier);
    },

    async ListFunctions(input, context) {
      const allVersions = input.FunctionVersion === "ALL";
      // Lambda@Edge: functions that other regions replicate to here. Nothing is replicated, so `ALL` alone lists any.
      if (input.MasterRegion !== undefined && !allVersions) {
        fail("InvalidParameterValueException", "FunctionVersion must be ALL when MasterRegion is given.");
      }
      const list = allVersions ? "functions with all versions" : "functions";
      const after = positionFrom(readMarker(fail, list, input.Marker));
      if (input.MasterRegion !== undefined && input.MasterRegion !== "ALL") return { Functions: [] };
      const limit = pageSize(input.MaxItems);
      const page = await catalog.listing.functions({ ...(after && { after }), limit, allVersions });
      return {
        Functions: page.versions.map((version) =>
          listedConfiguration(version, context, allVersions ? version.version : undefined),
        ),
        ...writeMarker(list, page.next && positionText(page.next)),
      };
    },

    async GetAccountSettings() {
      const { functionCount } = await catalog.listing.usage();
      const claims = await account.claims();
      return {
        AccountLimit: {
          TotalCodeSize: codeStorage.limit,
          CodeSizeUnzipped: MAX_UNZIPPED_BYTES,
          CodeSizeZipped: ZIPPED_BYTES,
          ConcurrentExecutions: account.limit,
          UnreservedConcurrentExecutions: claims.unreserved(),
        },
        AccountUsage: { TotalCodeSize: await codeStorage.used(), FunctionCount: functionCount },
      };
    },
  } satisfies LambdaHandlers;
}
