/** CreateCodeSigningConfig, Get, Update, Delete and List, ListFunctionsByCodeSigningConfig, and the tags of configurations. */
import type { CodeSigningConfig } from "../functions/code-signing-configs.ts";
import { functionArn, type Place, partitionOf } from "../functions/function-name.ts";
import { offsetTimestamp } from "../state/clock.ts";
import { newHexId } from "../state/ids.ts";
import { checkTags } from "./function-rules.ts";
import type { CallContext, LambdaFail, LambdaHandlers, ManagementContext } from "./lambda-api.ts";
import { pageOf, pageSize, readMarker, writeMarker } from "./pagination.ts";
import type { TaggedResource } from "./tagged-resource.ts";

const CONFIGS = "code signing configs";

export function codeSigningConfigHandlers({ codeSigning, clock, fail }: ManagementContext) {
  return {
    async CreateCodeSigningConfig(input, context) {
      const tags = input.Tags ?? {};
      checkTags(fail, tags);
      const config: CodeSigningConfig = {
        id: `csc-${newHexId(9).slice(0, 17)}`,
        ...(input.Description !== undefined && { description: input.Description }),
        profileVersionArns: input.AllowedPublishers.SigningProfileVersionArns,
        untrusted: untrustedOf(input.CodeSigningPolicies) ?? "Warn",
        lastModified: offsetTimestamp(clock.now()),
      };
      await codeSigning.create(config, tags);
      return { CodeSigningConfig: shown(config, context) };
    },

    async GetCodeSigningConfig(input, context) {
      const config = await codeSigning.get(idIn(input.CodeSigningConfigArn, context));
      if (!config) return configNotFound(fail, input.CodeSigningConfigArn);
      return { CodeSigningConfig: shown(config, context) };
    },

    async UpdateCodeSigningConfig(input, context) {
      const { Description: description, AllowedPublishers: publishers } = input;
      const changed = await codeSigning.change(idIn(input.CodeSigningConfigArn, context), (before) => ({
        ...before,
        ...(description !== undefined && { description }),
        profileVersionArns: publishers?.SigningProfileVersionArns ?? before.profileVersionArns,
        untrusted: untrustedOf(input.CodeSigningPolicies) ?? before.untrusted,
        lastModified: offsetTimestamp(clock.now()),
      }));
      if (!changed) return configNotFound(fail, input.CodeSigningConfigArn);
      return { CodeSigningConfig: shown(changed, context) };
    },

    async DeleteCodeSigningConfig(input, context) {
      const outcome = await codeSigning.delete(idIn(input.CodeSigningConfigArn, context));
      if (outcome === "missing") configNotFound(fail, input.CodeSigningConfigArn);
      if (outcome === "in use") {
        // The text is not recorded.
        fail(
          "ResourceConflictException",
          `The code signing configuration ${input.CodeSigningConfigArn} is in use by one or more functions.`,
        );
      }
      return {};
    },

    async ListCodeSigningConfigs(input, context) {
      const size = pageSize(input.MaxItems);
      const fetched = await codeSigning.list({ after: readMarker(fail, CONFIGS, input.Marker), limit: size + 1 });
      const page = pageOf(fetched, size, ({ id }) => id);
      return {
        CodeSigningConfigs: page.items.map((config) => shown(config, context)),
        ...writeMarker(CONFIGS, page.next),
      };
    },

    async ListFunctionsByCodeSigningConfig(input, context) {
      const id = idIn(input.CodeSigningConfigArn, context);
      if (!(await codeSigning.get(id))) return configNotFound(fail, input.CodeSigningConfigArn);
      const list = `functions of ${id}`;
      const size = pageSize(input.MaxItems);
      const after = readMarker(fail, list, input.Marker);
      const page = pageOf(await codeSigning.functions(id, { after, limit: size + 1 }), size, (name) => name);
      return {
        FunctionArns: page.items.map((name) => functionArn(context, name)),
        ...writeMarker(list, page.next),
      };
    },
  } satisfies LambdaHandlers;
}

export function codeSigningConfigTags(
  { codeSigning, fail }: ManagementContext,
  context: CallContext,
  _operation: string,
  arn: string,
): TaggedResource {
  const id = idIn(arn, context);
  return {
    read: () => codeSigning.tags(id),
    change: (decide) => codeSigning.changeTags(id, decide),
    notFound: () => configNotFound(fail, arn),
  };
}

export function configArn({ region, accountId }: Place, id: string): string {
  return `arn:${partitionOf(region)}:lambda:${region}:${accountId}:code-signing-config:${id}`;
}

/** The id in the ARN; of another region's or account's one that nothing here has. */
export function idIn(arn: string, place: Place): string {
  const id = arn.split(":")[6] ?? "";
  return arn === configArn(place, id) ? id : "";
}

/** @throws ResourceNotFoundException always */
function configNotFound(fail: LambdaFail, arn: string): never {
  return fail("ResourceNotFoundException", `The Lambda code signing configuration ${arn} can not be found.`);
}

function untrustedOf(policies: { UntrustedArtifactOnDeployment?: string | undefined } | undefined) {
  return policies?.UntrustedArtifactOnDeployment as CodeSigningConfig["untrusted"] | undefined;
}

function shown(config: CodeSigningConfig, place: Place) {
  return {
    CodeSigningConfigId: config.id,
    CodeSigningConfigArn: configArn(place, config.id),
    ...(config.description !== undefined && { Description: config.description }),
    AllowedPublishers: { SigningProfileVersionArns: [...config.profileVersionArns] },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: config.untrusted },
    LastModified: config.lastModified,
  };
}
