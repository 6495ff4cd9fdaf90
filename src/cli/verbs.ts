/** The verbs of the command line. Each is loaded only when it is used, so that `start` does not pay for the others. */
import type { USAGE } from "./usage.ts";

/** Answers with the exit code. */
export type Run = (args: readonly string[]) => Promise<number>;

export const VERBS: Readonly<Record<keyof typeof USAGE, () => Promise<{ readonly run: Run }>>> = {
  start: () => import("./start.ts"),
  quickstart: () => import("./quickstart.ts"),
  invoke: () => import("./invoke.ts"),
  logs: () => import("./logs.ts"),
  cost: () => import("./cost.ts"),
  url: () => import("./url.ts"),
  events: () => import("./events.ts"),
  environments: () => import("./environments.ts"),
  runtimes: () => import("./runtimes.ts"),
  doctor: () => import("./doctor.ts"),
  version: () => import("./version.ts"),
  help: () => import("./help.ts"),
};

export function isVerb(word: string): word is keyof typeof VERBS {
  return Object.hasOwn(VERBS, word);
}
