/** `GET /_alonzo/logs?functionName=..&since=<ms>&follow=1`: a function's log as newline-delimited JSON, for `alonzo logs`. */
import { Readable } from "node:stream";
import type { Catalog } from "../functions/catalog.ts";
import type { LogEvent, LogStore } from "../observability/log-store.ts";
import type { WireResponse } from "../wire/service.ts";
import type { AdminRoute } from "./gateway.ts";
import { refusal } from "./refusal.ts";

/** @param stopping ends every follow: the region is about to close, and would wait for them for ever */
export function logsRoute(catalog: Catalog, logs: LogStore, stopping: AbortSignal): AdminRoute {
  return {
    method: "GET",
    prefix: "/_alonzo/logs",
    signed: true,
    async handle(request): Promise<WireResponse> {
      const query = new URLSearchParams(request.query);
      const functionName = query.get("functionName") ?? "";
      const version = await catalog.describe(functionName);
      if (!version) throw refusal("ResourceNotFoundException", `Function not found: ${functionName}`);
      const since = Number(query.get("since") ?? "0");
      if (!Number.isFinite(since)) {
        throw refusal("InvalidParameterValueException", "since is a time in milliseconds since 1970");
      }
      const { logGroup } = version.logging;
      const ended = AbortSignal.any([request.signal, stopping]);
      const isFollowing = query.get("follow") === "1";
      const lines = linesOf(isFollowing ? logs.follow(logGroup, since, ended) : logs.read(logGroup, { fromMs: since }));
      return { status: 200, headers: { "content-type": "application/x-ndjson" }, body: Readable.from(lines) };
    },
  };
}

/** What there is, and with a follower what comes, until the caller goes away or the region closes. */
async function* linesOf(pieces: AsyncIterable<readonly LogEvent[]>): AsyncGenerator<string> {
  for await (const events of pieces) {
    yield events
      .map(({ timestamp, logStream, message }) => `${JSON.stringify({ timestamp, logStream, message })}\n`)
      .join("");
  }
}
