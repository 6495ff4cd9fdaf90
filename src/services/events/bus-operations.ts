/** Create-, Delete-, Describe-, List- and UpdateEventBus, and who may put events onto a bus. */
import { partitionOf } from "../../functions/function-name.ts";
import type { EventBus } from "./event-book.ts";
import type { EventsHandlers, EventsInput } from "./events-api.ts";
import type { EventsContext } from "./events-context.ts";
import { isJsonObject } from "./json-object.ts";
import { DEFAULT_BUS } from "./names.ts";
import { pageOf } from "./pages.ts";

/** Characters. */
const LONGEST_POLICY = 10_240;

interface Statement {
  readonly Sid?: string;
}

interface Policy {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

export function busHandlers(context: EventsContext) {
  const { book, names, fail, clock, changes, place } = context;

  function busOf(given: string | undefined): EventBus {
    const name = names.busName(given);
    return book.bus(name) ?? fail("ResourceNotFoundException", `Event bus ${name} does not exist.`);
  }

  const described = (bus: EventBus) => ({
    Name: bus.name,
    Arn: names.arn("event-bus", bus.name),
    Description: bus.description,
    Policy: bus.policy,
    CreationTime: new Date(bus.createdMs),
    LastModifiedTime: new Date(bus.changedMs),
  });

  function withPolicy(bus: EventBus, policy: Policy): Promise<void> {
    const { policy: _, ...rest } = bus;
    if (policy.Statement.length === 0) return book.putBus({ ...rest, changedMs: clock.now() });
    const text = JSON.stringify(policy);
    if (text.length > LONGEST_POLICY) {
      fail("PolicyLengthExceededException", "The policy of the event bus is longer than 10,240 characters.");
    }
    return book.putBus({ ...rest, policy: text, changedMs: clock.now() });
  }

  function statementOf(bus: EventBus, input: EventsInput<"PutPermission">): Statement {
    const { Action, Principal, StatementId, Condition } = input;
    if (!Action || !Principal || !StatementId) {
      return fail("ValidationException", "Parameter(s) Action, Principal, StatementId must be specified.");
    }
    const root = `arn:${partitionOf(place.region)}:iam::${Principal}:root`;
    return {
      Sid: StatementId,
      Effect: "Allow",
      Principal: Principal === "*" ? "*" : { AWS: root },
      Action,
      Resource: names.arn("event-bus", bus.name),
      ...(Condition && { Condition: { [Condition.Type]: { [Condition.Key]: Condition.Value } } }),
    } as Statement;
  }

  return {
    CreateEventBus: (input) =>
      changes.run("bus", async () => {
        const { Name: name, Tags = [] } = input;
        if (name.includes("/")) fail("ValidationException", "Event bus name must not contain '/'.");
        if (book.bus(name)) fail("ResourceAlreadyExistsException", `Event bus ${name} already exists.`);
        const nowMs = clock.now();
        const arn = names.arn("event-bus", name);
        const bus: EventBus = {
          name,
          description: input.Description,
          kmsKeyIdentifier: input.KmsKeyIdentifier,
          deadLetterArn: input.DeadLetterConfig?.Arn,
          logConfig: input.LogConfig,
          createdMs: nowMs,
          changedMs: nowMs,
        };
        const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
        await book.documents.change([
          { kind: "bus", name, content: bus },
          ...(Tags.length > 0 ? [{ kind: "tags", name: arn, content: tags }] : []),
        ]);
        return settingsOf(bus, arn);
      }),

    UpdateEventBus: (input) =>
      changes.run("bus", async () => {
        const bus = busOf(input.Name);
        const updated: EventBus = {
          ...bus,
          ...(input.Description !== undefined && { description: input.Description }),
          ...(input.KmsKeyIdentifier !== undefined && { kmsKeyIdentifier: input.KmsKeyIdentifier }),
          ...(input.DeadLetterConfig && { deadLetterArn: input.DeadLetterConfig.Arn }),
          ...(input.LogConfig && { logConfig: input.LogConfig }),
          changedMs: clock.now(),
        };
        await book.putBus(updated);
        return { Name: bus.name, ...settingsOf(updated, names.arn("event-bus", bus.name)) };
      }),

    DeleteEventBus: ({ Name: given }) =>
      changes.run("bus", async () => {
        const name = names.busName(given);
        if (name === DEFAULT_BUS) fail("ValidationException", "Cannot delete event bus default.");
        if (!book.bus(name)) return {};
        if (book.rulesOf(name).length > 0) {
          fail("ValidationException", `Cannot delete event bus ${name} as it is in use by one or more rules.`);
        }
        await book.documents.change([
          { kind: "bus", name },
          { kind: "tags", name: names.arn("event-bus", name) },
        ]);
        return {};
      }),

    DescribeEventBus: ({ Name }) => {
      const bus = busOf(Name);
      const { DeadLetterConfig, KmsKeyIdentifier, LogConfig } = settingsOf(bus, "");
      return { ...described(bus), DeadLetterConfig, KmsKeyIdentifier, LogConfig };
    },

    ListEventBuses: (input) => {
      const buses = book.buses.filter(({ name }) => name.startsWith(input.NamePrefix ?? ""));
      const { page, next } = pageOf(fail, buses, ({ name }) => name, input);
      return { EventBuses: page.map(described), ...next };
    },

    PutPermission: (input) =>
      changes.run("bus", async () => {
        const bus = busOf(input.EventBusName);
        if (input.Policy !== undefined) {
          if (!isJsonObject(input.Policy)) fail("ValidationException", "Parameter Policy is not valid.");
          await book.putBus({ ...bus, policy: input.Policy, changedMs: clock.now() });
          return {};
        }
        const statement = statementOf(bus, input);
        const known: Policy = bus.policy ? JSON.parse(bus.policy) : { Version: "2012-10-17", Statement: [] };
        const others = known.Statement.filter(({ Sid }) => Sid !== statement.Sid);
        await withPolicy(bus, { ...known, Statement: [...others, statement] });
        return {};
      }),

    RemovePermission: ({ EventBusName, StatementId, RemoveAllPermissions }) =>
      changes.run("bus", async () => {
        const bus = busOf(EventBusName);
        const known: Policy = bus.policy ? JSON.parse(bus.policy) : { Version: "2012-10-17", Statement: [] };
        const others = RemoveAllPermissions ? [] : known.Statement.filter(({ Sid }) => Sid !== StatementId);
        if (!RemoveAllPermissions && others.length === known.Statement.length) {
          fail("ResourceNotFoundException", "Statement with the provided id does not exist.");
        }
        await withPolicy(bus, { ...known, Statement: others });
        return {};
      }),
  } satisfies EventsHandlers;
}

function settingsOf(bus: EventBus, arn: string) {
  return {
    EventBusArn: arn,
    Arn: arn,
    Description: bus.description,
    KmsKeyIdentifier: bus.kmsKeyIdentifier,
    DeadLetterConfig: bus.deadLetterArn === undefined ? undefined : { Arn: bus.deadLetterArn },
    LogConfig: bus.logConfig,
  };
}
