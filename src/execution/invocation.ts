/**
 * An invocation: one event on its way to one function version. Made at the edge (gateway), never changed after; carried
 * through admission and the environment pool into the Runtime API.
 */
import type { Turn } from "./large-bodies.ts";
import type { ResponseSink } from "./response-sink.ts";

export interface Invocation {
  /** UUID v4 text; the caller sees it as x-amzn-RequestId, the function as awsRequestId. */
  readonly requestId: string;
  /** The event, byte for byte as it was received (an empty request body has become `{}`). */
  readonly payload: Buffer;
  /** As the caller wrote it, with the qualifier when one was given: context.invokedFunctionArn. */
  readonly invokedFunctionArn: string;
  /** Decoded JSON text of X-Amz-Client-Context. */
  readonly clientContext?: string;
  /** X-Ray header, e.g. `Root=1-...;Parent=...;Sampled=0`. */
  readonly traceId: string;
  readonly tenantId?: string;
  /** Called when the runtime has all of the event: whoever made the invocation may let go of a large one. */
  readonly onDelivered?: () => void;
  /**
   * Called with the turn of a large answer, before the outcome: whoever keeps it leaves when the answer has gone out, and
   * gives back its memory. Else the turn is over when the answer has come.
   */
  readonly onLargeAnswer?: (turn: Turn) => void;
  /** Where the answer goes as it comes. Without one it is collected, and part of the Outcome. */
  readonly sink?: ResponseSink;
}
