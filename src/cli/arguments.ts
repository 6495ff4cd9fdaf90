/** Reads a verb's arguments: the settings of config.ts as flags, plus what the verb adds of its own. */
import { parseArgs } from "node:util";
import { type Config, ConfigError, resolveConfig, SETTINGS } from "../config.ts";

/** The command line cannot be understood. The message is for the operator. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface OwnFlag {
  readonly type: "string" | "boolean";
  readonly short?: string;
}

export interface Arguments {
  readonly config: Config;
  /** Flags that were given, settings included. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

/**
 * @param own flags of the verb besides the settings
 * @param names what the words are that the verb takes
 * @throws UsageError for unknown flags and missing or spare words; ConfigError for unusable settings
 */
export function readArguments(
  args: readonly string[],
  own: Readonly<Record<string, OwnFlag>> = {},
  names: readonly string[] = [],
): Arguments {
  const settings = Object.fromEntries(Object.values(SETTINGS).map(({ flag }) => [flag, { type: "string" as const }]));
  const parsed = parse(args, { ...settings, ...own });
  if (parsed.positionals.length < names.length) throw new UsageError(`missing ${names[parsed.positionals.length]}`);
  if (parsed.positionals.length > names.length) {
    throw new UsageError(`unexpected argument '${parsed.positionals[names.length]}'`);
  }
  const texts = Object.fromEntries(Object.entries(parsed.values).filter(([, value]) => typeof value === "string"));
  return {
    config: resolveConfig(texts as Record<string, string>, process.env),
    flags: parsed.values as Arguments["flags"],
    positionals: parsed.positionals,
  };
}

function parse(args: readonly string[], options: Record<string, OwnFlag>) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message.split(". To specify", 1)[0] ?? "arguments not understood");
  }
}

/** Is this the operator's to mend, so that the message says all and a stack trace would only hide it? */
export function isOperatorError(error: unknown): error is Error {
  return error instanceof UsageError || error instanceof ConfigError;
}
