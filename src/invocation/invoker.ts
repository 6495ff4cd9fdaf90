/**
 * The way into the invocation plane: resolve the function version, ask admission, take an environment, run, give back.
 * Callers are the gateway today and event sources later; none of them sees an environment.
 */
import type { Invocation } from "../execution/invocation.ts";
import type { Outcome } from "../execution/outcome.ts";

export interface InvokeRequest {
  /** Bare function name. */
  readonly functionName: string;
  readonly qualifier: string | undefined;
  readonly invocation: Invocation;
  readonly wantsLogTail: boolean;
  /** The event was accepted earlier and waited: the rate of requests does not bind it (contract/01, Scaling model). */
  readonly isQueued?: true;
  /** The function that the event was accepted for: another that has its name by now is not meant. */
  readonly creationId?: string;
}

export interface Invoker {
  /**
   * Run the invocation to its outcome.
   * @throws InvokeRefusal when there is no such function, it is not ready, or it is throttled
   */
  invoke(request: InvokeRequest): Promise<Outcome>;
  /** What invoke() would refuse, without running anything (DryRun). */
  check(functionName: string, qualifier: string | undefined, tenantId?: string): Promise<void>;
}
