/** API keys at the door: whose a key is, whether it may be used for this stage, and how often. */
import { TokenBucket } from "../../../invocation/token-bucket.ts";
import type { Clock } from "../../../state/clock.ts";
import { ACCOUNT, type Records } from "../records.ts";
import { type ApiKey, KINDS, PLAN_KEY, type PlanKey, type UsagePlan } from "../v1/shapes.ts";

interface Known {
  readonly key: ApiKey;
  readonly plans: readonly UsagePlan[];
}

export class ApiKeys {
  readonly #records: Records;
  readonly #clock: Clock;
  /** By value; made anew after any change of the account's documents. */
  #byValue: ReadonlyMap<string, Known> | undefined;
  /** By plan and key. */
  #buckets = new Map<string, TokenBucket>();

  constructor(records: Records, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
    records.onChange((owner) => {
      if (owner !== ACCOUNT) return;
      this.#byValue = undefined;
      this.#buckets = new Map();
    });
  }

  /** @returns the key, or why it does not open the stage */
  admit(value: string | undefined, apiId: string, stage: string): ApiKey | "unknown" | "throttled" {
    const known = value === undefined ? undefined : this.#keys().get(value);
    if (!known?.key.enabled) return "unknown";
    const plan = known.plans.find(({ apiStages = [] }) =>
      apiStages.some((one) => one.apiId === apiId && one.stage === stage),
    );
    if (!plan) return "unknown";
    return this.#hasRoom(plan, known.key) ? known.key : "throttled";
  }

  #hasRoom({ id, throttle }: UsagePlan, key: ApiKey): boolean {
    const { rateLimit = 0, burstLimit = 0 } = throttle ?? {};
    if (!throttle || rateLimit <= 0) return true;
    const name = `${id}/${key.id}`;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(name) ?? new TokenBucket(Math.max(1, burstLimit), rateLimit, now);
    this.#buckets.set(name, bucket);
    if (bucket.waitMs(now) > 0) return false;
    bucket.take();
    return true;
  }

  #keys(): ReadonlyMap<string, Known> {
    if (this.#byValue) return this.#byValue;
    const plans = new Map(this.#records.list<UsagePlan>(ACCOUNT, KINDS.usagePlan).map((plan) => [plan.id, plan]));
    const pairs = this.#records.list<PlanKey>(ACCOUNT, PLAN_KEY);
    const keys = this.#records.list<ApiKey>(ACCOUNT, KINDS.apiKey).map((key): [string, Known] => {
      const of = pairs.filter(({ keyId }) => keyId === key.id).flatMap(({ planId }) => plans.get(planId) ?? []);
      return [String(key.value), { key, plans: of }];
    });
    this.#byValue = new Map(keys);
    return this.#byValue;
  }
}
