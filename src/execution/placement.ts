/**
 * Is there memory for one more environment? Answered from what the kernel says is available, because functions seldom
 * use what they are configured with; a reserve is kept so that the OOM killer never has to choose.
 */
import { totalmem } from "node:os";

const RESERVE_SHARE = 0.08;
const LEAST_RESERVE_MB = 192;
/** MB that a fresh environment takes at once, whatever it is configured with: a language runtime after its init */
const START_MB = 64;

/** MB that a stem cell takes, and the share of what is available that all of them may. */
const CELL_MB = 24;
const CELLS_SHARE = 1 / 8;

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

  /**
   * How many stem cells there may be: a small part of what would be there without them, and never so many that a start
   * would find no room.
   * @param present those that there are
   */
  roomForCells(present: number): number {
    if (!this.hasRoom(CELL_MB, true)) return 0;
    const { availableMb } = this.#read();
    return Math.floor(((availableMb + present * CELL_MB) * CELLS_SHARE) / CELL_MB);
  }
}

export function memoryOfMachine(): MemoryReading {
  const mb = 1024 * 1024;
  // The smaller of what the machine has and what a container around us leaves.
  const totalMb = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / mb;
  return { totalMb, availableMb: process.availableMemory() / mb };
}
