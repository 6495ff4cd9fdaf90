/** `alonzo logs`: prints what a function logged, and with --follow what it logs from now on. */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { readArguments, UsageError } from "./arguments.ts";
import { RegionClient, targetOf } from "./client.ts";
import { print, styled } from "./terminal.ts";

const FLAGS = {
  follow: { type: "boolean", short: "f" },
  since: { type: "string" },
  endpoint: { type: "string" },
} as const;

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * @param text how long ago (`30s`, `10m`, `2h`, `1d`) or a date
 * @returns ms since the epoch
 * @throws UsageError when it is neither
 */
export function sinceMs(text: string, nowMs: number): number {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return nowMs - Number(amount) * (UNIT_MS[unit] ?? 0);
  const date = Date.parse(text);
  if (Number.isNaN(date))
    throw new UsageError(`--since is a time such as 10m, 2h or 2026-11-21T10:00:00Z, not '${text}'`);
  return date;
}

interface LogRecord {
  readonly timestamp: number;
  readonly logStream: string;
  readonly message: string;
}

export async function run(args: readonly string[]): Promise<number> {
  const { config, flags, positionals } = readArguments(args, FLAGS, ["the function's NAME"]);
  const client = new RegionClient(targetOf(config, flags.endpoint as string | undefined));
  const response = await client.send({
    method: "GET",
    path: "/_alonzo/logs",
    query: {
      functionName: positionals[0] as string,
      ...(typeof flags.since === "string" && { since: String(sinceMs(flags.since, Date.now())) }),
      ...(flags.follow === true && { follow: "1" }),
    },
  });
  if (response.body === null) return 0;
  for await (const line of createInterface({ input: Readable.fromWeb(response.body) })) {
    if (line === "") continue;
    const record = JSON.parse(line) as LogRecord;
    print(`${styled("dim", new Date(record.timestamp).toISOString())} ${record.message.trimEnd()}`);
  }
  return 0;
}
