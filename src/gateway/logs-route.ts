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
      const lines = query.get("follow") === "1" ? follow(logs, logGroup, since, ended) : past(logs, logGroup, since);
      return { status: 200, headers: { "content-type": "application/x-ndjson" }, body: Readable.from(lines) };
    },
  };
}

async function* past(logs: LogStore, logGroup: string, since: number): AsyncGenerator<string> {
  for (const event of await logs.read(logGroup, since)) yield `${JSON.stringify(event)}\n`;
}

/** What there is, then what comes, until the caller goes away or the region closes. */
async function* follow(logs: LogStore, logGroup: string, since: number, ended: AbortSignal): AsyncGenerator<string> {
  const queue: LogEvent[] = [];
  let wake: () => void = () => {};
  // Read first, then listen, with no turn of the event loop between: nothing is shown twice or missed.
  const events = await logs.read(logGroup, since);
  const stop = logs.follow(logGroup, (event) => {
    queue.push(event);
    wake();
  });
  ended.addEventListener("abort", () => wake(), { once: true });
  try {
    for (const event of events) yield `${JSON.stringify(event)}\n`;
    while (!ended.aborted) {
      const ready = queue.splice(0);
      if (ready.length > 0) yield ready.map((event) => `${JSON.stringify(event)}\n`).join("");
      if (queue.length > 0) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    stop();
  }
}
