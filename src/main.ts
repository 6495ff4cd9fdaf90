#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
/** The program: finds the verb and runs it. Flags and environment are read by the verbs, the region made by region.ts. */
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { isOperatorError } from "./cli/arguments.ts";
import { ApiError, UnreachableError } from "./cli/client.ts";
import { continueOnPinnedNode } from "./cli/pinned-node.ts";
import { isVerb, VERBS } from "./cli/verbs.ts";

const ALIASES: Readonly<Record<string, string>> = {
  "--help": "help",
  "-h": "help",
  "--version": "version",
  "-v": "version",
};

async function main(words: readonly string[]): Promise<number> {
  const [word = "help", ...args] = words;
  const name = args.includes("--help") ? "help" : (ALIASES[word] ?? word);
  if (!isVerb(name)) {
    process.stderr.write(`alonzo: '${word}' is no verb. One of: ${Object.keys(VERBS).join(", ")}\n`);
    return 2;
  }
  try {
    const { run } = await VERBS[name]();
    return await run(args);
  } catch (error) {
    if (isOperatorError(error)) {
      process.stderr.write(`alonzo ${name}: ${error.message}\n`);
      return 2;
    }
    const expected = error instanceof ApiError || error instanceof UnreachableError;
    process.stderr.write(`alonzo ${name}: ${expected ? error.message : ((error as Error)?.stack ?? String(error))}\n`);
    return 1;
  }
}

continueOnPinnedNode();
// What was compiled once is not compiled again: half of a start. In the user's own directory, where nobody else can plant code.
if (process.env.NODE_COMPILE_CACHE === undefined) {
  enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "alonzo", "compiled"));
}
// A reader that goes away (`alonzo start | head -1`) must not take the region with it.
process.stdout.on("error", () => {});
process.exitCode = await main(process.argv.slice(2));
// Nothing that still waits (a keep-alive socket, a timer) may hold an ended command.
process.exit();
