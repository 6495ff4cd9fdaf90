/** What runs of one function now, and what it may run: a row of admission's books. Only admission writes it. */
import type { TokenBucket } from "./token-bucket.ts";

/** What concurrency of a function its owner has set. */
export interface FunctionLimits {
  /** Concurrent executions that are kept for the function, and that it never exceeds. Undefined: it shares the account's. */
  readonly reserved?: number | undefined;
  /** Provisioned concurrency of all its versions and aliases together. */
  readonly provisioned: number;
}

export class FunctionLoad {
  readonly functionName: string;
  limits: FunctionLimits = UNLIMITED;
  /** Executions in environments that were provisioned. */
  provisioned = 0;
  /** All others. */
  onDemand = 0;
  /** Requests of a function with reserved concurrency; the others share the account's bucket. */
  requests: TokenBucket | undefined;
  /** New environments; made when the first is wanted. */
  growth: TokenBucket | undefined;
  /** The function is deleted: the row goes with its last execution. */
  isGone = false;

  constructor(functionName: string) {
    this.functionName = functionName;
  }

  get running(): number {
    return this.provisioned + this.onDemand;
  }

  /** What the function takes of the account, whether or not it runs. */
  get claim(): number {
    return this.limits.reserved ?? this.limits.provisioned;
  }
}

const UNLIMITED: FunctionLimits = { provisioned: 0 };
