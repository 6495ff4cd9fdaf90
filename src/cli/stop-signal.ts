/** Turns the signals that end a server into one promise; a second signal ends the process at once. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Ask for this before anything is started, so that a signal that arrives while starting is not lost.
 * @returns resolves with the signal's name at the first one
 */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let received = false;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (received) process.exit(1);
        received = true;
        resolve(signal);
      });
    }
  });
}
