/**
 * A story that is told while the region is killed (`kill -9`) at random moments: things happen, functions run because of
 * them, and what comes of it arrives at one or more ends. What a service has accepted must come to each end that it is for.
 */
import { TestRegion } from "../test-region.ts";
import { type Sending, type SoakPlan, SoakSender, until } from "./sender.ts";
import { Stage } from "./stage.ts";

/** What was accepted arrives within this time after the last crash. */
const GIVE_UP_MS = 120_000;

export interface Story extends Sending {
  readonly ends: Readonly<Record<string, End>>;
  /** Counts of what must never be, besides what every story is asked; looked at when everything has arrived. */
  wrongs?(): Promise<Readonly<Record<string, number>>>;
}

export interface End {
  /** Whether a message that was accepted must come here. */
  expects(message: string): boolean;
  /** All that has come here, oldest first, doubles too. */
  arrived(): Promise<readonly string[]>;
  /** Of each group nothing may come before what was sent earlier. */
  readonly isOrdered?: true;
}

/** Sets the stage: functions, queues, rules. */
export type Prologue = (stage: Stage) => Promise<Story>;

export interface Figures {
  readonly accepted: number;
  /** Arrived more than once, by the end: allowed, for all of it is promised at least once. */
  readonly doubled: Readonly<Record<string, number>>;
  /** What must be 0, by its name. */
  readonly wrong: Readonly<Record<string, number>>;
}

export async function tellThrough(prologue: Prologue, plan: SoakPlan): Promise<Figures> {
  const region = await TestRegion.start();
  const stage = new Stage(region);
  try {
    const story = await prologue(stage);
    const sender = new SoakSender(story);
    await sender.runThrough(plan, region);
    const { accepted } = sender;
    const ends = Object.entries(story.ends);
    await until(async () => {
      for (const [, end] of ends) if (missing(end, accepted, await end.arrived()) > 0) return false;
      return true;
    }, GIVE_UP_MS);
    const wrong: Record<string, number> = { ...(await story.wrongs?.()) };
    const doubled: Record<string, number> = {};
    for (const [name, end] of ends) {
      const arrived = await end.arrived();
      wrong[`${name}: lost`] = missing(end, accepted, arrived);
      if (end.isOrdered) wrong[`${name}: reordered`] = reordered(story.groups, accepted, arrived);
      doubled[name] = arrived.length - new Set(arrived).size;
    }
    return { accepted: accepted.length, doubled, wrong };
  } finally {
    stage.close();
    await region.stop();
  }
}

function missing(end: End, accepted: readonly string[], arrived: readonly string[]): number {
  const known = new Set(arrived);
  return accepted.filter((message) => end.expects(message) && !known.has(message)).length;
}

/** Messages that came for the first time though one before them, of the same group, had not come yet. */
function reordered(groups: readonly string[], accepted: readonly string[], arrived: readonly string[]): number {
  let count = 0;
  for (const group of groups) {
    const sent = accepted.filter((message) => message.startsWith(group));
    const firsts = [...new Set(arrived.filter((message) => message.startsWith(group)))];
    // What was not answered any more when the sending ended stands behind.
    count += sent.filter((message, index) => firsts[index] !== message).length;
  }
  return count;
}
