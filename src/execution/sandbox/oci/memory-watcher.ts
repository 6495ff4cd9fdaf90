/**
 * Kills a sandbox that holds more memory than its function has. The kernel enforces memory and /tmp together, since it
 * charges both to one group; this looks at the function's own share. One timer for all sandboxes.
 */
export interface Watched {
  isOverMemoryLimit(): boolean;
  killForMemory(): void;
}

const INTERVAL_MS = 50;

export class MemoryWatcher {
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  /** Frozen or ended sandboxes cannot grow: leave them out. */
  watch(sandbox: Watched): void {
    this.#watched.add(sandbox);
    this.#timer ??= setInterval(() => this.#look(), INTERVAL_MS).unref();
  }

  unwatch(sandbox: Watched): void {
    this.#watched.delete(sandbox);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    for (const sandbox of this.#watched) {
      try {
        if (sandbox.isOverMemoryLimit()) sandbox.killForMemory();
      } catch {
        // Its group is just going, or descriptors are short: the next look tells, and the kernel's own limit holds.
      }
    }
  }
}
