/** The API by which functions, and whoever else may, send to the clients of WebSocket APIs. */
import { failFor } from "../../../wire/fail.ts";
import type { Handlers } from "../../../wire/handlers.ts";
import type { ServiceModel } from "../../../wire/model.ts";
import type { Connection, Connections } from "./connections.ts";

export type ManagementApi = typeof import("@aws-sdk/client-apigatewaymanagementapi");

/** bytes */
const MAX_MESSAGE_BYTES = 128 * 1024;
const NORMAL = 1000;

export function createManagementHandlers(
  model: ServiceModel<ManagementApi>,
  connections: Connections,
): Handlers<ManagementApi> {
  const fail = failFor(model);
  // Without a message, as AWS answers it.
  const find = (id: string): Connection => connections.get(id) ?? fail("GoneException", "");
  return {
    PostToConnection: async ({ ConnectionId, Data }) => {
      const connection = find(ConnectionId);
      // A client may send it as a stream, so says its type; the model has it whole.
      const data = Buffer.from(Data as unknown as Uint8Array);
      if (data.length > MAX_MESSAGE_BYTES) fail("PayloadTooLargeException", "Message too long");
      const isTaken = await connection.send(data).catch(() => fail("GoneException", ""));
      if (!isTaken) fail("LimitExceededException", "The client does not read what it is sent");
      return {};
    },
    GetConnection: ({ ConnectionId }) => {
      const { facts, lastActiveMs } = find(ConnectionId);
      const { sourceIp, userAgent } = facts.identity;
      return {
        ConnectedAt: new Date(facts.connectedAtMs),
        Identity: { SourceIp: sourceIp, UserAgent: userAgent ?? "" },
        LastActiveAt: new Date(lastActiveMs),
      };
    },
    DeleteConnection: ({ ConnectionId }) => {
      find(ConnectionId).close(NORMAL, "Connection Closed Normally");
      return {};
    },
  };
}
