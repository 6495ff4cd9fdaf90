/**
 * `/_alonzo/events`: the queue of asynchronous invocations, for `alonzo events`. GET lists (functionName, failed=1, below)
 * or shows one (/ID); POST /redrive tries anew and DELETE forgets what `id` or `functionName` names.
 */
import type { Chosen, EventBrowser } from "../invocation/async/event-browser.ts";
import type { EventCounters } from "../invocation/async/event-counters.ts";
import type { WireResponse } from "../wire/service.ts";
import type { AdminRoute } from "./gateway.ts";
import { refusal } from "./refusal.ts";

const PATH = "/_alonzo/events";
const PAGE = 100;

export function eventRoutes(browser: EventBrowser, counters: Readonly<EventCounters>): AdminRoute[] {
  return [
    {
      method: "GET",
      prefix: PATH,
      signed: true,
      handle({ path, query }) {
        if (path === PATH) return list(query);
        if (path.startsWith(`${PATH}/`)) return show(decodeURIComponent(path.slice(PATH.length + 1)));
        throw refusal("UnknownOperationException", "There is nothing at this path");
      },
    },
    {
      method: "POST",
      prefix: `${PATH}/redrive`,
      signed: true,
      handle: async ({ query }) => json({ redriven: await browser.redrive(chosen(query)) }),
    },
    {
      method: "DELETE",
      prefix: PATH,
      signed: true,
      handle: async ({ query }) => json({ dropped: await browser.drop(chosen(query)) }),
    },
  ];

  async function list(text: string): Promise<WireResponse> {
    const query = new URLSearchParams(text);
    const functionName = query.get("functionName") ?? undefined;
    const below = query.get("below") ?? undefined;
    if (below !== undefined && !/^\d{1,15}$/.test(below)) {
      throw refusal("InvalidParameterValueException", "below is a number that an earlier answer gave");
    }
    const page = { limit: PAGE, ...(below !== undefined && { below: Number(below) }) };
    return json({ ...(await browser.list({ functionName, failed: query.get("failed") === "1" }, page)), counters });
  }

  async function show(id: string): Promise<WireResponse> {
    const event = await browser.find(id);
    if (!event) throw refusal("ResourceNotFoundException", `There is no event ${id}`);
    return json(event);
  }
}

function chosen(text: string): Chosen {
  const query = new URLSearchParams(text);
  const id = query.get("id");
  const functionName = query.get("functionName");
  if (id) return { id };
  if (functionName) return { functionName };
  throw refusal("InvalidParameterValueException", "Either id or functionName says which events are meant");
}

function json(value: unknown): WireResponse {
  return { status: 200, headers: { "Content-Type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}
