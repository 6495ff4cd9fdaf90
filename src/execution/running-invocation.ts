/** What an environment remembers of the invocation that it runs. Values only. */
import type { AnswerStream } from "./answer-stream.ts";
import type { ShutdownReason } from "./extensions.ts";
import type { Invocation } from "./invocation.ts";
import type { Outcome } from "./outcome.ts";

export interface Running {
  readonly invocation: Invocation;
  readonly startedMs: number;
  readonly wantsLogTail: boolean;
  /** Extensions were told of it: they may take longer than the runtime. */
  hadExtensions: boolean;
  readonly resolve: (outcome: Outcome) => void;
  timer: NodeJS.Timeout | undefined;
  /** Where the answer goes, once the runtime has begun to stream it. */
  stream: AnswerStream | undefined;
  /** The outcome is known; the runtime may still be on its way back to `next`. */
  finished: boolean;
  /** What is still to be written up, once what the function wrote before has been read. */
  answer: Answer | undefined;
  /** END and REPORT are written: nothing of this invocation is outstanding on our side. */
  reported: boolean;
  /** Why the processes cannot be used any more: they hang, or have failed or are gone. */
  resetFor: Exclude<ShutdownReason, "spindown"> | undefined;
}

export interface Answer {
  readonly outcome: Omit<Outcome, "logTail">;
  readonly status: "timeout" | "error" | undefined;
}
