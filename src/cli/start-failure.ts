/** Says in the operator's words why a region could not start, where the reason is one that an operator can mend. */
import { type Config, ConfigError } from "../config.ts";

const REASONS: Readonly<Record<string, (config: Config) => string>> = {
  EADDRINUSE: ({ host, port }) => `port ${port} on ${host} is taken: choose another with --port, or 0 for a free one`,
  EADDRNOTAVAIL: ({ host }) => `${host} is no address of this machine: choose another with --host`,
  ENOTFOUND: ({ host }) => `${host} is no address of this machine: choose another with --host`,
  EACCES: ({ port, dataDir }) =>
    `no permission for port ${port} or for ${dataDir}: choose others with --port, --data-dir`,
};

/** Told by name: how a region keeps its state is not the command line's to import. */
export function isDataDirectoryInUse(error: unknown): error is Error {
  return error instanceof Error && error.name === "DataDirectoryInUse";
}

/** @returns a ConfigError with advice, or the error itself when there is none to give */
export function startFailure(error: unknown, config: Config): unknown {
  if (isDataDirectoryInUse(error)) {
    return new ConfigError(`${error.message}: stop that one, or choose another with --data-dir`, { cause: error });
  }
  const { code, message, hint } = error as NodeJS.ErrnoException & { readonly hint?: unknown };
  if (typeof hint === "string") return new ConfigError(`${message}: ${hint}`, { cause: error });
  const reason = code === undefined ? undefined : REASONS[code];
  return reason === undefined ? error : new ConfigError(reason(config), { cause: error });
}
