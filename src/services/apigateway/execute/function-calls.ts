/** Functions as API Gateway calls them: if their policy lets it, for as long as a caller may wait, and told what became of it. */
import { functionArn, type Place } from "../../../functions/function-name.ts";
import type { InvokeRequest, Invoker } from "../../../invocation/invoker.ts";
import type { LambdaTarget } from "../../../invocation/lambda-target.ts";
import { InvokeRefusal } from "../../../invocation/refusal.ts";
import { newUuid } from "../../../state/ids.ts";
import type { FunctionTarget } from "../function-uri.ts";

const PRINCIPAL = "apigateway.amazonaws.com";
/** bytes of an event, as Lambda takes it */
const MAX_EVENT_BYTES = 6_291_456;
/** Decisions kept; beyond it all are asked again. */
const DECISIONS_KEPT = 10_000;
const NOTHING = Buffer.alloc(0);

export type Called =
  | { readonly kind: "answer"; readonly payload: Buffer }
  /** The function failed, and this is its error document. */
  | { readonly kind: "function-error"; readonly payload: Buffer }
  | { readonly kind: "forbidden" | "timeout" | "throttled" | "unavailable" | "too-large" };

export interface FunctionCall {
  readonly target: FunctionTarget;
  readonly event: object;
  /** What the function's policy is asked about: `arn:aws:execute-api:...`. */
  readonly sourceArn: string;
  /** A role was given for the call: the policy is not asked. */
  readonly usesRole: boolean;
  readonly timeoutMs: number;
  readonly traceId: string;
  /** Counts the event's memory until the function has it. */
  readonly hold?: (bytes: number) => () => void;
  readonly sink?: InvokeRequest["invocation"]["sink"];
}

type OwnInvocation = { -readonly [Member in keyof InvokeRequest["invocation"]]: InvokeRequest["invocation"][Member] };

export class FunctionCalls {
  readonly #invoker: Invoker;
  readonly #lambda: Pick<LambdaTarget, "allows">;
  readonly #place: Place;
  /** By function and caller. Emptied whenever a function changes. */
  readonly #decisions = new Map<string, boolean>();
  #generation = 0;

  constructor(invoker: Invoker, lambda: Pick<LambdaTarget, "allows">, place: Place) {
    this.#invoker = invoker;
    this.#lambda = lambda;
    this.#place = place;
  }

  /** A function or its policy has changed. */
  forget(): void {
    this.#generation++;
    this.#decisions.clear();
  }

  /** Never rejects but by a fault of ours. */
  async call(call: FunctionCall): Promise<Called> {
    const { target, timeoutMs, traceId } = call;
    if (!call.usesRole && !(await this.#mayCall(target, call.sourceArn))) return { kind: "forbidden" };
    const payload = Buffer.from(JSON.stringify(call.event));
    if (payload.length > MAX_EVENT_BYTES) return { kind: "too-large" };
    const letGo = call.hold?.(payload.length) ?? (() => {});
    const invocation: OwnInvocation = {
      requestId: newUuid(),
      payload,
      invokedFunctionArn: functionArn(this.#place, target.name, target.qualifier),
      traceId,
      ...(call.sink && { sink: call.sink }),
    };
    invocation.onDelivered = () => {
      invocation.payload = NOTHING;
      letGo();
    };
    const request = { functionName: target.name, qualifier: target.qualifier, wantsLogTail: false, invocation };
    return withinTime(this.#invoke(request), timeoutMs).finally(letGo);
  }

  async #invoke(request: InvokeRequest): Promise<Called> {
    try {
      const { functionError, payload } = await this.#invoker.invoke(request);
      return { kind: functionError === undefined ? "answer" : "function-error", payload };
    } catch (error) {
      if (!(error instanceof InvokeRefusal)) throw error;
      return { kind: error.code === "TooManyRequestsException" ? "throttled" : "unavailable" };
    }
  }

  async #mayCall(target: FunctionTarget, sourceArn: string): Promise<boolean> {
    const key = `${target.name} ${target.qualifier ?? ""} ${sourceArn}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const generation = this.#generation;
    const sender = { principal: PRINCIPAL, arn: sourceArn, accountId: this.#place.accountId };
    const decision = await this.#lambda.allows(target.name, target.qualifier, sender);
    // What was read before a change must not be remembered after it.
    if (generation === this.#generation) {
      if (this.#decisions.size >= DECISIONS_KEPT) this.#decisions.clear();
      this.#decisions.set(key, decision);
    }
    return decision;
  }
}

/** The function goes on when its caller's time is over, as in AWS. */
async function withinTime(running: Promise<Called>, timeoutMs: number): Promise<Called> {
  const { promise, resolve } = Promise.withResolvers<Called>();
  const timer = setTimeout(() => resolve({ kind: "timeout" }), timeoutMs);
  try {
    return await Promise.race([running, promise]);
  } finally {
    clearTimeout(timer);
    // Its outcome is nobody's by then.
    running.catch(() => {});
  }
}
