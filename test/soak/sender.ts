/** Sends messages while the region is killed, and keeps which of them were accepted. */
import { setTimeout as delay } from "node:timers/promises";
import type { TestRegion } from "../test-region.ts";

export interface SoakPlan {
  readonly kills: number;
  /** Until the next kill, at most. */
  readonly longestMs: number;
}

export interface Sending {
  /** Of messages that have an order; none, if nothing that is sent has one. */
  readonly groups: readonly string[];
  /** Between messages. */
  readonly paceMs: number;
  /** @throws when it was not answered: whether it came is not known then */
  send(message: string, group?: string): Promise<void>;
}

export class SoakSender {
  /** Messages that were accepted, in the order in which they were: `p0`, `p1`, ..., and by their group `a0`, `a1`, ... */
  readonly accepted: string[] = [];
  readonly #sending: Sending;
  #isStopped = false;

  constructor(sending: Sending) {
    this.#sending = sending;
  }

  /** Send until the region has been killed (`kill -9`) and started again as often as the plan says. */
  async runThrough({ kills, longestMs }: SoakPlan, region: TestRegion): Promise<void> {
    const sending = Promise.all([this.#runPlain(), ...this.#sending.groups.map((group) => this.#runGroup(group))]);
    try {
      for (let kill = 0; kill < kills; kill++) {
        await delay(Math.random() * longestMs);
        await region.kill();
        await region.startAgain();
      }
      await this.#untilSomethingWasAccepted();
    } finally {
      this.#isStopped = true;
      await sending;
    }
  }

  async #untilSomethingWasAccepted(): Promise<void> {
    const before = this.accepted.length;
    await until(() => this.accepted.length > before, 60_000);
  }

  async #runPlain(): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      // Whether one that was not answered has come does not matter.
      if (await this.#isSent(`p${number}`)) this.accepted.push(`p${number}`);
    }
  }

  async #runGroup(group: string): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      const message = `${group}${number}`;
      // Sent again until it is answered: whoever takes it knows that it has come already.
      while (!(await this.#isSent(message, group)) && !this.#isStopped);
      if (!this.#isStopped) this.accepted.push(message);
    }
  }

  async #isSent(message: string, group?: string): Promise<boolean> {
    try {
      await this.#sending.send(message, group);
      await delay(this.#sending.paceMs);
      return true;
    } catch {
      await delay(20);
      return false;
    }
  }
}

/** @returns whether it became so in time */
export async function until(isDone: () => boolean | Promise<boolean>, giveUpMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + giveUpMs;
  while (!(await isDone())) {
    if (performance.now() > giveUpAt) return false;
    await delay(100);
  }
  return true;
}
