/** PublishVersion and ListVersionsByFunction. */
import type { Change, VersionContent } from "../functions/catalog.ts";
import type { FunctionVersion } from "../functions/function-version.ts";
import { isUnsettled, pending } from "./activation.ts";
import { checkCodeStorage } from "./code-storage.ts";
import { withCapacity } from "./function-capacity.ts";
import { fullConfiguration, listedConfiguration } from "./function-configuration.ts";
import { functionNotFound, unqualifiedTarget } from "./function-target.ts";
import type { LambdaHandlers, ManagementContext } from "./lambda-api.ts";
import { pageSize, positionFrom, positionText, readMarker, writeMarker } from "./pagination.ts";
import { samePublication } from "./publication.ts";
import { checkPublishTo, publishLatest, replacedBy } from "./published-latest.ts";
import { checkRevision, checkSettled } from "./update-preconditions.ts";

type VersionContext = Pick<ManagementContext, "catalog" | "codeStorage" | "fail" | "activation" | "capacityProviders">;

export function versionHandlers(management: VersionContext) {
  const { catalog, codeStorage, fail, activation } = management;
  return {
    async PublishVersion(input, context) {
      const target = unqualifiedTarget(fail, context, "PublishVersion", input.FunctionName);
      const known = (await catalog.describe(target.name)) ?? functionNotFound(fail, target);
      checkPublishTo(fail, input.PublishTo, known.capacityProvider !== undefined);
      let unchanged: FunctionVersion | undefined;
      const replaced = await replacedBy(catalog, target.name, input.PublishTo);
      const left = (await codeStorage.left()) + replaced.bytes;
      const decide = (
        latest: FunctionVersion,
        newest: FunctionVersion | undefined,
        latestPublished: FunctionVersion | undefined,
      ): Change | undefined => {
        checkRevision(fail, latest, input.RevisionId);
        if (input.CodeSha256 !== undefined && input.CodeSha256 !== latest.codeSha256) {
          fail(
            "InvalidParameterValueException",
            `CodeSHA256 (${input.CodeSha256}) is different from current CodeSHA256 in $LATEST (${latest.codeSha256}). Please try again with the CodeSHA256 in $LATEST.`,
          );
        }
        checkSettled(fail, latest);
        const content: VersionContent = { ...latest, description: input.Description ?? latest.description };
        if (input.PublishTo) {
          const publication = publishLatest(fail, content, latestPublished);
          if (publication) checkCodeStorage(fail, latest.codeSize, left);
          else unchanged = latestPublished;
          return publication && { latest, ...publication };
        }
        if (newest && samePublication(latest, newest)) {
          unchanged = newest;
          return undefined;
        }
        checkCodeStorage(fail, latest.codeSize, left);
        // Of a version with SnapStart a snapshot is taken first.
        const wantsSnapshot = latest.snapStartApplyOn === "PublishedVersions";
        const ready = latest.state === "Active" && latest.lastUpdateStatus !== "Failed" && !wantsSnapshot;
        return { latest, publish: ready ? content : pending(content) };
      };
      const written = await withCapacity(management, context, known, 1 - replaced.versions, () =>
        catalog.update(target.name, decide),
      );
      if (written?.published && isUnsettled(written.published)) activation.start(written.published);
      const published = written?.published ?? unchanged;
      if (!published) return functionNotFound(fail, target);
      return fullConfiguration(published, context, published.version);
    },

    async ListVersionsByFunction(input, context) {
      const target = unqualifiedTarget(fail, context, "ListVersionsByFunction", input.FunctionName);
      const list = `versions of ${target.name}`;
      const after = positionFrom(readMarker(fail, list, input.Marker));
      const page = await catalog.listing.versions(target.name, {
        ...(after && { after }),
        limit: pageSize(input.MaxItems),
      });
      // Every function has its $LATEST: nothing on the first page means that there is no function.
      if (page.versions.length === 0 && !(await catalog.describe(target.name))) return functionNotFound(fail, target);
      return {
        Versions: page.versions.map((version) => listedConfiguration(version, context, version.version)),
        ...writeMarker(list, page.next && positionText(page.next)),
      };
    },
  } satisfies LambdaHandlers;
}
