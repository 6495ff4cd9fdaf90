/** Create-, Get-, Update-, Delete- and ListEventSourceMapping(s). */
import { type EventSourceMapping, eventSourceMappingArn, sourceKind } from "../functions/event-source-mapping.ts";
import type { MappingFilter } from "../functions/event-source-mappings.ts";
import { functionArn, isOfOtherPartition } from "../functions/function-name.ts";
import { newUuid } from "../state/ids.ts";
import { checkTags } from "./function-rules.ts";
import { functionTarget } from "./function-target.ts";
import type { CallContext, LambdaHandlers, LambdaInput, ManagementContext } from "./lambda-api.ts";
import { listedMapping, mappingConfiguration } from "./mapping-configuration.ts";
import { isInTransition, userReason } from "./mapping-lifecycle.ts";
import { mappingRefusal, memberRefusal, missingRefusal } from "./mapping-rules.ts";
import { changedSettings, type MappingInput, newSettings } from "./mapping-settings.ts";
import { pageOf, pageSize, readMarker, writeMarker } from "./pagination.ts";
import type { TaggedResource } from "./tagged-resource.ts";

const LARGEST_PAGE = 100;

interface MappedFunction {
  readonly reference: Pick<EventSourceMapping, "functionName" | "qualifier">;
  readonly timeoutMs: number;
}

type Source = Pick<EventSourceMapping, "kind" | "sourceArn" | "bootstrapServers">;

export function eventSourceMappingHandlers(management: ManagementContext) {
  const { catalog, clock, fail, mappings, mappingLifecycle } = management;
  const refuse = (message: string): never => fail("InvalidParameterValueException", message);
  const refuseIf = (message: string | undefined): void => void (message !== undefined && refuse(message));
  const notFound = (): never => fail("ResourceNotFoundException", "The resource you requested does not exist.");

  function sourceOf(context: CallContext, input: LambdaInput<"CreateEventSourceMapping">): Source {
    const { EventSourceArn: sourceArn, SelfManagedEventSource: managed } = input;
    const bootstrapServers = managed?.Endpoints?.KAFKA_BOOTSTRAP_SERVERS;
    if (bootstrapServers && sourceArn === undefined) return { kind: "kafka", bootstrapServers };
    const kind = sourceArn === undefined || isOfOtherPartition(sourceArn, context) ? undefined : sourceKind(sourceArn);
    if (sourceArn === undefined || kind === undefined) return refuse("Unrecognized event source.");
    return { kind, sourceArn };
  }

  /** The function that a mapping invokes; it must be there. */
  async function functionOf(context: CallContext, operation: string, text: string): Promise<MappedFunction> {
    const { name, qualifier } = functionTarget(fail, context, operation, text);
    const version = (await catalog.describe(name, qualifier)) ?? refuse("Function does not exist");
    if (version.tenantIsolation !== undefined) {
      refuse("Event source mappings are not supported for functions with tenant isolation.");
    }
    return {
      reference: { functionName: name, ...(qualifier !== undefined && { qualifier }) },
      timeoutMs: version.timeoutSeconds * 1000,
    };
  }

  function duplicate(context: CallContext, same: EventSourceMapping): never {
    return fail("ResourceConflictException", duplicateText(same, context));
  }

  function changedState(before: EventSourceMapping, input: MappingInput): EventSourceMapping["state"] {
    if (input.Enabled === undefined || input.Enabled === before.isEnabled) return "Updating";
    return input.Enabled ? "Enabling" : "Disabling";
  }

  return {
    async CreateEventSourceMapping(input, context) {
      const source = sourceOf(context, input);
      const { kind } = source;
      refuseIf(memberRefusal(kind, input));
      refuseIf(missingRefusal(kind, input));
      checkTags(fail, input.Tags ?? {});
      const id = newUuid();
      const { reference, timeoutMs } = await functionOf(context, "CreateEventSourceMapping", input.FunctionName);
      const mapping: EventSourceMapping = {
        id,
        ...source,
        ...reference,
        isEnabled: input.Enabled ?? true,
        settings: newSettings(kind, input, id),
        state: "Creating",
        stateTransitionReason: userReason(kind),
        ...(kind !== "sqs" && { lastProcessingResult: "No records processed" }),
        lastModifiedMs: clock.now(),
        tags: input.Tags ?? {},
      };
      refuseIf(mappingRefusal(mapping, clock.now()));
      refuseIf(await mappingLifecycle.refusal(mapping, timeoutMs));
      const same = await mappings.create(mapping);
      if (same) duplicate(context, same);
      mappingLifecycle.start(mapping);
      return mappingConfiguration(mapping, context);
    },

    async GetEventSourceMapping(input, context) {
      return mappingConfiguration((await mappings.get(input.UUID)) ?? notFound(), context);
    },

    async UpdateEventSourceMapping(input, context) {
      const target =
        input.FunctionName === undefined
          ? undefined
          : await functionOf(context, "UpdateEventSourceMapping", input.FunctionName);
      const known = target && (await mappings.get(input.UUID));
      if (known) refuseIf(await mappingLifecycle.refusal(known, target.timeoutMs));
      const changed = await mappings.change(
        input.UUID,
        (before) => {
          refuseIf(memberRefusal(before.kind, input));
          if (isInTransition(before)) {
            fail("ResourceInUseException", "Cannot update the event source mapping because it is in use.");
          }
          const { qualifier: _, ...kept } = before;
          const after: EventSourceMapping = {
            ...(target ? { ...kept, ...target.reference } : before),
            isEnabled: input.Enabled ?? before.isEnabled,
            settings: changedSettings(before.kind, before.settings, input),
            state: changedState(before, input),
            stateTransitionReason: userReason(before.kind),
            lastModifiedMs: clock.now(),
          };
          refuseIf(mappingRefusal(after, clock.now()));
          return after;
        },
        (same) => duplicate(context, same),
      );
      const after = changed?.after ?? notFound();
      mappingLifecycle.start(after);
      return mappingConfiguration(after, context);
    },

    async DeleteEventSourceMapping(input, context) {
      const changed = await mappings.change(input.UUID, (before) => {
        if (isInTransition(before)) {
          fail("ResourceInUseException", "Cannot delete the event source mapping because it is in use.");
        }
        return {
          ...before,
          state: "Deleting",
          stateTransitionReason: userReason(before.kind),
          lastModifiedMs: clock.now(),
        };
      });
      const after = changed?.after ?? notFound();
      mappingLifecycle.start(after);
      return mappingConfiguration(after, context);
    },

    async ListEventSourceMappings(input, context) {
      const target =
        input.FunctionName === undefined
          ? undefined
          : functionTarget(fail, context, "ListEventSourceMappings", input.FunctionName);
      const filter: MappingFilter = {
        sourceArn: input.EventSourceArn,
        functionName: target?.name,
        qualifier: target?.qualifier,
      };
      const list = `event source mappings ${JSON.stringify(filter)}`;
      const size = pageSize(input.MaxItems, LARGEST_PAGE);
      const after = readMarker(fail, list, input.Marker);
      const { items, next } = pageOf(await mappings.list(filter, { after, limit: size + 1 }), size, ({ id }) => id);
      return {
        EventSourceMappings: items.map((mapping) => listedMapping(mapping, context)),
        ...writeMarker(list, next),
      };
    },
  } satisfies LambdaHandlers;
}

/** Recorded for queues, streams and self-managed Kafka (contract/04 §1). */
function duplicateText(mapping: EventSourceMapping, context: CallContext): string {
  const { id, kind, sourceArn, functionName, qualifier, bootstrapServers = [], settings } = mapping;
  const update = `Please update or delete the existing mapping with UUID ${id}`;
  if (kind === "sqs") {
    return `An event source mapping with SQS arn (" ${sourceArn} ") and function (" ${functionName} ") already exists. ${update}`;
  }
  const { topics = settings.queues } = settings;
  if (topics === undefined) {
    return `The event source arn (" ${sourceArn} ") and function (" ${functionName} ") provided mapping already exists. ${update}`;
  }
  const source = sourceArn ?? bootstrapServers.join(",");
  const name = functionArn(context, functionName, qualifier);
  const what = settings.topics ? "topics" : "queues";
  return `An event source mapping with event source ("${source}"), function ("${name}"), ${what} ("${topics.join(",")}") already exists. ${update}`;
}

export function eventSourceMappingTags(
  { mappings, fail }: ManagementContext,
  place: CallContext,
  _operation: string,
  arn: string,
): TaggedResource {
  const id = arn.slice(arn.lastIndexOf(":") + 1);
  const notFound = (): never => fail("ResourceNotFoundException", "The resource you requested does not exist.");
  if (arn !== eventSourceMappingArn(place, id)) notFound();
  return {
    read: async () => (await mappings.get(id))?.tags,
    change: async (decide) =>
      (await mappings.change(id, (before) => ({ ...before, tags: decide(before.tags) })))?.after?.tags,
    notFound,
  };
}
