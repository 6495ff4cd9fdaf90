/** `alonzo cost`: what functions used, and what AWS would have charged for it. */
import { readArguments } from "./arguments.ts";
import { RegionClient, targetOf } from "./client.ts";
import { columns, print, styled } from "./terminal.ts";

const FLAGS = {
  from: { type: "string" },
  to: { type: "string" },
  by: { type: "string" },
  csv: { type: "boolean" },
  endpoint: { type: "string" },
} as const;

/** Of the answer of /_alonzo/usage, what is shown. */
interface Figures {
  readonly requests: number;
  readonly eventChunks: number;
  readonly billedMs: number;
  readonly gbSeconds: string;
  readonly provisionedBilledMs: number;
  readonly usd: string;
}

interface Report {
  readonly from: string;
  readonly to: string;
  readonly by: "function" | "version" | "day";
  readonly groups: readonly (Figures & Readonly<Record<string, string | number>>)[];
  readonly total: Figures;
  readonly bill: readonly {
    readonly month: string;
    readonly item: string;
    readonly architecture?: string;
    readonly quantity: string;
    readonly unit: string;
    readonly usdPerUnit: string;
    readonly usd: string;
  }[];
  readonly assumed: readonly string[];
}

const NAMES = { function: ["function"], version: ["function", "version"], day: ["day"] } as const;

export async function run(args: readonly string[]): Promise<number> {
  const { config, flags } = readArguments(args, FLAGS);
  const client = new RegionClient(targetOf(config, flags.endpoint as string | undefined));
  const query: Record<string, string> = { format: flags.csv === true ? "csv" : "json" };
  for (const name of ["from", "to", "by"]) if (typeof flags[name] === "string") query[name] = flags[name];
  const response = await client.send({ method: "GET", path: "/_alonzo/usage", query });
  if (flags.csv === true) process.stdout.write(await response.text());
  else show((await response.json()) as Report);
  return 0;
}

function show({ from, to, by, groups, total, bill, assumed }: Report): void {
  const names = NAMES[by];
  print(styled("bold", `used from ${from} to ${to} (UTC), and its share of AWS's bill`));
  const rows = groups.map((group) => [...names.map((name) => String(group[name])), ...cells(group)]);
  const sum = ["total", ...names.slice(1).map(() => ""), ...cells(total)];
  const head = [...names, "requests", "billed ms", "GB-s", "USD"];
  for (const line of columns([head, ...rows, sum])) print(line);
  print();
  print(styled("bold", "what AWS would have charged for the whole month"));
  const lines = bill.map(({ month, item, architecture, quantity, unit, usdPerUnit, usd }) => [
    month,
    architecture === undefined ? item : `${item}, ${architecture}`,
    `${quantity} ${unit}`,
    usdPerUnit === "0" ? "free" : `at ${usdPerUnit}`,
    dollars(usd),
  ]);
  for (const line of columns([["month", "item", "quantity", "price", "USD"], ...lines])) print(line);
  print();
  print(styled("dim", "assumed:"));
  for (const assumption of assumed) print(styled("dim", `  - ${assumption}`));
}

/** Requests as they are billed, and the duration of all of them; GB-s are those on demand. */
function cells({ requests, eventChunks, billedMs, provisionedBilledMs, gbSeconds, usd }: Figures): string[] {
  return [String(requests + eventChunks), String(billedMs + provisionedBilledMs), gbSeconds, dollars(usd)];
}

/** Six digits after the point: most use of a region at home costs less than a cent. */
function dollars(usd: string): string {
  return Number(usd).toFixed(6);
}
