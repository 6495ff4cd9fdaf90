/** Log levels, and which lines of a function are below the one that was asked for (contract/02 §4, Application log). */
import type { LoggingConfig } from "../functions/function-version.ts";

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] as const;

/** Less than nothing is not below it. */
export function rankOf(level: string): number {
  return (LEVELS as readonly string[]).indexOf(level.toUpperCase());
}

/** Languages that have words of their own. */
const SYNONYMS: Readonly<Record<string, string>> = { WARNING: "WARN", CRITICAL: "FATAL" };

const LEVEL_MEMBERS = ["level", "log_level"] as const;

/**
 * @returns whether a line of the function's goes to its log; undefined when all do. Only JSON has levels, and a line that
 * names none counts as INFO.
 */
export function lineFilter({ logFormat, applicationLogLevel }: LoggingConfig): ((line: string) => boolean) | undefined {
  if (logFormat !== "JSON") return undefined;
  const least = rankOf(applicationLogLevel ?? "INFO");
  return least <= 0 ? undefined : (line) => rankOf(levelOf(line)) >= least;
}

function levelOf(line: string): string {
  if (!line.startsWith("{") || !line.includes('level"')) return "INFO";
  try {
    const document = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const level = LEVEL_MEMBERS.map((member) => document[member]).find((value) => typeof value === "string") ?? "INFO";
    const word = (level as string).toUpperCase();
    const known = SYNONYMS[word] ?? word;
    return rankOf(known) < 0 ? "INFO" : known;
  } catch {
    return "INFO";
  }
}
