/** What the stages of APIs serve, ready for requests: made when first asked for, forgotten when anything of the API changes. */
import type { Records } from "./records.ts";
import { ACCOUNT } from "./records.ts";

export class ServedStages<T> {
  readonly #make: (apiId: string, name: string) => T | undefined;
  readonly #known = new Map<string, Map<string, T | undefined>>();

  /** @param make undefined where there is no such stage, or nothing is deployed to it */
  constructor(records: Records, make: (apiId: string, name: string) => T | undefined) {
    this.#make = make;
    records.onChange((owner) => {
      if (owner === ACCOUNT) this.#known.clear();
      else this.#known.delete(owner);
    });
  }

  get(apiId: string, name: string): T | undefined {
    const known = this.#known.get(apiId);
    if (known?.has(name)) return known.get(name);
    const made = this.#make(apiId, name);
    // Names that are no stages come from callers: of these nothing is kept.
    if (made === undefined) return undefined;
    const stages = known ?? new Map<string, T | undefined>();
    stages.set(name, made);
    this.#known.set(apiId, stages);
    return made;
  }
}
