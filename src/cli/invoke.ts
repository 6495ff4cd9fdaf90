/** `alonzo invoke`: sends one event to a function and prints its answer. */
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { readArguments, UsageError } from "./arguments.ts";
import { RegionClient, targetOf } from "./client.ts";
import { invoke } from "./function-calls.ts";

const FLAGS = {
  payload: { type: "string", short: "p" },
  qualifier: { type: "string", short: "q" },
  tail: { type: "boolean", short: "t" },
  endpoint: { type: "string" },
} as const;

async function payloadOf(text: string): Promise<string | Buffer> {
  if (text === "-") return buffer(process.stdin);
  if (!text.startsWith("@")) return text;
  return readFile(text.slice(1)).catch((cause: unknown) => {
    throw new UsageError(`--payload names a file that cannot be read: ${(cause as Error).message}`);
  });
}

/** @returns 0, or 1 when the function failed. Its answer goes to stdout, everything else to stderr. */
export async function run(args: readonly string[]): Promise<number> {
  const { config, flags, positionals } = readArguments(args, FLAGS, ["the function's NAME"]);
  const client = new RegionClient(targetOf(config, flags.endpoint as string | undefined));
  const answer = await invoke(client, positionals[0] as string, {
    payload: await payloadOf((flags.payload as string | undefined) ?? "{}"),
    ...(typeof flags.qualifier === "string" && { qualifier: flags.qualifier }),
    tail: flags.tail === true,
  });
  if (answer.logTail !== "") process.stderr.write(answer.logTail);
  process.stdout.write(`${answer.payload}\n`);
  if (answer.functionError === undefined) return 0;
  process.stderr.write(`the function failed: ${answer.functionError}\n`);
  return 1;
}
