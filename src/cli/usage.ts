/** How each verb of the command line is called, and what it is for. */

export const USAGE = {
  start: { usage: "start [SETTINGS]", about: "run a region until Ctrl-C" },
  quickstart: {
    usage: "quickstart [--once] [SETTINGS]",
    about: "install what is missing, start a region, deploy an example and invoke it",
  },
  invoke: {
    usage: "invoke NAME [--payload JSON|@FILE|-] [--qualifier Q] [--tail] [--endpoint URL]",
    about: "send an event to a function and print its answer",
  },
  logs: {
    usage: "logs NAME [--follow] [--since 10m] [--endpoint URL]",
    about: "print what a function logged",
  },
  cost: {
    usage: "cost [--from DAY] [--to DAY] [--by function|version|day] [--csv] [--endpoint URL]",
    about: "show what functions used this month, or between two days, and what AWS would have charged",
  },
  url: {
    usage: "url NAME [--qualifier ALIAS] [--signed] [--stream] [--endpoint URL]",
    about: "print a function's URL, and give it one that anybody may call when it has none",
  },
  events: {
    usage: "events [list | show ID | redrive ID | drop ID] [--function NAME] [--failed] [--endpoint URL]",
    about: "asynchronous invocations that wait or were given up: show them, try them anew, forget them",
  },
  environments: {
    usage: "environments [list | kill ID | cold ID] [--function NAME] [--all] [--json] [--endpoint URL]",
    about: "show the execution environments of a region, end them, or have functions start cold",
  },
  runtimes: {
    usage: "runtimes [install java|python|ruby]",
    about: "list the runtimes that functions may have here, and what the others lack; bring a language here",
  },
  doctor: { usage: "doctor", about: "show what this machine offers and lacks, and what would mend it" },
  version: { usage: "version", about: "print the version" },
  help: { usage: "help", about: "print this" },
} as const;
