/** What is done with the entries of one kind of lane: the contract between the dispatcher and what it dispatches to. */
import type { Entry } from "../../state/queue.ts";

/** `congested`: there is no room for it now, nor for the others of its lane. */
export type Verdict = "done" | "congested";

export interface Worker {
  /** Does it have a lane's entries? */
  owns(lane: string): boolean;
  /** The most entries of one lane at the same time. */
  readonly width: number;
  /** Handle one claimed entry: when this resolves it is settled or postponed. Rejects by faults of ours only. */
  run(entry: Entry): Promise<Verdict>;
}
