/** What soaks of queues and topics have in common: messages sent while the region is killed, and what became of them. */
import { setTimeout as delay } from "node:timers/promises";
import type { TestRegion } from "../test-region.ts";

export const GROUPS = ["a", "b", "c"];

export interface SoakPlan {
  readonly kills: number;
  /** Until the next kill, at most. */
  readonly longestMs: number;
}

/** @throws when it was not answered: whether it came is not known then */
export type Send = (name: "soak" | "soak.fifo", message: string, group?: string) => Promise<void>;

export class SoakSender {
  /** Messages that were accepted, in the order in which they were. */
  readonly plain: string[] = [];
  readonly ordered: string[] = [];
  readonly #send: Send;
  #isStopped = false;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Send until the region has been killed (`kill -9`) and started again as often as the plan says. */
  async runThrough({ kills, longestMs }: SoakPlan, region: TestRegion): Promise<void> {
    const sending = Promise.all([this.#runPlain(), ...GROUPS.map((group) => this.#runGroup(group))]);
    for (let kill = 0; kill < kills; kill++) {
      await delay(Math.random() * longestMs);
      await region.kill();
      await region.startAgain();
    }
    this.#isStopped = true;
    await sending;
  }

  async #runPlain(): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      // Whether one that was not answered has come does not matter.
      if (await this.#isSent("soak", `p${number}`)) this.plain.push(`p${number}`);
    }
  }

  async #runGroup(group: string): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      const message = `${group}${number}`;
      // Sent again until it is answered: whoever takes it knows that it has come already.
      while (!(await this.#isSent("soak.fifo", message, group)));
      this.ordered.push(message);
    }
  }

  async #isSent(...sent: Parameters<Send>): Promise<boolean> {
    try {
      await this.#send(...sent);
      return true;
    } catch {
      await delay(20);
      return false;
    }
  }
}

export function missing(accepted: readonly string[], seen: readonly string[]): number {
  const known = new Set(seen);
  return accepted.filter((body) => !known.has(body)).length;
}

/** Bodies that came for the first time though one before them, of the same group, had not come yet. */
export function reordered(accepted: readonly string[], seen: readonly string[]): number {
  let count = 0;
  for (const group of GROUPS) {
    const sent = accepted.filter((body) => body.startsWith(group));
    const firsts = [...new Set(seen.filter((body) => body.startsWith(group)))];
    // What was not answered any more when the sending ended stands behind.
    count += sent.filter((body, index) => firsts[index] !== body).length;
  }
  return count;
}

export async function untilDone(isDone: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  while (!isDone() && performance.now() < giveUpAt) await delay(50);
}
