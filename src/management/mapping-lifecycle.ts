/** From Creating to Enabled or Disabled, and from Deleting to nothing: what happens to mappings after the answer. */
import type { EventSourceMapping, SourceKind } from "../functions/event-source-mapping.ts";
import type { EventSourceMappings } from "../functions/event-source-mappings.ts";
import { type Pause, Settling } from "./settling.ts";

export type Polling =
  | { readonly ok: true }
  /** For the owner of the mapping, who finds it in StateTransitionReason. */
  | { readonly ok: false; readonly reason: string };

/** Whatever polls sources and invokes functions with what it finds. A rejection of its promises is a fault of ours. */
export interface Pollers {
  /** Why its source cannot be polled for such a mapping, in AWS's words, or undefined. */
  refusal(mapping: EventSourceMapping, functionTimeoutMs: number): Promise<string | undefined>;
  /** Poll for this mapping, in this configuration, from now on. Told again of every enabled mapping at each start. */
  begin(mapping: EventSourceMapping): Promise<Polling>;
  /** Resolves when nothing polls for the mapping any more; nothing to do when nothing did. */
  end(id: string): Promise<void>;
}

/** How AWS says that the owner of the mapping wanted it so (recorded; contract/04 §1). */
export function userReason(kind: SourceKind): string {
  return kind === "kinesis" || kind === "dynamodb" ? "User action" : "USER_INITIATED";
}

/** Under way from one state to another: it cannot be changed meanwhile. */
export function isInTransition({ state }: EventSourceMapping): boolean {
  return state !== "Enabled" && state !== "Disabled";
}

export class MappingLifecycle {
  readonly #mappings: EventSourceMappings;
  readonly #pollers: Pollers;
  readonly #settling: Settling;

  constructor(options: {
    mappings: EventSourceMappings;
    pollers: Pollers;
    onFault: (error: unknown) => void;
    /** For tests. */
    pause?: Pause;
  }) {
    this.#mappings = options.mappings;
    this.#pollers = options.pollers;
    this.#settling = new Settling(options);
  }

  /** Bring the mapping where it is to go; returns at once. */
  start(mapping: EventSourceMapping): void {
    this.#settling.start(() =>
      this.#settling.persist(() => (mapping.state === "Deleting" ? this.#remove(mapping) : this.#settle(mapping))),
    );
  }

  /** Take up what an earlier life of the region left unfinished, and poll for what is enabled. */
  async resume(): Promise<void> {
    for (const mapping of await this.#mappings.all()) {
      if (isInTransition(mapping) || mapping.isEnabled) this.start(mapping);
    }
  }

  /** Why there cannot be such a mapping, or undefined. */
  refusal(mapping: EventSourceMapping, functionTimeoutMs: number): Promise<string | undefined> {
    return this.#pollers.refusal(mapping, functionTimeoutMs);
  }

  /** Nothing polls for it any more, because there is nothing to poll: its owner finds out why. */
  stopped({ id, lastModifiedMs }: EventSourceMapping, reason: string): void {
    this.#settling.start(() =>
      this.#settling.persist(() =>
        this.#mappings.change(id, (now) =>
          now.lastModifiedMs === lastModifiedMs && now.state !== "Deleting"
            ? { ...now, state: "Disabled", stateTransitionReason: reason }
            : now,
        ),
      ),
    );
  }

  settled(): Promise<void> {
    return this.#settling.settled();
  }

  close(): Promise<void> {
    return this.#settling.close();
  }

  async #settle(mapping: EventSourceMapping): Promise<void> {
    const polling = mapping.isEnabled ? await this.#pollers.begin(mapping) : undefined;
    if (!polling) await this.#pollers.end(mapping.id);
    const state = polling?.ok ? "Enabled" : "Disabled";
    const reason = polling && !polling.ok ? polling.reason : userReason(mapping.kind);
    await this.#mappings.change(mapping.id, (now) => {
      // Changed since by another, who takes care of it.
      const isOurs = now.lastModifiedMs === mapping.lastModifiedMs && now.state === mapping.state;
      // Nor is it written again at each start what it is already.
      const isNews = now.state !== state || now.stateTransitionReason !== reason;
      return isOurs && isNews ? { ...now, state, stateTransitionReason: reason } : now;
    });
  }

  async #remove({ id }: EventSourceMapping): Promise<void> {
    await this.#pollers.end(id);
    await this.#mappings.change(id, () => undefined);
  }
}
