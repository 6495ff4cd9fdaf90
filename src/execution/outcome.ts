/**
 * The outcome of an invocation: always a value, never an exception. A function that throws, times out, exits or runs
 * out of memory is an outcome; only a fault of ours is thrown.
 */
export interface Outcome {
  readonly kind: "ok" | "function-error" | "timeout" | "exit" | "init-error" | "response-too-large";
  /**
   * The function's answer, empty when it went to the invocation's sink; or the error document that the caller gets
   * (contract/02 §5).
   */
  readonly payload: Buffer;
  /** Set for every kind but ok: the value of X-Amz-Function-Error. */
  readonly functionError?: "Unhandled";
  /** Platform or runtime error type, e.g. `Runtime.ExitError`, `Sandbox.Timedout`. */
  readonly errorType?: string;
  /** `$LATEST` or digits */
  readonly executedVersion: string;
  /** START...REPORT lines, at most the last 4 KB. Empty unless the invocation asked for it. */
  readonly logTail: Buffer;
  readonly durationMs: number;
  readonly billedMs: number;
  /** Resolves with what is billed in the end, when extensions may go on after the answer (contract/01, Invoke). */
  readonly finalBilledMs?: Promise<number>;
  /** Only on the first invocation after a successful init. */
  readonly initMs?: number;
  /** Only on the first invocation after the environment was restored from a snapshot. */
  readonly restore?: RestoreFigures;
  readonly maxMemoryMb: number;
  /** It ran in an environment that is provisioned. */
  readonly isProvisioned?: true;
  /** Bytes that the function streamed, when it did. */
  readonly streamedBytes?: number;
}

/** ms that a restore took, and of that what is billed: the runtime's part and the after-restore hooks. */
export interface RestoreFigures {
  readonly durationMs: number;
  readonly billedMs: number;
}

/** bytes: 6 MB and the 100 that Lambda's own implementation allows on top (contract/01 §7). */
export const MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100;
