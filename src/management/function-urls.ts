/** Create-, Get-, Update-, Delete- and ListFunctionUrlConfig(s): the HTTP endpoints of functions and of their aliases. */
import { functionArn } from "../functions/function-name.ts";
import { UNQUALIFIED } from "../functions/function-settings.ts";
import type { FunctionUrl } from "../functions/function-url.ts";
import { functionUrlAt } from "../functions/function-url-address.ts";
import { functionUrlSettings } from "../functions/function-url-directory.ts";
import { microsecondTimestamp } from "../state/clock.ts";
import { newUrlId } from "../state/ids.ts";
import { functionTarget } from "./function-target.ts";
import { corsFrom, corsTo } from "./function-url-cors.ts";
import type { CallContext, LambdaHandlers, LambdaInput, ManagementContext } from "./lambda-api.ts";
import { pageOf, pageSize, readMarker, writeMarker } from "./pagination.ts";

export function functionUrlHandlers({ catalog, clock, fail }: ManagementContext) {
  const urls = functionUrlSettings(catalog);

  function owner(
    input: LambdaInput<"GetFunctionUrlConfig">,
    context: CallContext,
    operation: string,
  ): { name: string; qualifier: string } {
    const { name, qualifier } = functionTarget(fail, context, operation, input.FunctionName, input.Qualifier);
    return { name, qualifier: qualifier ?? UNQUALIFIED };
  }

  const noFunction = (): never => fail("ResourceNotFoundException", "Function does not exist");
  const noUrl = (): never => fail("ResourceNotFoundException", "The resource you requested does not exist.");

  return {
    async CreateFunctionUrlConfig(input, context) {
      const { name, qualifier } = owner(input, context, "CreateFunctionUrlConfig");
      const version = (await catalog.describe(name, qualifier)) ?? noFunction();
      if (version.tenantIsolation !== undefined) {
        fail("InvalidParameterValueException", "Function URLs are not supported for functions with tenant isolation.");
      }
      const cors = corsFrom(fail, input.Cors);
      const now = microsecondTimestamp(clock.now());
      const created: FunctionUrl = {
        urlId: newUrlId(),
        authType: input.AuthType as FunctionUrl["authType"],
        invokeMode: (input.InvokeMode ?? "BUFFERED") as FunctionUrl["invokeMode"],
        ...(cors && { cors }),
        creationTime: now,
        lastModifiedTime: now,
      };
      const changed = await urls.change(name, qualifier, (before) => {
        if (before === undefined) return created;
        const arn = ownerArn(context, name, qualifier);
        return fail(
          "ResourceConflictException",
          `Failed to create function url config for [functionArn = ${arn}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
        );
      });
      if (!changed) return noFunction();
      const { LastModifiedTime: _, InvokeMode, ...shown } = configuration(created, name, qualifier, context);
      return { ...shown, ...(input.InvokeMode !== undefined && { InvokeMode }) };
    },

    async GetFunctionUrlConfig(input, context) {
      const { name, qualifier } = owner(input, context, "GetFunctionUrlConfig");
      const url = (await urls.get(name, qualifier)) ?? noUrl();
      return configuration(url, name, qualifier, context);
    },

    async UpdateFunctionUrlConfig(input, context) {
      const { name, qualifier } = owner(input, context, "UpdateFunctionUrlConfig");
      if (!(await catalog.describe(name, qualifier))) noFunction();
      const changed = await urls.change(name, qualifier, (before = noUrl()) => {
        const { cors: corsBefore, ...others } = before;
        const cors = input.Cors === undefined ? corsBefore : corsFrom(fail, input.Cors);
        return {
          ...others,
          authType: (input.AuthType ?? before.authType) as FunctionUrl["authType"],
          invokeMode: (input.InvokeMode ?? before.invokeMode) as FunctionUrl["invokeMode"],
          ...(cors && { cors }),
          lastModifiedTime: microsecondTimestamp(clock.now()),
        };
      });
      return configuration(changed?.after ?? noFunction(), name, qualifier, context);
    },

    async DeleteFunctionUrlConfig(input, context) {
      const { name, qualifier } = owner(input, context, "DeleteFunctionUrlConfig");
      const changed = await urls.change(name, qualifier, () => undefined);
      if (changed?.before === undefined) noUrl();
      return {};
    },

    async ListFunctionUrlConfigs(input, context) {
      // All of the function's URLs, also when the name carries an alias.
      const { name } = functionTarget(fail, context, "ListFunctionUrlConfigs", input.FunctionName);
      const list = `urls of ${name}`;
      const after = readMarker(fail, list, input.Marker);
      if (!(await catalog.describe(name))) noFunction();
      const size = pageSize(input.MaxItems);
      const { items, next } = pageOf(await urls.list(name, { after, limit: size + 1 }), size, (url) => url.qualifier);
      return {
        FunctionUrlConfigs: items.map((url) => configuration(url.value, name, url.qualifier, context)),
        ...writeMarker(list, next),
      };
    },
  } satisfies LambdaHandlers;
}

function ownerArn(context: CallContext, name: string, qualifier: string): string {
  return functionArn(context, name, qualifier === UNQUALIFIED ? undefined : qualifier);
}

function configuration(url: FunctionUrl, name: string, qualifier: string, context: CallContext) {
  return {
    FunctionUrl: functionUrlAt(context.endpoint, context.region, url.urlId),
    FunctionArn: ownerArn(context, name, qualifier),
    AuthType: url.authType,
    CreationTime: url.creationTime,
    LastModifiedTime: url.lastModifiedTime,
    InvokeMode: url.invokeMode,
    ...(url.cors && { Cors: corsTo(url.cors) }),
  };
}
