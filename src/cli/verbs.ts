/** The verbs of the command line. Each is loaded only when it is used, so that `start` does not pay for the others. */

export interface Verb {
  readonly usage: string;
  readonly about: string;
  readonly load: () => Promise<{ readonly run: (args: readonly string[]) => Promise<number> }>;
}

export const VERBS: Readonly<Record<string, Verb>> = {
  start: {
    usage: "start [SETTINGS]",
    about: "run a region until Ctrl-C",
    load: () => import("./start.ts"),
  },
  quickstart: {
    usage: "quickstart [--once] [SETTINGS]",
    about: "install what is missing, start a region, deploy an example and invoke it",
    load: () => import("./quickstart.ts"),
  },
  invoke: {
    usage: "invoke NAME [--payload JSON|@FILE|-] [--qualifier Q] [--tail] [--endpoint URL]",
    about: "send an event to a function and print its answer",
    load: () => import("./invoke.ts"),
  },
  logs: {
    usage: "logs NAME [--follow] [--since 10m] [--endpoint URL]",
    about: "print what a function logged",
    load: () => import("./logs.ts"),
  },
  doctor: {
    usage: "doctor",
    about: "show what this machine offers and lacks, and what would mend it",
    load: () => import("./doctor.ts"),
  },
  version: { usage: "version", about: "print the version", load: () => import("./version.ts") },
  help: { usage: "help", about: "print this", load: () => import("./help.ts") },
};
