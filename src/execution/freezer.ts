/** Freezes environments that have been idle for a moment: not at once, for the next invocation often comes sooner. */
import type { Environment } from "./environment.ts";

/** ms between an environment's last work and its freeze */
const FREEZE_AFTER_MS = 25;

export class Freezer {
  readonly #isIdle: (environment: Environment) => boolean;
  readonly #cooling: Environment[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param isIdle whether it still waits for work when its time has come */
  constructor(isIdle: (environment: Environment) => boolean) {
    this.#isIdle = isIdle;
  }

  /** It has just become idle. */
  cool(environment: Environment): void {
    this.#cooling.push(environment);
    this.#timer ??= setTimeout(() => this.#freeze(), FREEZE_AFTER_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #freeze(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    const warm = this.#cooling.splice(0).filter((environment) => {
      if (!this.#isIdle(environment)) return false;
      if (nowMs - environment.idleSinceMs < FREEZE_AFTER_MS) return true;
      environment.freeze();
      return false;
    });
    this.#cooling.push(...new Set(warm));
    if (this.#cooling.length > 0) this.#timer = setTimeout(() => this.#freeze(), FREEZE_AFTER_MS);
  }
}
