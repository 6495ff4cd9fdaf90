/**
 * A real HTTP server whose every operation is served by the engine alone: it remembers the input it was given and
 * answers what the test prepared. No service, no state.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createService } from "../../src/wire/engine.ts";
import { failFor } from "../../src/wire/fail.ts";
import type { ErrorName, Handlers } from "../../src/wire/handlers.ts";
import { loadModel, type ServiceModel } from "../../src/wire/model.ts";
import type { BodyStream, CallContext, WireRequest } from "../../src/wire/service.ts";
import { streamOf } from "../../src/wire/whole-body.ts";

export interface Answer {
  /** For calls of this operation; those before it that are for others are passed over. */
  readonly operation?: string;
  readonly output?: unknown;
  readonly error?: { readonly name: string; readonly message: string; readonly members: Record<string, unknown> };
}

export interface EchoServer {
  readonly endpoint: string;
  readonly model: ServiceModel;
  /** What the handlers were called with, oldest first. */
  readonly calls: { operation: string; input: unknown }[];
  /** Exceptions that were not meant. */
  readonly faults: unknown[];
  /** What the next calls answer, oldest first. */
  readonly answers: Answer[];
  close(): Promise<void>;
}

/** A body that comes as a stream is compared as the bytes of it; an empty one is none. */
async function withoutStream(input: unknown): Promise<unknown> {
  const members = Object.entries(input as Record<string, unknown>).map(async ([name, value]) => {
    const isStream = typeof value === "object" && value !== null && "trailers" in value && "announced" in value;
    if (!isStream) return [name, value] as const;
    const bytes = await buffer(value as BodyStream);
    return [name, bytes.length === 0 ? undefined : bytes] as const;
  });
  return Object.fromEntries(await Promise.all(members));
}

/** @param name of the service's model */
export async function startEchoServer(name: string): Promise<EchoServer> {
  const model = loadModel(name);
  const fail = failFor(model);
  const calls: EchoServer["calls"] = [];
  const faults: unknown[] = [];
  const answers: Answer[] = [];
  const handlers = Object.fromEntries(
    [...model.operations.keys()].map((operation) => [
      operation,
      async (given: unknown) => {
        const input = await withoutStream(given);
        calls.push({ operation, input });
        while (answers[0]?.operation !== undefined && answers[0].operation !== operation) answers.shift();
        const { error, output } = answers.shift() ?? {};
        if (error !== undefined) fail(error.name as ErrorName<unknown>, error.message, error.members);
        return output;
      },
    ]),
  ) as Handlers<unknown>;
  const service = createService({ model, handlers, onFault: (error) => faults.push(error) });
  const context = { requestId: "00000000-0000-4000-8000-000000000000" } as CallContext;

  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const [path = "", query = ""] = (incoming.url ?? "").split("?", 2);
    const headers = incoming.headers as WireRequest["headers"];
    const whole = Buffer.concat(chunks);
    const head = { method: incoming.method ?? "", path, query, headers };
    const operation = service.operationOf({ ...head, body: whole });
    const isStreamed = operation !== undefined && service.streamsBody(operation);
    const body = isStreamed ? { body: Buffer.alloc(0), stream: streamOf(whole) } : { body: whole };
    const response = await service.handle({ ...head, ...body }, context);
    outgoing.writeHead(response.status, response.headers);
    if (Buffer.isBuffer(response.body)) outgoing.end(response.body);
    else pipeline(response.body, outgoing, () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    model,
    calls,
    faults,
    answers,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
