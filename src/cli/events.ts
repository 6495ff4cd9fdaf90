/** `alonzo events`: asynchronous invocations that wait or were given up; shows them, tries them anew, forgets them. */
import { readArguments, UsageError } from "./arguments.ts";
import { RegionClient, targetOf } from "./client.ts";
import { columns, print, styled } from "./terminal.ts";

const PATH = "/_alonzo/events";
const FLAGS = {
  function: { type: "string", short: "f" },
  failed: { type: "boolean" },
  endpoint: { type: "string" },
} as const;

interface Event {
  readonly id: string;
  readonly functionName: string;
  readonly qualifier?: string;
  readonly state: string;
  readonly receivedAt: string;
  readonly attempts: number;
  readonly condition?: string;
  readonly errorMessage?: string;
  readonly target?: string;
}

type Flags = Readonly<Record<string, string | boolean | undefined>>;

const ACTIONS: Readonly<Record<string, (client: RegionClient, flags: Flags, id: string | undefined) => Promise<void>>> =
  {
    list: (client, flags) => list(client, flags),
    show: (client, _, id) => show(client, id),
    redrive: async (client, flags, id) => {
      const request = { method: "POST", path: `${PATH}/redrive`, query: chosen(flags, id) } as const;
      const { redriven } = await client.json<{ redriven: number }>(request);
      print(`${redriven} tried anew`);
    },
    drop: async (client, flags, id) => {
      const request = { method: "DELETE", path: PATH, query: chosen(flags, id) } as const;
      const { dropped } = await client.json<{ dropped: number }>(request);
      print(`${dropped} dropped`);
    },
  };

export async function run(args: readonly string[]): Promise<number> {
  const [name = "list", ...rest] = args;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action) throw new UsageError(`events takes one of ${Object.keys(ACTIONS).join(", ")}, not '${name}'`);
  const hasId = rest[0] !== undefined && !rest[0].startsWith("-");
  const { config, flags, positionals } = readArguments(rest, FLAGS, hasId && name !== "list" ? ["ID"] : []);
  await action(new RegionClient(targetOf(config, flags.endpoint as string | undefined)), flags, positionals[0]);
  return 0;
}

async function list(client: RegionClient, flags: Flags): Promise<void> {
  let below: number | undefined;
  do {
    const query = {
      ...(typeof flags.function === "string" && { functionName: flags.function }),
      ...(flags.failed === true && { failed: "1" }),
      ...(below !== undefined && { below: String(below) }),
    };
    const page = await client.json<{ events: Event[]; below?: number }>({ method: "GET", path: PATH, query });
    for (const line of columns(page.events.map(cellsOf), "")) print(line);
    below = page.below;
  } while (below !== undefined);
}

function cellsOf(event: Event): string[] {
  const { id, functionName, qualifier, state, receivedAt, attempts, condition, errorMessage, target } = event;
  const name = qualifier === undefined ? functionName : `${functionName}:${qualifier}`;
  const why = [condition, errorMessage?.replace(/\s+/g, " ").slice(0, 80), target].filter(Boolean).join(": ");
  return [receivedAt, id, name, state, `${attempts} ${attempts === 1 ? "attempt" : "attempts"}`, styled("dim", why)];
}

async function show(client: RegionClient, id: string | undefined): Promise<void> {
  if (id === undefined) throw new UsageError("missing ID");
  const event = await client.json<object>({ method: "GET", path: `${PATH}/${encodeURIComponent(id)}` });
  print(JSON.stringify(event, null, 2));
}

/** One event, or all of a function that were given up. */
function chosen(flags: Flags, id: string | undefined): { id: string } | { functionName: string } {
  if (id !== undefined && flags.function !== undefined) throw new UsageError("either an ID or --function, not both");
  if (id !== undefined) return { id };
  if (typeof flags.function === "string") return { functionName: flags.function };
  throw new UsageError("missing ID, or --function NAME");
}
