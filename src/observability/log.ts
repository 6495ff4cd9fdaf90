/** Alonzo's own log, for the operator: one line an event on stderr. Never on the invoke path, never a secret in it. */

export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** @param write takes one whole line */
export function createLog(write: (line: string) => void = (line) => process.stderr.write(line)): Log {
  const emit =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      const details = Object.entries(fields).map(([name, value]) => `${name}=${render(value)}`);
      write(`${[new Date().toISOString(), level, message, ...details].join(" ")}\n`);
    };
  return { info: emit("INFO"), warn: emit("WARN"), error: emit("ERROR") };
}

/** Line breaks in what callers sent must not look like further log lines. */
function render(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.stack ?? value.message);
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}
