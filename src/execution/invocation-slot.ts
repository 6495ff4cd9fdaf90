/**
 * The one place of an execution environment where an invocation waits for the runtime and the runtime waits for an
 * invocation: Lambda's runtime state machine. The Runtime API endpoints move it from one side, the environment from
 * the other. It holds no timers, no logs and no sandbox.
 */
import type { AnswerStream } from "./answer-stream.ts";
import type { Invocation } from "./invocation.ts";
import type { Turn } from "./large-bodies.ts";

/** Names as the Runtime API prints them in InvalidStateTransition errors. */
export type RuntimeState =
  | "Started"
  | "InitError"
  | "RestoreReady"
  | "Restoring"
  | "RestoreError"
  | "Ready"
  | "Running"
  | "InvocationResponse"
  | "ResponseSent";

/**
 * What becomes of a runtime that asks to be restored: it is none that may, it goes on at once, or it waits, for the snapshot that is
 * taken of it or for whoever restored it.
 */
export type RestoreMode = "unknown" | "at-once" | "held";

/** What the runtime process reported about the current invocation. */
export interface RuntimeAnswer {
  readonly kind: "response" | "error" | "too-large" | "truncated" | "bad-mode";
  readonly body: Buffer;
  /** Of a large body. */
  readonly turn?: Turn | undefined;
  /** Lambda-Runtime-Function-Error-Type, for errors. */
  readonly errorType?: string;
}

/** A parked `GET /runtime/invocation/next`. */
export interface Poll {
  readonly alive: boolean;
  answer(invocation: Invocation, deadlineMs: number): void;
}

/** A parked `GET /runtime/restore/next`. */
export interface RestorePoll {
  readonly alive: boolean;
  answer(): void;
}

/** The environment's ears. Called synchronously from the Runtime API connection. */
export interface SlotListener {
  /** The runtime asks for work: init is over, or the last invocation is. */
  onNext(): void;
  /** The runtime begins to stream its answer. @returns undefined when nobody wants it before it is whole */
  onStream(contentType: string): AnswerStream | undefined;
  onAnswer(answer: RuntimeAnswer): void;
  onInitError(body: Buffer, errorType: string): void;
  /** The runtime is initialised and waits to be restored, or to go on without that. */
  onRestoreReady?(): void;
  /** What the function does after a restore failed. */
  onRestoreError?(body: Buffer, errorType: string): void;
}

const REFUSES_NEXT: ReadonlySet<RuntimeState> = new Set([
  "InitError",
  "InvocationResponse",
  "RestoreReady",
  "RestoreError",
]);

export class InvocationSlot {
  #listener: SlotListener | undefined;
  #state: RuntimeState = "Started";
  #polls: Poll[] = [];
  #requestId: string | undefined;
  #restoreMode: RestoreMode;
  #restorePoll: RestorePoll | undefined;
  #restoringSinceMs: number | undefined;
  /** The answer that is being streamed. */
  #stream: AnswerStream | undefined;
  /** The invocation while no poll has taken it yet. */
  #current: { readonly invocation: Invocation; readonly deadlineMs: number } | undefined;

  constructor(restoreMode: RestoreMode = "unknown") {
    this.#restoreMode = restoreMode;
  }

  /** The environment is built around the slot, so it comes to listen after. */
  listen(listener: SlotListener): void {
    this.#listener = listener;
  }

  get state(): RuntimeState {
    return this.#state;
  }

  get currentRequestId(): string | undefined {
    return this.#state === "Running" ? this.#requestId : undefined;
  }

  /** It asks for work, or to be restored: its init is over. */
  get isInitialised(): boolean {
    return this.#state === "Ready" || this.#state === "RestoreReady";
  }

  get mayRestore(): boolean {
    return this.#restoreMode !== "unknown";
  }

  /** performance.now() when it was let go on; undefined when it never asked to be restored. */
  get restoringSinceMs(): number | undefined {
    return this.#restoringSinceMs;
  }

  /** The runtime is initialised and asks to be restored. @returns false when its state does not allow that */
  restoreNext(poll: RestorePoll): boolean {
    const asksAgain = this.#state === "RestoreReady" && !this.#restorePoll?.alive;
    if (this.#state !== "Started" && !asksAgain) return false;
    this.#state = "RestoreReady";
    this.#restorePoll = poll;
    if (this.#restoreMode === "at-once") this.letGoOn();
    else if (!asksAgain) this.#listener?.onRestoreReady?.();
    return true;
  }

  /** Nobody waits for a snapshot any more: the runtime goes on, now or when it asks. */
  letGoOn(): void {
    this.#restoreMode = "at-once";
    if (this.#state !== "RestoreReady") return;
    this.#state = "Restoring";
    this.#restoringSinceMs = performance.now();
    this.#restorePoll?.answer();
    this.#restorePoll = undefined;
  }

  /** @returns false when the runtime is not being restored */
  restoreError(body: Buffer, errorType: string): boolean {
    if (this.#state !== "Restoring") return false;
    this.#state = "RestoreError";
    this.#listener?.onRestoreError?.(body, errorType);
    return true;
  }

  /** The runtime called next. @returns false when its state does not allow that. */
  next(poll: Poll): boolean {
    if (REFUSES_NEXT.has(this.#state)) return false;
    if (this.#state === "Running") return this.#current !== undefined && this.#handOver([poll]);
    this.#polls.push(poll);
    if (this.#state === "Ready") return true;
    this.#state = "Ready";
    this.#listener?.onNext();
    return true;
  }

  /** Hand an invocation to the runtime. Only legal in state Ready. */
  deliver(invocation: Invocation, deadlineMs: number): void {
    if (this.#state !== "Ready") throw new Error(`cannot deliver an invocation to a runtime in state ${this.#state}`);
    this.#state = "Running";
    this.#requestId = invocation.requestId;
    const only = this.#polls.length === 1 ? this.#polls[0] : undefined;
    if (only?.alive) {
      this.#polls.length = 0;
      return only.answer(invocation, deadlineMs);
    }
    this.#current = { invocation, deadlineMs };
    // A runtime whose connection broke while it was parked polls again and is served then.
    this.#handOver(this.#polls.splice(0));
  }

  /** The runtime answered the current invocation. @returns false when the id is not the current invocation's. */
  answer(requestId: string, answer: RuntimeAnswer): boolean {
    if (this.currentRequestId !== requestId) return false;
    this.#state = "ResponseSent";
    this.#listener?.onAnswer(answer);
    return true;
  }

  /**
   * The runtime begins to stream its answer to the current invocation.
   * @returns undefined when it is to be collected: nobody wants it before it is whole, or it is for no current invocation
   */
  stream(requestId: string, contentType: string): AnswerStream | undefined {
    if (this.currentRequestId !== requestId) return undefined;
    this.#stream = this.#listener?.onStream(contentType);
    if (this.#stream) this.#state = "InvocationResponse";
    return this.#stream;
  }

  isStreaming(requestId: string): boolean {
    return this.#state === "InvocationResponse" && this.#requestId === requestId;
  }

  /** A streamed answer ended, well or not. @returns false when it had ended before, or its runtime is gone */
  endStream(stream: AnswerStream, answer: RuntimeAnswer): boolean {
    if (this.#stream !== stream) return false;
    this.#stream = undefined;
    this.#state = "ResponseSent";
    this.#listener?.onAnswer(answer);
    return true;
  }

  /** @returns false when the runtime is past its init. */
  initError(body: Buffer, errorType: string): boolean {
    if (this.#state !== "Started") return false;
    this.#state = "InitError";
    this.#listener?.onInitError(body, errorType);
    return true;
  }

  /** The processes are gone; a new runtime will start. */
  reset(): void {
    this.#state = "Started";
    this.#polls = [];
    this.#restorePoll = undefined;
    this.#restoringSinceMs = undefined;
    this.#current = undefined;
    this.#stream = undefined;
  }

  /** Give the invocation that was not handed over yet to the first poll whose connection still lives. */
  #handOver(polls: Poll[]): boolean {
    const poll = polls.find((candidate) => candidate.alive);
    if (!poll || !this.#current) return false;
    poll.answer(this.#current.invocation, this.#current.deadlineMs);
    this.#current = undefined;
    this.#polls = polls.filter((candidate) => candidate !== poll && candidate.alive);
    return true;
  }
}
