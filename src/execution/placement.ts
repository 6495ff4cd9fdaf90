/**
 * Is there memory for one more environment? Answered from what the kernel says is available, because functions seldom
 * use what they are configured with; a reserve is kept so that the OOM killer never has to choose.
 */
const RESERVE_SHARE = 0.08;
const LEAST_RESERVE_MB = 192;
/** MB that a fresh environment takes at once, whatever it is configured with: a language runtime after its init */
const START_MB = 64;

export interface MemoryReading {
  readonly totalMb: number;
  readonly availableMb: number;
}

export class Placement {
  readonly #read: () => MemoryReading;

  constructor(read: () => MemoryReading) {
    this.#read = read;
  }

  /** @param isAhead nobody waits for it: as much again is left for those that somebody waits for */
  hasRoom(memoryMb: number, isAhead = false): boolean {
    const { totalMb, availableMb } = this.#read();
    const reserveMb = Math.max(LEAST_RESERVE_MB, totalMb * RESERVE_SHARE);
    return availableMb - Math.min(memoryMb, START_MB) > (isAhead ? 2 : 1) * reserveMb;
  }
}
