/** What an environment remembers of the invocation that it runs. Values only. */
import type { AnswerStream } from "./answer-stream.ts";
import type { Invocation } from "./invocation.ts";
import type { Outcome } from "./outcome.ts";

export interface Running {
  readonly invocation: Invocation;
  readonly startedMs: number;
  readonly wantsLogTail: boolean;
  readonly resolve: (outcome: Outcome) => void;
  timer: NodeJS.Timeout | undefined;
  /** Where the answer goes, once the runtime has begun to stream it. */
  stream: AnswerStream | undefined;
  /** The outcome is known; the runtime may still be on its way back to `next`. */
  finished: boolean;
  /** END and REPORT are written: nothing of this invocation is outstanding on our side. */
  reported: boolean;
  /** The processes cannot be used any more: they hang, have failed or are gone. */
  mustReset: boolean;
}
