/**
 * Lets a few pass in each turn of the event loop, in the order in which they came: many who arrive together do not keep
 * everybody else from being heard until all of them are served.
 */
export class Turns {
  readonly #perTurn: number;
  readonly #waiting: (() => void)[] = [];
  #left: number;
  #isCounting = false;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
    this.#left = perTurn;
  }

  /** @returns resolves when the caller may go on; undefined when it may at once */
  wait(): Promise<void> | undefined {
    if (this.#left === 0) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#left--;
    this.#count();
    return undefined;
  }

  #count(): void {
    if (this.#isCounting) return;
    this.#isCounting = true;
    setImmediate(this.#next);
  }

  readonly #next = (): void => {
    this.#isCounting = false;
    const passing = this.#waiting.splice(0, this.#perTurn);
    this.#left = this.#perTurn - passing.length;
    if (passing.length > 0) this.#count();
    for (const pass of passing) pass();
  };
}
