/** What an environment remembers of the invocation that it runs. */
import { AnswerStream, sendWhole } from "./answer-stream.ts";
import type { ShutdownReason } from "./extensions.ts";
import type { Invocation } from "./invocation.ts";
import type { Outcome } from "./outcome.ts";

export interface Running {
  readonly invocation: Invocation;
  readonly startedMs: number;
  readonly wantsLogTail: boolean;
  /** Extensions were told of it: they may take longer than the runtime. */
  hadExtensions: boolean;
  /** What is billed in the end, where extensions may go on after the answer and its caller does not wait for them. */
  finalBilled: PromiseWithResolvers<number> | undefined;
  readonly resolve: (outcome: Outcome) => void;
  timer: NodeJS.Timeout | undefined;
  /** Where the answer goes, once the runtime has begun to stream it. */
  stream: AnswerStream | undefined;
  /** performance.now() */
  streamStartedMs: number | undefined;
  /** performance.now() when the runtime was back or lost; undefined, too, while nobody wants to know. */
  runtimeDoneMs: number | undefined;
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

export function newRunning(
  invocation: Invocation,
  wantsLogTail: boolean,
  resolve: (outcome: Outcome) => void,
): Running {
  return {
    invocation,
    startedMs: performance.now(),
    wantsLogTail,
    hadExtensions: false,
    finalBilled: undefined,
    resolve,
    timer: undefined,
    stream: undefined,
    streamStartedMs: undefined,
    runtimeDoneMs: undefined,
    finished: false,
    answer: undefined,
    reported: false,
    resetFor: undefined,
  };
}

/**
 * The runtime begins to stream its answer.
 * @param bytesPerSecond after the first 6 MB
 * @returns undefined where nobody wants it before it is whole
 */
export function openStream(
  running: Running,
  contentType: string,
  executedVersion: string,
  bytesPerSecond: number,
): AnswerStream | undefined {
  const { sink } = running.invocation;
  if (!sink) return undefined;
  running.streamStartedMs = performance.now();
  running.stream = new AnswerStream(sink, { contentType, isStreamed: true, executedVersion }, bytesPerSecond);
  return running.stream;
}

/** The answer's end, or all of it, goes to the invocation's sink where it has one. @returns what is left of it for the outcome */
export function sendToSink({ invocation: { sink }, stream }: Running, body: Buffer, executedVersion: string): Buffer {
  if (!sink) return body;
  if (stream) stream.finish();
  else sendWhole(sink, body, executedVersion);
  return NOTHING;
}

const NOTHING = Buffer.alloc(0);
