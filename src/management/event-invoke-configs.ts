/** How functions, versions and aliases are invoked asynchronously: Put-, Update-, Get-, Delete- and ListFunctionEventInvokeConfig. */
import type { EventInvokeConfig } from "../functions/event-invoke-config.ts";
import { functionArn } from "../functions/function-name.ts";
import { UNQUALIFIED } from "../functions/function-settings.ts";
import { checkDestinations } from "./destination-rules.ts";
import { type FunctionTarget, functionTarget } from "./function-target.ts";
import type { CallContext, LambdaHandlers, LambdaInput, ManagementContext } from "./lambda-api.ts";
import { pageOf, pageSize, readMarker, writeMarker } from "./pagination.ts";

type Settings = Omit<LambdaInput<"PutFunctionEventInvokeConfig">, "FunctionName" | "Qualifier">;

export function eventInvokeConfigHandlers(management: ManagementContext) {
  const { catalog, clock, fail } = management;
  const configs = catalog.settings<EventInvokeConfig>("eventInvoke");

  const noFunction = (): never => fail("ResourceNotFoundException", "The function doesn't exist.");

  const noConfig = (context: CallContext, { name, qualifier = UNQUALIFIED }: FunctionTarget): never => {
    const arn = functionArn(context, name, qualifier);
    return fail("ResourceNotFoundException", `The function ${arn} doesn't have an EventInvokeConfig`);
  };

  /** Replace the configuration by what is made of it, when the request makes sense. */
  async function write(
    input: LambdaInput<"PutFunctionEventInvokeConfig">,
    context: CallContext,
    operation: string,
    change: (
      before: EventInvokeConfig | undefined,
      target: FunctionTarget,
    ) => Omit<EventInvokeConfig, "lastModifiedMs">,
  ) {
    const target = functionTarget(fail, context, operation, input.FunctionName, input.Qualifier);
    const { MaximumRetryAttempts: attempts, MaximumEventAgeInSeconds: age, DestinationConfig: destinations } = input;
    if (attempts === undefined && age === undefined && destinations === undefined) {
      fail("InvalidParameterValueException", "You must specify at least one of error handling or destination setting.");
    }
    const qualifier = target.qualifier ?? UNQUALIFIED;
    if ((await catalog.describe(target.name, qualifier)) === undefined) noFunction();
    if (destinations) await checkDestinations(management, context, target.name, destinations);
    const lastModifiedMs = clock.now();
    const changed = await configs.change(target.name, qualifier, (before) => ({
      ...change(before, target),
      lastModifiedMs,
    }));
    if (!changed?.after) return noFunction();
    return shown(context, target.name, qualifier, changed.after);
  }

  return {
    async PutFunctionEventInvokeConfig(input, context) {
      return write(input, context, "PutFunctionEventInvokeConfig", () => configured(input));
    },

    async UpdateFunctionEventInvokeConfig(input, context) {
      return write(input, context, "UpdateFunctionEventInvokeConfig", (before, target) => {
        if (!before) return noConfig(context, target);
        if (input.DestinationConfig === undefined) return { ...before, ...configured(input) };
        const { onSuccess: _, onFailure: __, ...others } = before;
        return { ...others, ...configured(input) };
      });
    },

    async GetFunctionEventInvokeConfig(input, context) {
      const { FunctionName: text } = input;
      const target = functionTarget(fail, context, "GetFunctionEventInvokeConfig", text, input.Qualifier);
      const { name, qualifier = UNQUALIFIED } = target;
      const config = await configs.get(name, qualifier);
      if (config) return shown(context, name, qualifier, config);
      if ((await catalog.describe(name)) === undefined) noFunction();
      return noConfig(context, target);
    },

    async DeleteFunctionEventInvokeConfig(input, context) {
      const { FunctionName: text } = input;
      const target = functionTarget(fail, context, "DeleteFunctionEventInvokeConfig", text, input.Qualifier);
      const changed = await configs.change(target.name, target.qualifier ?? UNQUALIFIED, (before) => {
        if (!before) noConfig(context, target);
        return undefined;
      });
      if (!changed) {
        if ((await catalog.describe(target.name)) === undefined) noFunction();
        noConfig(context, target);
      }
      return {};
    },

    async ListFunctionEventInvokeConfigs(input, context) {
      const target = functionTarget(fail, context, "ListFunctionEventInvokeConfigs", input.FunctionName);
      const list = `event invoke configs of ${target.name}`;
      const size = pageSize(input.MaxItems);
      const after = readMarker(fail, list, input.Marker);
      const fetched = await configs.list(target.name, { after, limit: size + 1 });
      if (fetched.length === 0 && (await catalog.describe(target.name)) === undefined) noFunction();
      const { items, next } = pageOf(fetched, size, ({ qualifier }) => qualifier);
      return {
        FunctionEventInvokeConfigs: items.map(({ qualifier, value }) => shown(context, target.name, qualifier, value)),
        ...writeMarker(list, next),
      };
    },
  } satisfies LambdaHandlers;
}

/** An empty ARN is none: how a destination is taken away. */
function configured(settings: Settings): Omit<EventInvokeConfig, "lastModifiedMs"> {
  const { MaximumRetryAttempts: attempts, MaximumEventAgeInSeconds: age, DestinationConfig: destinations } = settings;
  const onSuccess = destinations?.OnSuccess?.Destination;
  const onFailure = destinations?.OnFailure?.Destination;
  return {
    ...(attempts !== undefined && { maximumRetryAttempts: attempts }),
    ...(age !== undefined && { maximumEventAgeSeconds: age }),
    ...(onSuccess && { onSuccess }),
    ...(onFailure && { onFailure }),
  };
}

function shown(context: CallContext, name: string, qualifier: string, config: EventInvokeConfig) {
  const { maximumRetryAttempts, maximumEventAgeSeconds, onSuccess, onFailure } = config;
  return {
    LastModified: new Date(config.lastModifiedMs),
    FunctionArn: functionArn(context, name, qualifier),
    ...(maximumRetryAttempts !== undefined && { MaximumRetryAttempts: maximumRetryAttempts }),
    ...(maximumEventAgeSeconds !== undefined && { MaximumEventAgeInSeconds: maximumEventAgeSeconds }),
    DestinationConfig: {
      OnSuccess: onSuccess === undefined ? {} : { Destination: onSuccess },
      OnFailure: onFailure === undefined ? {} : { Destination: onFailure },
    },
  };
}
