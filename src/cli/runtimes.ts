/** `alonzo runtimes`: which runtimes functions may have on this machine, what the others lack; and brings languages here. */
import { inspectMachine, installLanguage, isCurrent, LANGUAGES } from "../inspection.ts";
import { readArguments, UsageError } from "./arguments.ts";
import { ensureSystemPackages } from "./install.ts";
import { LANGUAGE_COMPONENTS } from "./machine.ts";
import { columns, print, styled } from "./terminal.ts";

export async function run(args: readonly string[]): Promise<number> {
  const [word, ...rest] = args;
  if (word === undefined || word.startsWith("-")) return list(args);
  if (word !== "install") throw new UsageError(`runtimes takes 'install LANGUAGE' or nothing, not '${word}'`);
  return install(rest);
}

async function list(args: readonly string[]): Promise<number> {
  const { config } = readArguments(args);
  const { runtimes } = await inspectMachine(config);
  print(styled("bold", "Here"));
  const here = runtimes.list().map(({ runtime, version, languageDirectory, runtimeVersion }) => {
    return [runtime, version, note(runtime, runtimeVersion), languageDirectory ?? ""];
  });
  for (const line of columns(here)) print(line);
  print();
  print(styled("bold", "Not here"));
  for (const line of columns(runtimes.missing().map(({ runtime, reason, hint }) => [runtime, `${reason}: ${hint}`]))) {
    print(line);
  }
  return 0;
}

/** What is not as one would expect by the runtime's name. */
function note(runtime: string, runtimeVersion: string): string {
  if (!isCurrent(runtime)) return "no runtime of AWS's: only to stand in for one";
  const [language = "", version = ""] = runtimeVersion.split(":");
  return runtime.startsWith(language) && version.startsWith(runtime.slice(language.length).replace(/\.[a-z]\w*$/, ""))
    ? ""
    : "stands in";
}

/** @returns 0 when the language is here afterwards */
async function install(args: readonly string[]): Promise<number> {
  const { config, positionals } = readArguments(args, {}, ["LANGUAGE"]);
  const language = LANGUAGES.find((name) => name === positionals[0]);
  if (!language) throw new UsageError(`there is a way to install ${LANGUAGES.join(", ")}, not '${positionals[0]}'`);
  const left = ensureSystemPackages([LANGUAGE_COMPONENTS[language]], print);
  if (left.length > 0) return 1;
  await installLanguage(language, config, print);
  const { runtimes } = await inspectMachine(config);
  const found = runtimes.list().filter(({ runtime }) => runtime.startsWith(language));
  for (const { runtime, version } of found) print(`${runtime} runs here, on ${version}`);
  return found.length > 0 ? 0 : 1;
}
