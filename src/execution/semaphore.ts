/** At most so many at a time. Whoever waits is served by party, in turn: one with a thousand waiting delays the others by one. */
export class Semaphore {
  #free: number;
  /** A party is here while it waits; the Map's order is whose turn it is. */
  readonly #waiting = new Map<object, (() => void)[]>();

  constructor(permits: number) {
    this.#free = permits;
  }

  /** @param party on whose behalf */
  acquire(party: object): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    return new Promise((resolve) => {
      const queue = this.#waiting.get(party);
      if (queue) queue.push(resolve);
      else this.#waiting.set(party, [resolve]);
    });
  }

  release(): void {
    const [first] = this.#waiting;
    if (!first) {
      this.#free++;
      return;
    }
    const [party, queue] = first;
    const next = queue.shift();
    this.#waiting.delete(party);
    if (queue.length > 0) this.#waiting.set(party, queue);
    next?.();
  }
}

/** A permit that was acquired, given back exactly once, by whoever is first. */
export class Turn {
  readonly #semaphore: Semaphore;
  readonly #onEnd: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(semaphore: Semaphore, onEnd?: () => void) {
    this.#semaphore = semaphore;
    this.#onEnd = onEnd;
  }

  /** Give it back at the latest after so many ms. */
  endIn(ms: number): void {
    this.#timer = setTimeout(() => this.end(), ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    if (this.#ended) return;
    this.#ended = true;
    this.#semaphore.release();
    this.#onEnd?.();
  }
}
