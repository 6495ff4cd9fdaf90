/** `alonzo environments`: the execution environments of a region; shows them, ends them, has functions start cold. */
import { readArguments, UsageError } from "./arguments.ts";
import { RegionClient, targetOf } from "./client.ts";
import { columns, print, styled } from "./terminal.ts";

const PATH = "/_alonzo/environments";
const FLAGS = {
  function: { type: "string", short: "f" },
  all: { type: "boolean" },
  json: { type: "boolean" },
  endpoint: { type: "string" },
} as const;

interface Environment {
  readonly id: string;
  readonly functionName: string;
  readonly version: string;
  readonly state: string;
  readonly driver: string;
  readonly provisioned: boolean;
  readonly createdAt: string;
  readonly lastUsedAt?: string;
  readonly invocations: number;
  readonly memoryMb: number;
  readonly maxMemoryUsedMb: number;
}

/** Sandboxes in which a language waits for a function. */
interface CellStock {
  readonly runtime: string;
  readonly memoryMb: number;
  readonly ready: number;
  readonly starting: number;
}

type Flags = Readonly<Record<string, string | boolean | undefined>>;

const ACTIONS: Readonly<Record<string, (client: RegionClient, flags: Flags, id: string | undefined) => Promise<void>>> =
  {
    list: (client, flags) => list(client, flags),
    kill: async (client, flags, id) => {
      const request = { method: "DELETE", path: PATH, query: chosen(flags, id) } as const;
      const { ended } = await client.json<{ ended: number }>(request);
      print(`${ended} ended`);
    },
    cold: async (client, flags, id) => {
      const request = { method: "POST", path: `${PATH}/cold`, query: chosen(flags, id) } as const;
      const { ended } = await client.json<{ ended: number }>(request);
      print(`${ended} will not be used again`);
    },
  };

export async function run(args: readonly string[]): Promise<number> {
  const hasAction = args[0] !== undefined && !args[0].startsWith("-");
  const [name, rest] = hasAction ? [args[0] as string, args.slice(1)] : ["list", args];
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action) throw new UsageError(`environments takes one of ${Object.keys(ACTIONS).join(", ")}, not '${name}'`);
  const hasId = rest[0] !== undefined && !rest[0].startsWith("-");
  const { config, flags, positionals } = readArguments(rest, FLAGS, hasId && name !== "list" ? ["ID"] : []);
  await action(new RegionClient(targetOf(config, flags.endpoint as string | undefined)), flags, positionals[0]);
  return 0;
}

async function list(client: RegionClient, flags: Flags): Promise<void> {
  const query = { ...(typeof flags.function === "string" && { functionName: flags.function }) };
  const request = { method: "GET", path: PATH, query } as const;
  const answer = await client.json<{ environments: Environment[]; cells: CellStock[] }>(request);
  if (flags.json === true) return print(JSON.stringify(answer.environments, null, 2));
  if (answer.environments.length === 0) print(styled("dim", "no environments"));
  else table(answer.environments);
  // They are no function's.
  if (flags.function === undefined) for (const stock of answer.cells) print(styled("dim", cellsLine(stock)));
}

function cellsLine({ runtime, memoryMb, ready, starting }: CellStock): string {
  return `started ahead: ${ready} of ${runtime}, ${memoryMb} MB${starting > 0 ? `, and ${starting} starting` : ""}`;
}

function table(environments: readonly Environment[]): void {
  const head = ["environment", "function", "state", "age", "last used", "invocations", "memory", "driver"];
  const nowMs = Date.now();
  const rows = environments.map((environment) => cellsOf(environment, nowMs));
  for (const line of columns([head, ...rows])) print(line);
}

function cellsOf(environment: Environment, nowMs: number): string[] {
  const { id, functionName, version, state, provisioned, createdAt, lastUsedAt, invocations, driver } = environment;
  return [
    id,
    `${functionName}:${version}`,
    provisioned ? `${state}, provisioned` : state,
    since(createdAt, nowMs),
    lastUsedAt === undefined ? "-" : `${since(lastUsedAt, nowMs)} ago`,
    String(invocations),
    `${environment.maxMemoryUsedMb} of ${environment.memoryMb} MB`,
    driver,
  ];
}

/** `12s`, `5m`, `3h`, `2d` */
function since(date: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(date)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)}h` : `${Math.round(seconds / 86_400)}d`;
}

function chosen(flags: Flags, id: string | undefined): Record<string, string> {
  const { function: functionName, all } = flags;
  const named = [id !== undefined, typeof functionName === "string", all === true].filter(Boolean).length;
  if (named !== 1) throw new UsageError("name one of ID, --function NAME and --all");
  if (id !== undefined) return { id };
  return typeof functionName === "string" ? { functionName } : { all: "1" };
}
