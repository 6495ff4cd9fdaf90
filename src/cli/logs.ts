/** `alonzo logs`: prints what a function logged, and with --follow what it logs from now on. */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { readArguments, UsageError } from "./arguments.ts";
import { RegionClient, targetOf } from "./client.ts";
import { print, styled } from "./terminal.ts";

const FLAGS = {
  follow: { type: "boolean", short: "f" },
  since: { type: "string" },
  endpoint: { type: "string" },
} as const;

/** Between attempts to reach a region that is gone. */
const RETRY_MS = 500;

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

/** What was printed last, to go on behind it: times are of milliseconds, so several records share one. */
class Printed {
  #lastMs = 0;
  readonly #atLast = new Set<string>();

  /** @returns from when on to ask again */
  sinceOr(sinceMs: number | undefined): number | undefined {
    return this.#lastMs === 0 ? sinceMs : this.#lastMs;
  }

  print(line: string): void {
    const { timestamp, message } = JSON.parse(line) as LogRecord;
    if (timestamp === this.#lastMs && this.#atLast.has(line)) return;
    if (timestamp > this.#lastMs) {
      this.#lastMs = timestamp;
      this.#atLast.clear();
    }
    if (timestamp === this.#lastMs) this.#atLast.add(line);
    print(`${styled("dim", new Date(timestamp).toISOString())} ${message.trimEnd()}`);
  }
}

/** Until the region has no more to tell, or is gone. @throws when it cannot be reached, or refuses */
async function printLog(client: RegionClient, query: Readonly<Record<string, string>>, printed: Printed) {
  const { body } = await client.send({ method: "GET", path: "/_alonzo/logs", query });
  if (body === null) return;
  const lines = createInterface({ input: Readable.fromWeb(body) })[Symbol.asyncIterator]();
  for (;;) {
    // A region that crashes breaks off in the middle of its answer.
    const next = await lines.next().catch(() => undefined);
    if (next === undefined || next.done === true) return;
    if (next.value.endsWith("}")) printed.print(next.value);
  }
}

export async function run(args: readonly string[]): Promise<number> {
  const { config, flags, positionals } = readArguments(args, FLAGS, ["the function's NAME"]);
  const client = new RegionClient(targetOf(config, flags.endpoint as string | undefined));
  const functionName = positionals[0] as string;
  const given = typeof flags.since === "string" ? sinceMs(flags.since, Date.now()) : undefined;
  const printed = new Printed();
  const printMore = (follow: Readonly<Record<string, string>>) => {
    const since = printed.sinceOr(given);
    return printLog(client, { functionName, ...(since !== undefined && { since: String(since) }), ...follow }, printed);
  };
  if (flags.follow !== true) {
    await printMore({});
    return 0;
  }
  await printMore({ follow: "1" });
  // It has restarted, or crashed.
  for (;;) {
    process.stderr.write("the region is gone; waiting until it is back\n");
    await untilBack(client);
    await printMore({ follow: "1" });
  }
}

async function untilBack(client: RegionClient): Promise<void> {
  for (;;) {
    await delay(RETRY_MS);
    try {
      await client.send({ method: "GET", path: "/_alonzo/health" });
      return;
    } catch {
      // Not there yet, or not ready.
    }
  }
}
