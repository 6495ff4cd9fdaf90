/**
 * The telemetry of one execution environment: who subscribed, and what there is for them. What happens before somebody
 * may have subscribed is kept until nobody may any more. Knows nothing of how subscribing is spoken, nor of log files.
 */
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Refusal } from "../extensions.ts";
import { type Dropped, Subscription, type SubscriptionOrder } from "./subscription.ts";
import type { TelemetryEvent, TelemetryStream } from "./telemetry-event.ts";

/** bytes, roughly, of what happened before somebody subscribed; what is more is lost to who comes later */
const MOST_KEPT_BYTES = 262_144;
const EVENT_OVERHEAD = 300;
/** ms that subscribers have before a sandbox freezes: what they do not take by then they are given when it thaws */
const SETTLE_MS = 1000;

export interface TelemetryListener {
  onSubscribed(order: SubscriptionOrder): void;
  onDropped(dropped: Dropped): void;
}

export class Telemetry {
  readonly #connect: (port: number) => Socket;
  readonly #isStructured: boolean;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Undefined once it is too late to subscribe. */
  #kept: TelemetryEvent[] | undefined = [];
  #keptBytes = 0;
  #listener: TelemetryListener | undefined;

  /**
   * @param connect to a port inside the sandbox
   * @param isStructured the function logs JSON
   */
  constructor(connect: (port: number) => Socket, isStructured: boolean) {
    this.#connect = connect;
    this.#isStructured = isStructured;
  }

  listen(listener: TelemetryListener): void {
    this.#listener = listener;
  }

  /** Events are wanted, or may come to be: on the hot path, and mostly they are not. */
  get isHeard(): boolean {
    return this.#kept !== undefined || this.#subscriptions.size > 0;
  }

  /** Whether it is still time to subscribe. */
  get isOpen(): boolean {
    return this.#kept !== undefined;
  }

  /** Nothing is on its way to anybody. */
  get isSettled(): boolean {
    for (const subscription of this.#subscriptions.values()) if (!subscription.isSettled) return false;
    return true;
  }

  emit(stream: TelemetryStream, type: string, record: object | string): void {
    if (!this.isHeard) return;
    const event = { timeMs: Date.now(), stream, type, record };
    for (const subscription of this.#subscriptions.values()) subscription.add(event);
    if (!this.#kept) return;
    this.#keptBytes += EVENT_OVERHEAD + (typeof record === "string" ? record.length : 0);
    if (this.#keptBytes <= MOST_KEPT_BYTES) this.#kept.push(event);
  }

  /** An extension subscribes, for the first time or anew. @returns why it may not */
  subscribe(order: SubscriptionOrder): Refusal | undefined {
    const { name, api } = order;
    if (!this.#kept) {
      return { errorType: `${api}.SubscriptionClosed`, errorMessage: `${api} API subscription is closed` };
    }
    const former = this.#subscriptions.get(name);
    if (former && former.order.api !== api) {
      const errorMessage = `The extension ${name} is already subscribed to the ${former.order.api}API. You must either subscribe to the LogsAPI or the TelemetryAPI`;
      return { errorType: `${api}.AccessDenied`, errorMessage };
    }
    former?.close();
    const subscription = this.#subscriptionTo(order);
    this.#subscriptions.set(name, subscription);
    for (const event of this.#kept) subscription.add(event);
    this.#listener?.onSubscribed(order);
    return undefined;
  }

  /** What is subscribed. */
  get orders(): SubscriptionOrder[] {
    return [...this.#subscriptions.values()].map(({ order }) => order);
  }

  /** Who had subscribed when a snapshot was taken goes on here, and nobody else may any more. */
  restore(orders: readonly SubscriptionOrder[]): void {
    this.#kept = undefined;
    for (const order of orders) this.#subscriptions.set(order.name, this.#subscriptionTo(order));
  }

  /** Init is over: who has not subscribed by now does not. */
  close(): void {
    this.#kept = undefined;
  }

  /** The processes are gone; new ones will start. */
  reset(): void {
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#subscriptions.clear();
    this.#kept = [];
    this.#keptBytes = 0;
  }

  /** Deliver what there is, whether or not it is enough for a batch. Resolves when that is done or given up. */
  async flush(): Promise<void> {
    await Promise.all([...this.#subscriptions.values()].map((subscription) => subscription.flush()));
  }

  /** flush(), within bounds. */
  async settle(): Promise<void> {
    await Promise.race([this.flush(), delay(SETTLE_MS, undefined, { ref: false })]);
  }

  #subscriptionTo(order: SubscriptionOrder): Subscription {
    const onDropped = (dropped: Dropped) => this.#listener?.onDropped(dropped);
    return new Subscription(order, this.#isStructured, this.#connect, onDropped);
  }

  suspend(): void {
    for (const subscription of this.#subscriptions.values()) subscription.suspend();
  }

  resume(): void {
    for (const subscription of this.#subscriptions.values()) subscription.resume();
  }
}
