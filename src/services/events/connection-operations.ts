/** Connections and API destinations: create, update, delete, describe, list. */
import { partitionOf } from "../../functions/function-name.ts";
import { newUuid } from "../../state/ids.ts";
import {
  type ApiDestination,
  authRefusal,
  type Connection,
  type ConnectionType,
  reachOf,
  secretName,
  shownAuth,
} from "./connections.ts";
import type { EventsHandlers } from "./events-api.ts";
import type { EventsContext } from "./events-context.ts";
import { pageOf } from "./pages.ts";

export function connectionHandlers(context: EventsContext) {
  const { book, names, fail, clock, changes, place } = context;
  const sorted = <T extends { name: string }>(kind: string): T[] =>
    [...book.documents.all<T>(kind).values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const connectionArn = ({ name, id }: Connection): string => names.arn("connection", name, id);
  const destinationArn = ({ name, id }: ApiDestination): string => names.arn("api-destination", name, id);

  function connectionOf(name: string): Connection {
    return (
      book.documents.find<Connection>("connection", name) ??
      fail("ResourceNotFoundException", `Failed to describe the connection(s). Connection '${name}' does not exist.`)
    );
  }

  function destinationOf(name: string): ApiDestination {
    return (
      book.documents.find<ApiDestination>("api-destination", name) ??
      fail(
        "ResourceNotFoundException",
        `Failed to describe the api-destination(s). An api-destination '${name}' does not exist.`,
      )
    );
  }

  function checkConnectionArn(arn: string): void {
    const isThere = sorted<Connection>("connection").some((connection) => connectionArn(connection) === arn);
    if (!isThere) fail("ResourceNotFoundException", `Connection '${arn.split("/")[1] ?? arn}' does not exist.`);
  }

  const connectionTimes = (connection: Connection) => ({
    ConnectionState: "AUTHORIZED" as const,
    CreationTime: new Date(connection.createdMs),
    LastModifiedTime: new Date(connection.changedMs),
    LastAuthorizedTime: new Date(connection.authorizedMs),
  });

  const destinationSummary = (destination: ApiDestination) => ({
    ApiDestinationArn: destinationArn(destination),
    Name: destination.name,
    ApiDestinationState: "ACTIVE" as const,
    ConnectionArn: destination.connectionArn,
    InvocationEndpoint: destination.endpoint,
    HttpMethod: destination.method as "POST",
    InvocationRateLimitPerSecond: destination.rateLimit,
    CreationTime: new Date(destination.createdMs),
    LastModifiedTime: new Date(destination.changedMs),
  });

  return {
    CreateConnection: (input, call) =>
      changes.run("connection", async () => {
        const { Name: name } = input;
        if (book.documents.find("connection", name)) {
          fail("ResourceAlreadyExistsException", `Connection ${name} already exists.`);
        }
        const refusal = authRefusal(input.AuthorizationType, input.AuthParameters);
        if (refusal !== undefined) fail("ValidationException", refusal);
        const nowMs = clock.now();
        const connection: Connection = {
          name,
          id: newUuid(),
          description: input.Description,
          type: input.AuthorizationType as ConnectionType,
          auth: input.AuthParameters,
          ...reachOf(call),
          createdMs: nowMs,
          changedMs: nowMs,
          authorizedMs: nowMs,
        };
        await book.documents.put("connection", name, connection);
        return { ConnectionArn: connectionArn(connection), ...connectionTimes(connection) };
      }),

    UpdateConnection: (input, call) =>
      changes.run("connection", async () => {
        const connection = connectionOf(input.Name);
        const type = input.AuthorizationType ?? connection.type;
        const auth = { ...(type === connection.type ? connection.auth : {}), ...input.AuthParameters };
        const refusal = authRefusal(type, auth as Connection["auth"]);
        if (refusal !== undefined) fail("ValidationException", refusal);
        const nowMs = clock.now();
        const updated = {
          ...connection,
          ...(input.Description !== undefined && { description: input.Description }),
          type: type as ConnectionType,
          auth: auth as Connection["auth"],
          ...(input.AuthParameters?.OAuthParameters && reachOf(call)),
          changedMs: nowMs,
          authorizedMs: nowMs,
        };
        await book.documents.put("connection", connection.name, updated);
        return { ConnectionArn: connectionArn(updated), ...connectionTimes(updated) };
      }),

    DeauthorizeConnection: (input) =>
      changes.run("connection", async () => {
        const connection = connectionOf(input.Name);
        const updated = { ...connection, auth: {} as Connection["auth"], changedMs: clock.now() };
        await book.documents.put("connection", connection.name, updated);
        const times = connectionTimes(updated);
        return { ConnectionArn: connectionArn(updated), ...times, ConnectionState: "DEAUTHORIZING" as const };
      }),

    DeleteConnection: ({ Name: name }) =>
      changes.run("connection", async () => {
        const connection = connectionOf(name);
        const arn = connectionArn(connection);
        if (sorted<ApiDestination>("api-destination").some((destination) => destination.connectionArn === arn)) {
          fail("ConcurrentModificationException", `Connection '${name}' is used by an api-destination.`);
        }
        await book.documents.change([{ kind: "connection", name }]);
        return { ConnectionArn: arn, ...connectionTimes(connection), ConnectionState: "DELETING" as const };
      }),

    DescribeConnection: ({ Name: name }) => {
      const connection = connectionOf(name);
      const { region, accountId } = place;
      return {
        ConnectionArn: connectionArn(connection),
        Name: name,
        Description: connection.description,
        AuthorizationType: connection.type,
        SecretArn: `arn:${partitionOf(region)}:secretsmanager:${region}:${accountId}:secret:${secretName(connection)}`,
        AuthParameters: shownAuth(connection.auth),
        ...connectionTimes(connection),
      };
    },

    ListConnections: (input) => {
      const prefix = input.NamePrefix ?? "";
      const found = sorted<Connection>("connection").filter(
        ({ name }) => name.startsWith(prefix) && (input.ConnectionState ?? "AUTHORIZED") === "AUTHORIZED",
      );
      const { page, next } = pageOf(fail, found, ({ name }) => name, input);
      const Connections = page.map((connection) => ({
        ConnectionArn: connectionArn(connection),
        Name: connection.name,
        AuthorizationType: connection.type,
        ...connectionTimes(connection),
      }));
      return { Connections, ...next };
    },

    CreateApiDestination: (input, call) =>
      changes.run("connection", async () => {
        const { Name: name } = input;
        if (book.documents.find("api-destination", name)) {
          fail("ResourceAlreadyExistsException", `An api-destination '${name}' already exists.`);
        }
        checkConnectionArn(input.ConnectionArn);
        const nowMs = clock.now();
        const destination: ApiDestination = {
          name,
          id: newUuid(),
          description: input.Description,
          connectionArn: input.ConnectionArn,
          endpoint: input.InvocationEndpoint,
          ...reachOf(call),
          method: input.HttpMethod,
          rateLimit: input.InvocationRateLimitPerSecond,
          createdMs: nowMs,
          changedMs: nowMs,
        };
        await book.documents.put("api-destination", name, destination);
        return destinationSummary(destination);
      }),

    UpdateApiDestination: (input, call) =>
      changes.run("connection", async () => {
        const destination = destinationOf(input.Name);
        if (input.ConnectionArn !== undefined) checkConnectionArn(input.ConnectionArn);
        const updated: ApiDestination = {
          ...destination,
          description: input.Description ?? destination.description,
          connectionArn: input.ConnectionArn ?? destination.connectionArn,
          endpoint: input.InvocationEndpoint ?? destination.endpoint,
          ...(input.InvocationEndpoint !== undefined && reachOf(call)),
          method: input.HttpMethod ?? destination.method,
          rateLimit: input.InvocationRateLimitPerSecond ?? destination.rateLimit,
          changedMs: clock.now(),
        };
        await book.documents.put("api-destination", destination.name, updated);
        return destinationSummary(updated);
      }),

    DeleteApiDestination: ({ Name: name }) =>
      changes.run("connection", async () => {
        destinationOf(name);
        await book.documents.change([{ kind: "api-destination", name }]);
        return {};
      }),

    DescribeApiDestination: ({ Name: name }) => {
      const destination = destinationOf(name);
      return { ...destinationSummary(destination), Description: destination.description };
    },

    ListApiDestinations: (input) => {
      const { NamePrefix: prefix = "", ConnectionArn: arn } = input;
      const found = sorted<ApiDestination>("api-destination").filter(
        ({ name, connectionArn: of }) => name.startsWith(prefix) && (arn === undefined || of === arn),
      );
      const { page, next } = pageOf(fail, found, ({ name }) => name, input);
      return { ApiDestinations: page.map(destinationSummary), ...next };
    },
  } satisfies EventsHandlers;
}
