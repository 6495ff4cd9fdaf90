/** How an environment comes to be, whoever wants it: its turn, room on the machine, sandbox, init. */
import type { FunctionVersion } from "../functions/function-version.ts";
import type { Environment, EnvironmentListener } from "./environment.ts";
import type { EnvironmentFactory } from "./environment-factory.ts";
import type { InitializationType } from "./initialization.ts";
import type { Placement } from "./placement.ts";
import { Semaphore, Turn } from "./semaphore.ts";
import type { StemCells } from "./stem-cells.ts";

/** ms of an init during which others may not start: later it is waiting rather than working, and must not hold them up */
const INIT_ALONE_MS = 500;

/** There is no room on this machine for another environment, or the region is closing. */
export class NoRoomError extends Error {
  override readonly name = "NoRoomError";
}

export interface StartsOptions {
  readonly factory: EnvironmentFactory;
  readonly placement: Placement;
  /** Absent where nothing is started ahead. */
  readonly cells?: StemCells;
  /** Cold starts at the same time: more only slow each other down. */
  readonly parallelStarts: number;
}

export interface StartOrder {
  readonly version: FunctionVersion;
  readonly initialization: InitializationType;
  readonly listener: EnvironmentListener;
  /** On whose behalf: parties take turns. */
  readonly party: object;
  /** Asked when its turn has come. */
  isWanted(): boolean;
  /** It exists, and whoever ordered it ends it from here on, also when this call throws or the start fails. */
  onCreated(environment: Environment): void;
}

export class EnvironmentStarts {
  readonly #options: StartsOptions;
  readonly #semaphore: Semaphore;
  /** Gives up an environment that nobody needs now; false when there is none. */
  readonly #giveWay: () => Promise<boolean>;

  constructor(options: StartsOptions, giveWay: () => Promise<boolean>) {
    this.#options = options;
    this.#semaphore = new Semaphore(options.parallelStarts);
    this.#giveWay = giveWay;
  }

  /**
   * @returns the environment after its init phase, however that ended; undefined when it was not wanted any more
   * @throws NoRoomError; a fault of ours when a sandbox cannot be made
   */
  async start(order: StartOrder): Promise<Environment | undefined> {
    const release = this.#options.cells?.hold();
    await this.#semaphore.acquire(order.party);
    const turn = new Turn(this.#semaphore, release);
    try {
      if (!order.isWanted()) return undefined;
      await this.#makeRoom(order);
      const environment = await this.#options.factory.create(order.version, order.initialization, order.listener);
      order.onCreated(environment);
      turn.endIn(INIT_ALONE_MS);
      await environment.init();
      return environment;
    } finally {
      turn.end();
    }
  }

  async #makeRoom({ version, initialization }: StartOrder): Promise<void> {
    const isAhead = initialization === "provisioned-concurrency";
    while (!this.#options.placement.hasRoom(version.memoryMb, isAhead)) {
      if ((await this.#options.cells?.giveUp()) || (await this.#giveWay())) continue;
      throw new NoRoomError("no memory is left on this machine for another execution environment");
    }
  }
}
