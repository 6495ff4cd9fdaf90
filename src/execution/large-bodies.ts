/**
 * Events and answers of megabytes take turns: a few at a time are in our memory, the others wait where they come from,
 * unread. A courtesy, not a wall: nobody waits longer than a bounded time, so that bodies which trickle, or functions which
 * wait for each other, hold nobody up for ever.
 */

/** bytes; smaller bodies take no turn */
export const LARGE_BYTES = 512 * 1024;
/** At 6 MB each. */
const AT_ONCE = 4;
const LONGEST_WAIT_MS = 10_000;
/** An answer whose reader is slower stands in nobody's way. */
const LONGEST_KEEP_MS = 1_000;

export class LargeBodies {
  #inside = 0;
  readonly #waiting = new Set<Turn>();

  /** @param onTurn called once when the turn has come: at once, or later */
  enter(onTurn: () => void): Turn {
    const turn = new Turn(onTurn, (wasInside) => {
      if (wasInside) this.#inside--;
      this.#waiting.delete(turn);
      this.#admit();
    });
    this.#waiting.add(turn);
    this.#admit();
    if (this.#waiting.has(turn)) turn.comeAfter(LONGEST_WAIT_MS, () => this.#start(turn));
    return turn;
  }

  #admit(): void {
    for (const turn of this.#waiting) {
      if (this.#inside >= AT_ONCE) return;
      this.#start(turn);
    }
  }

  #start(turn: Turn): void {
    this.#waiting.delete(turn);
    this.#inside++;
    turn.come();
  }
}

/** One body's turn. Whoever took it leaves, once or more often. */
export class Turn {
  readonly #onTurn: () => void;
  readonly #onLeave: (wasInside: boolean) => void;
  #timer: NodeJS.Timeout | undefined;
  #hasCome = false;
  #hasLeft = false;
  #isKept = false;

  constructor(onTurn: () => void, onLeave: (wasInside: boolean) => void) {
    this.#onTurn = onTurn;
    this.#onLeave = onLeave;
  }

  get hasCome(): boolean {
    return this.#hasCome;
  }

  /** Somebody else than who took it will leave. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** Be the one who leaves, when the body has gone on from here; for a bounded time. */
  keep(): void {
    this.#isKept = true;
    this.#timer = setTimeout(() => this.leave(), LONGEST_KEEP_MS);
  }

  comeAfter(waitMs: number, start: () => void): void {
    this.#timer = setTimeout(start, waitMs);
  }

  come(): void {
    clearTimeout(this.#timer);
    this.#hasCome = true;
    this.#onTurn();
  }

  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    clearTimeout(this.#timer);
    this.#onLeave(this.#hasCome);
  }
}
