/** From Pending to Active, and from Deleting to nothing: what happens to capacity providers after the answer. */
import type { CapacityProvider } from "../functions/capacity-provider.ts";
import type { CapacityProviders } from "../functions/capacity-providers.ts";
import { Settling } from "./settling.ts";

export class CapacityProviderLifecycle {
  readonly #providers: CapacityProviders;
  readonly #settling: Settling;

  constructor(options: { providers: CapacityProviders; onFault: (error: unknown) => void }) {
    this.#providers = options.providers;
    this.#settling = new Settling(options);
  }

  /** Returns at once. There are no machines to start or to stop: what remains is to say so, durably. */
  start({ name }: CapacityProvider): void {
    this.#settling.start(() =>
      this.#settling.persist(() =>
        this.#providers.change(name, (now) => {
          if (now.state === "Deleting") return undefined;
          return now.state === "Pending" ? { ...now, state: "Active" } : now;
        }),
      ),
    );
  }

  /** Take up what an earlier life of the region left unfinished. */
  async resume(): Promise<void> {
    for (const provider of await this.#providers.unsettled()) this.start(provider);
  }

  close(): Promise<void> {
    return this.#settling.close();
  }
}
