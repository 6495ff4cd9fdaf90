/** What holds for asynchronous invocations by one qualifier, as it is configured now. Remembered until the function changes. */
import type { Catalog } from "../../functions/catalog.ts";
import {
  DEFAULT_EVENT_AGE_SECONDS,
  DEFAULT_RETRY_ATTEMPTS,
  type EventInvokeConfig,
} from "../../functions/event-invoke-config.ts";
import type { FunctionSettings } from "../../functions/function-settings.ts";

export interface EventRules {
  readonly retryAttempts: number;
  readonly eventAgeMs: number;
  readonly onSuccess: string | undefined;
  readonly onFailure: string | undefined;
}

const FUNCTIONS_KEPT = 10_000;

export class EventRulesBook {
  readonly #settings: FunctionSettings<EventInvokeConfig>;
  /** By function, then by qualifier. */
  readonly #known = new Map<string, Map<string, EventRules>>();
  /** Grows with every change: what was read before one must not be remembered after it. */
  #changes = 0;

  constructor(catalog: Catalog) {
    this.#settings = catalog.settings<EventInvokeConfig>("eventInvoke");
    catalog.onChange((functionName) => {
      this.#changes += 1;
      this.#known.delete(functionName);
    });
  }

  async of(functionName: string, qualifier = "$LATEST"): Promise<EventRules> {
    const known = this.#known.get(functionName)?.get(qualifier);
    if (known) return known;
    const changes = this.#changes;
    const config = await this.#settings.get(functionName, qualifier);
    const rules: EventRules = {
      retryAttempts: config?.maximumRetryAttempts ?? DEFAULT_RETRY_ATTEMPTS,
      eventAgeMs: (config?.maximumEventAgeSeconds ?? DEFAULT_EVENT_AGE_SECONDS) * 1000,
      onSuccess: config?.onSuccess,
      onFailure: config?.onFailure,
    };
    if (changes === this.#changes) this.#remember(functionName, qualifier, rules);
    return rules;
  }

  #remember(functionName: string, qualifier: string, rules: EventRules): void {
    if (this.#known.size >= FUNCTIONS_KEPT) this.#known.clear();
    const known = this.#known.get(functionName) ?? new Map<string, EventRules>();
    this.#known.set(functionName, known.set(qualifier, rules));
  }
}
