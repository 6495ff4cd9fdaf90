/** CreateAlias, GetAlias, UpdateAlias, DeleteAlias and ListAliases. Rules and texts: contract/06 §1. */
import type { Alias, AliasContent, AliasWritten } from "../functions/aliases.ts";
import { functionArn, type Place } from "../functions/function-name.ts";
import { functionNotFound, unqualifiedTarget } from "./function-target.ts";
import type { LambdaFail, LambdaHandlers, LambdaInput, LambdaOutput, ManagementContext } from "./lambda-api.ts";
import { pageOf, pageSize, readMarker, writeMarker } from "./pagination.ts";
import { refuseProvisionedMove } from "./provisioned-versions.ts";
import { checkRevision } from "./update-preconditions.ts";

type RoutingConfig = LambdaInput<"CreateAlias">["RoutingConfig"];

export function aliasHandlers(management: ManagementContext) {
  const { account, catalog, fail } = management;
  const { aliases } = catalog;

  return {
    async CreateAlias(input, context) {
      const { name } = unqualifiedTarget(fail, context, "CreateAlias", input.FunctionName);
      const arn = functionArn(context, name, input.Name);
      const additional = additionalVersion(fail, input.RoutingConfig);
      const content = {
        functionVersion: input.FunctionVersion,
        description: input.Description ?? "",
        ...(additional && { additional }),
      };
      checkRouting(fail, content);
      const written = await aliases.create(name, input.Name, content);
      if (written.kind === "taken") fail("ResourceConflictException", `Alias already exists: ${arn}`);
      return aliasConfiguration(writtenAlias(fail, context, name, written), context);
    },

    async GetAlias(input, context) {
      const { name } = unqualifiedTarget(fail, context, "GetAlias", input.FunctionName);
      const alias = await aliases.get(name, input.Name);
      const arn = functionArn(context, name, input.Name);
      if (!alias) return fail("ResourceNotFoundException", `Cannot find alias arn: ${arn}`);
      return aliasConfiguration(alias, context);
    },

    async UpdateAlias(input, context) {
      const { name } = unqualifiedTarget(fail, context, "UpdateAlias", input.FunctionName);
      const arn = functionArn(context, name, input.Name);
      const routing = additionalVersion(fail, input.RoutingConfig);
      const change = (before: Alias): AliasContent => {
        checkRevision(fail, before, input.RevisionId);
        const additional = input.RoutingConfig === undefined ? before.additional : routing;
        const content = {
          functionVersion: input.FunctionVersion ?? before.functionVersion,
          description: input.Description ?? before.description,
          ...(additional && { additional }),
        };
        checkRouting(fail, content);
        return content;
      };
      const { FunctionVersion: moved } = input;
      const written = await account.inTurn(async () => {
        if (moved !== undefined) await refuseProvisionedMove(management, name, input.Name, moved);
        return aliases.change(name, input.Name, change);
      });
      if (written.kind === "missing") fail("ResourceNotFoundException", `Alias not found: ${arn}`);
      return aliasConfiguration(writtenAlias(fail, context, name, written), context);
    },

    async DeleteAlias(input, context) {
      const target = unqualifiedTarget(fail, context, "DeleteAlias", input.FunctionName);
      const isDeleted = await aliases.delete(target.name, input.Name);
      // An alias that is not there is as good as deleted, a function is not.
      if (!isDeleted && !(await catalog.describe(target.name))) return functionNotFound(fail, target);
      return {};
    },

    async ListAliases(input, context) {
      const target = unqualifiedTarget(fail, context, "ListAliases", input.FunctionName);
      const version = input.FunctionVersion;
      const list = `aliases of ${target.name}${version === undefined ? "" : `, version ${version}`}`;
      const after = readMarker(fail, list, input.Marker);
      const size = pageSize(input.MaxItems);
      const fetched = await aliases.list(target.name, { version, after, limit: size + 1 });
      if (fetched.length === 0 && !(await catalog.describe(target.name))) return functionNotFound(fail, target);
      const { items, next } = pageOf(fetched, size, (alias) => alias.name);
      return { Aliases: items.map((alias) => aliasConfiguration(alias, context)), ...writeMarker(list, next) };
    },
  } satisfies LambdaHandlers;
}

function aliasConfiguration(alias: Alias, place: Place): LambdaOutput<"GetAlias"> {
  const { additional } = alias;
  return {
    AliasArn: functionArn(place, alias.functionName, alias.name),
    Name: alias.name,
    FunctionVersion: alias.functionVersion,
    Description: alias.description,
    ...(additional && { RoutingConfig: { AdditionalVersionWeights: { [additional.version]: additional.weight } } }),
    RevisionId: alias.revisionId,
  };
}

/** Undefined when the configuration names no version. */
function additionalVersion(fail: LambdaFail, routing: RoutingConfig): AliasContent["additional"] {
  const weights = Object.entries(routing?.AdditionalVersionWeights ?? {});
  if (weights.length > 1) {
    fail("InvalidParameterValueException", "Number of items in AdditionalVersionWeights cannot be greater than 1");
  }
  const [first] = weights;
  return first && { version: first[0], weight: first[1] };
}

/** @throws ServiceError when the alias may not route to these two versions */
function checkRouting(fail: LambdaFail, { functionVersion: main, additional }: AliasContent): void {
  if (!additional) return;
  if (additional.version === main) {
    fail(
      "InvalidParameterValueException",
      `Invalid function version ${main}. Function version ${main} is already included in routing configuration.`,
    );
  }
  if (main === "$LATEST") {
    fail("InvalidParameterValueException", "$LATEST is not supported for an alias pointing to more than 1 version");
  }
}

/** The alias, or the refusal of a version that does not exist: nor does one of a function that does not. */
function writtenAlias(fail: LambdaFail, place: Place, functionName: string, written: AliasWritten): Alias {
  if (written.kind === "written") return written.alias;
  const version = written.kind === "no such version" ? written.version : undefined;
  return fail("ResourceNotFoundException", `Function not found: ${functionArn(place, functionName, version)}`);
}
