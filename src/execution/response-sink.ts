/**
 * Where the answer to an invocation goes as it comes, for callers who want it before it is whole: the interface between
 * execution and the doors that stream (InvokeWithResponseStream, function URLs).
 */

/** What is known of an answer when its first byte comes. */
export interface ResponseHead {
  /** As the runtime named it; `application/octet-stream` when it named none. */
  readonly contentType: string;
  /** The function answered in streaming mode. False: it answered as to any other invocation, with one whole document. */
  readonly isStreamed: boolean;
  /** `$LATEST` or digits */
  readonly executedVersion: string;
}

/**
 * Given with an invocation (`Invocation.sink`). Whatever the function answers then goes here, and a successful Outcome
 * has no payload. Calls come in the order start, write*, and none after the Outcome: it is what ends the answer.
 *
 * An answer that fails before its first byte is an Outcome as any other, and start() was not called. One that fails later
 * is an Outcome with errorType and the error's document as its payload; what was written until then is not taken back.
 */
export interface ResponseSink {
  /** Once, with the first byte, or at the end of an answer without any. */
  start(head: ResponseHead): void;
  /**
   * Never refuses: a closed sink drops what it is given.
   * @param chunk not changed after
   * @param onDone to be called once, when nobody needs the chunk any more; not to call it costs memory only
   * @returns false when the next should wait until it has drained, or closed
   */
  write(chunk: Buffer, onDone?: () => void): boolean;
  /** Register the one listener that is called each time when it takes more again, and when it closes. */
  onDrain(listener: () => void): void;
  /** Nobody listens any more. The function runs on, as in Lambda; what it answers is dropped. */
  readonly isClosed: boolean;
}
