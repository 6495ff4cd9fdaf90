/** Create-, Get-, Update-, Delete- and ListCapacityProvider(s), and ListFunctionVersionsByCapacityProvider. */
import { type CapacityProvider, capacityProviderArn, capacityProviderName } from "../functions/capacity-provider.ts";
import { functionArn } from "../functions/function-name.ts";
import { offsetTimestamp } from "../state/clock.ts";
import { awsProvider, changedProvider, newProvider, providerRefusal } from "./capacity-provider-settings.ts";
import { checkTags } from "./function-rules.ts";
import type { CallContext, LambdaHandlers, ManagementContext } from "./lambda-api.ts";
import { pageOf, pageSize, positionFrom, positionText, readMarker, writeMarker } from "./pagination.ts";
import type { TaggedResource } from "./tagged-resource.ts";

/** The pattern of taggable ARNs has no longer ones. */
const MAX_NAME_LENGTH = 64;
/** The developer guide's quota. */
const MAX_PROVIDERS = 1000;

export function capacityProviderHandlers(management: ManagementContext) {
  const { capacityProviders: providers, capacityProviderLifecycle: lifecycle, catalog, clock, fail } = management;

  function nameOf(context: CallContext, text: string): string {
    return capacityProviderName(context, text) ?? fail("ResourceNotFoundException", notFoundText(text));
  }

  function notFound(context: CallContext, name: string): never {
    return fail("ResourceNotFoundException", notFoundText(capacityProviderArn(context, name)));
  }

  function checkActive(provider: CapacityProvider): void {
    if (provider.state === "Active") return;
    fail(
      "ResourceConflictException",
      `The operation cannot be performed at this time. The capacity provider is currently in the following state: ${provider.state}`,
    );
  }

  function refuseIf(message: string | undefined): void {
    if (message !== undefined) fail("InvalidParameterValueException", message);
  }

  return {
    async CreateCapacityProvider(input, context) {
      const name = nameOf(context, input.CapacityProviderName);
      if (name.length > MAX_NAME_LENGTH) {
        refuseIf(
          `1 validation error detected: Value '${name}' at 'capacityProviderName' failed to satisfy constraint: Member must have length less than or equal to ${MAX_NAME_LENGTH}`,
        );
      }
      checkTags(fail, input.Tags ?? {});
      const provider = newProvider(name, input, offsetTimestamp(clock.now()));
      refuseIf(providerRefusal(provider));
      const created = await providers.create(provider, MAX_PROVIDERS);
      if (created === "exists") {
        fail("ResourceConflictException", `Capacity provider already exists: ${capacityProviderArn(context, name)}`);
      }
      if (created === "too many") {
        fail(
          "CapacityProviderLimitExceededException",
          `The maximum number of capacity providers (${MAX_PROVIDERS}) is reached.`,
        );
      }
      lifecycle.start(provider);
      return { CapacityProvider: awsProvider(provider, context) };
    },

    async GetCapacityProvider(input, context) {
      const name = nameOf(context, input.CapacityProviderName);
      const provider = (await providers.get(name)) ?? notFound(context, name);
      return { CapacityProvider: awsProvider(provider, context) };
    },

    async UpdateCapacityProvider(input, context) {
      const name = nameOf(context, input.CapacityProviderName);
      const provider = await providers.change(name, (before) => {
        checkActive(before);
        const after = changedProvider(before, input, offsetTimestamp(clock.now()));
        refuseIf(providerRefusal(after));
        return after;
      });
      return { CapacityProvider: awsProvider(provider ?? notFound(context, name), context) };
    },

    async DeleteCapacityProvider(input, context) {
      const name = nameOf(context, input.CapacityProviderName);
      const provider = await providers.hold(name, async () => {
        const isUsed = (await catalog.listing.countOfCapacityProvider(name)) > 0;
        return providers.change(name, (before) => {
          checkActive(before);
          if (isUsed) {
            fail(
              "ResourceConflictException",
              `The capacity provider ${capacityProviderArn(context, name)} is in use by function versions and cannot be deleted.`,
            );
          }
          return { ...before, state: "Deleting", lastModified: offsetTimestamp(clock.now()) };
        });
      });
      if (!provider) return notFound(context, name);
      lifecycle.start(provider);
      return { CapacityProvider: awsProvider(provider, context) };
    },

    async ListCapacityProviders(input, context) {
      const list = `capacity providers ${input.State ?? ""}`;
      const size = pageSize(input.MaxItems);
      const after = readMarker(fail, list, input.Marker);
      const state = input.State as CapacityProvider["state"] | undefined;
      const found = await providers.list({ state, after, limit: size + 1 });
      const { items, next } = pageOf(found, size, ({ name }) => name);
      return {
        CapacityProviders: items.map((provider) => awsProvider(provider, context)),
        ...writeMarker(list, next),
      };
    },

    async ListFunctionVersionsByCapacityProvider(input, context) {
      const name = nameOf(context, input.CapacityProviderName);
      if (!(await providers.get(name))) notFound(context, name);
      const list = `versions of capacity provider ${name}`;
      const after = positionFrom(readMarker(fail, list, input.Marker));
      const page = await catalog.listing.ofCapacityProvider(name, {
        ...(after && { after }),
        limit: pageSize(input.MaxItems),
      });
      return {
        CapacityProviderArn: capacityProviderArn(context, name),
        FunctionVersions: page.versions.map((version) => ({
          FunctionArn: functionArn(context, version.functionName, version.version),
          State: version.state,
        })),
        ...writeMarker(list, page.next && positionText(page.next)),
      };
    },
  } satisfies LambdaHandlers;
}

function notFoundText(arn: string): string {
  return `Capacity provider not found: ${arn}`;
}

export function capacityProviderTags(
  { capacityProviders, fail }: ManagementContext,
  place: CallContext,
  _operation: string,
  arn: string,
): TaggedResource {
  const notFound = (): never => fail("ResourceNotFoundException", `Capacity provider not found: ${arn}`);
  const name = capacityProviderName(place, arn) ?? notFound();
  return {
    read: async () => (await capacityProviders.get(name))?.tags,
    change: async (decide) =>
      (await capacityProviders.change(name, (before) => ({ ...before, tags: decide(before.tags) })))?.tags,
    notFound,
  };
}
