/**
 * The extensions of one execution environment: Lambda's state machine of each. The Extensions API moves it from one side,
 * the environment from the other. It holds no timers, no logs, no processes and no sandbox.
 */
import { randomUUID } from "node:crypto";
import type { Invocation } from "./invocation.ts";

/** Names as the Extensions API prints them in its errors and the platform in its log lines. */
export type ExtensionState =
  | "Started"
  | "Registered"
  | "Ready"
  | "Running"
  | "InitError"
  | "ExitError"
  | "Exited"
  | "LaunchError";

export type ExtensionEvent = "INVOKE" | "SHUTDOWN";

export type ShutdownReason = "spindown" | "timeout" | "failure";

/** A parked `GET /extension/event/next`. */
export interface EventPoll {
  readonly alive: boolean;
  /** @param event JSON */
  answer(event: string): void;
}

/** Why a call was not allowed, as the Extensions API words it (contract/02 §2). Always 403. */
export interface Refusal {
  readonly errorType: string;
  readonly errorMessage: string;
}

/** As the platform tells of it. */
export interface ExtensionReport {
  readonly name: string;
  readonly state: ExtensionState;
  readonly events: readonly ExtensionEvent[];
  readonly errorType?: string;
}

/** One that waits for an event while a snapshot is taken, and asks for it again wherever that is restored. */
export interface WaitingExtension {
  readonly name: string;
  readonly isExternal: boolean;
  readonly id: string;
  readonly events: readonly ExtensionEvent[];
}

/** In one environment, external and internal together. */
export const MOST_EXTENSIONS = 10;

interface Extension {
  readonly name: string;
  /** A program of /opt/extensions; the others are threads or processes of the runtime. */
  readonly isExternal: boolean;
  /** Given when it registers. */
  readonly id: string;
  state: ExtensionState;
  events: readonly ExtensionEvent[];
  poll: EventPoll | undefined;
  /** JSON of an event that no poll has taken yet. */
  pending: string | undefined;
  /** What it reported, or why it could not be launched. */
  errorType: string | undefined;
}

export class Extensions {
  readonly #external: readonly string[];
  #all: Extension[] = [];
  #isOpen = true;
  #onArrival: () => void = () => {};
  #registered = Promise.withResolvers<void>();

  /** @param external names of the programs in /opt/extensions */
  constructor(external: readonly string[] = []) {
    this.#external = external;
    this.reset();
  }

  /** What a snapshot has to know of them. */
  get waiting(): WaitingExtension[] {
    return this.#all.map(({ name, isExternal, id, events }) => ({ name, isExternal, id, events }));
  }

  /** Those of a snapshot go on here: they have registered, and are to ask for their next event. */
  restore(waiting: readonly WaitingExtension[]): void {
    this.#isOpen = false;
    this.#all = waiting.map((one) => ({
      ...newExtension(one.name, one.isExternal),
      id: one.id,
      state: "Registered",
      events: one.events,
    }));
  }

  /** The environment is built around it, so it comes to listen after. @param onArrival one has come for its next event */
  listen(onArrival: () => void): void {
    this.#onArrival = onArrival;
  }

  /** Every one waits for an event: on the hot path, and mostly there is none. */
  get areReady(): boolean {
    for (const { state } of this.#all) if (state !== "Ready") return false;
    return true;
  }

  /** What of them has registered, which decides how much time a shutdown has. */
  get registered(): "none" | "internal" | "external" {
    const registered = this.#all.filter(({ state }) => state !== "Started" && state !== "LaunchError");
    if (registered.some(({ isExternal }) => isExternal)) return "external";
    return registered.length > 0 ? "internal" : "none";
  }

  /** The first error that one of them reported: it is the reason of the end that follows. */
  get reportedError(): "Extension.InitError" | "Extension.ExitError" | undefined {
    const failed = this.#all.find(({ state }) => state === "InitError" || state === "ExitError");
    return failed && `Extension.${failed.state as "InitError" | "ExitError"}`;
  }

  /** Resolves when all programs of /opt/extensions have registered, or reset() was called. */
  untilRegistered(): Promise<void> {
    return this.#registered.promise;
  }

  /** How each of them stands. */
  report(): ExtensionReport[] {
    return this.#all.map(({ name, state, events, errorType }) => {
      return { name, state, events, ...(errorType !== undefined && { errorType }) };
    });
  }

  /** @returns its identifier */
  register(name: string, events: readonly string[]): string | Refusal {
    const external = this.#all.find((one) => one.isExternal && one.name === name);
    for (const event of events) {
      const reason = whyNot(event, external !== undefined);
      if (reason !== undefined) return refusal("InvalidEventType", `${event}: ${reason}`);
    }
    if (external && external.state !== "Started") return invalidTransition(external, "Registered");
    const extension = external ?? this.#admit(name);
    if ("errorMessage" in extension) return extension;
    extension.state = "Registered";
    extension.events = [...new Set(events)] as ExtensionEvent[];
    if (this.#all.every(({ isExternal, state }) => !isExternal || state !== "Started")) this.#registered.resolve();
    return extension.id;
  }

  /** @returns the name of a registered one, or why there is none */
  nameOf(id: string): string | Refusal {
    return this.#find(id)?.name ?? unknown(id);
  }

  /** It asks for its next event. @returns why that is not allowed */
  next(id: string, poll: EventPoll): Refusal | undefined {
    const extension = this.#find(id);
    if (!extension) return unknown(id);
    const { state } = extension;
    // One whose connection broke while it was parked asks again.
    const isFree = state === "Ready" && !extension.poll?.alive;
    if (state !== "Registered" && state !== "Running" && !isFree) return invalidTransition(extension, "Ready");
    extension.state = "Ready";
    extension.poll = poll;
    if (extension.pending !== undefined) this.#hand(extension, extension.pending);
    else if (!isFree) this.#onArrival();
    return undefined;
  }

  /** It reported that it cannot go on; its end follows. @returns why that is not allowed */
  reportError(id: string, state: "InitError" | "ExitError", errorType: string): Refusal | undefined {
    const extension = this.#find(id);
    if (!extension) return unknown(id);
    const isAllowed =
      extension.state === state ||
      extension.state === "Registered" ||
      (state === "ExitError" && (extension.state === "Ready" || extension.state === "Running"));
    if (!isAllowed) return invalidTransition(extension, state);
    extension.state = state;
    extension.errorType = errorType;
    return undefined;
  }

  /** The runtime came for work: who has not registered by now does not. */
  closeRegistration(): void {
    this.#isOpen = false;
  }

  /** An invocation begins: tell those who want to know. They are busy until they come for more. @returns whether any are */
  invoke(invocation: Invocation, deadlineMs: number): boolean {
    let event: string | undefined;
    for (const extension of this.#all) {
      if (extension.state !== "Ready" || !extension.events.includes("INVOKE")) continue;
      event ??= invokeEvent(invocation, deadlineMs);
      this.#hand(extension, event);
    }
    return event !== undefined;
  }

  /** The environment ends. @returns names of those who get to know, now or when they come for more */
  shutdown(shutdownReason: ShutdownReason, deadlineMs: number): string[] {
    const event = JSON.stringify({ eventType: "SHUTDOWN", shutdownReason, deadlineMs });
    const told = this.#all.filter(
      ({ state, events }) => events.includes("SHUTDOWN") && (state === "Ready" || state === "Running"),
    );
    for (const extension of told) {
      if (extension.state === "Ready") this.#hand(extension, event);
      else extension.pending = event;
    }
    return told.map(({ name }) => name);
  }

  /** A program of /opt/extensions cannot be started. */
  failedLaunch(name: string, errorType: string): void {
    const extension = this.#all.find((one) => one.isExternal && one.name === name);
    if (!extension) return;
    extension.state = "LaunchError";
    extension.errorType = errorType;
  }

  /** Its process is gone. What it reported before stays its state. */
  ended(name: string): void {
    const extension = this.#all.find((one) => one.isExternal && one.name === name);
    if (extension && extension.state !== "InitError" && extension.state !== "ExitError") extension.state = "Exited";
  }

  /** The processes are gone; new ones will start. */
  reset(): void {
    this.#isOpen = true;
    this.#all = this.#external.map((name) => newExtension(name, true));
    this.#registered.resolve();
    this.#registered = Promise.withResolvers<void>();
    if (this.#all.length === 0) this.#registered.resolve();
  }

  /** Make room for an internal one. */
  #admit(name: string): Extension | Refusal {
    if (!this.#isOpen) return refusal("RegistrationClosed", "Extension registration closed already");
    if (this.#all.some((one) => one.name === name)) {
      return refusal("InvalidExtensionState", "Extension with this name already registered");
    }
    if (this.#all.length >= MOST_EXTENSIONS) return refusal("TooManyExtensions", "Extension limit (10) reached");
    const extension = newExtension(name, false);
    this.#all.push(extension);
    return extension;
  }

  /** One that has not registered has no identifier that it could know. */
  #find(id: string): Extension | undefined {
    return this.#all.find((extension) => extension.id === id && extension.state !== "Started");
  }

  #hand(extension: Extension, event: string): void {
    extension.state = "Running";
    const { poll } = extension;
    extension.poll = undefined;
    extension.pending = undefined;
    if (poll?.alive) poll.answer(event);
    else extension.pending = event;
  }
}

function newExtension(name: string, isExternal: boolean): Extension {
  return {
    name,
    isExternal,
    id: randomUUID(),
    state: "Started",
    events: [],
    poll: undefined,
    pending: undefined,
    errorType: undefined,
  };
}

function invokeEvent({ requestId, invokedFunctionArn, traceId }: Invocation, deadlineMs: number): string {
  const tracing = { type: "X-Amzn-Trace-Id", value: traceId };
  return JSON.stringify({ eventType: "INVOKE", deadlineMs, requestId, invokedFunctionArn, tracing });
}

/** Reasons in the words of the platform's own emulator. */
function whyNot(event: string, isExternal: boolean): string | undefined {
  if (event === "INVOKE" || (event === "SHUTDOWN" && isExternal)) return undefined;
  return event === "SHUTDOWN" ? "ShutdownEventNotSupportedForInternalExtension" : "ErrorInvalidEventType";
}

function refusal(errorType: string, errorMessage: string): Refusal {
  return { errorType: `Extension.${errorType}`, errorMessage };
}

function unknown(id: string): Refusal {
  return refusal("UnknownExtensionIdentifier", `Unknown extension ${id}`);
}

function invalidTransition({ state, name }: Extension, to: ExtensionState): Refusal {
  return refusal(
    "InvalidExtensionState",
    `State transition from ${state} to ${to} failed for extension ${name}. Error: State transition is not allowed`,
  );
}
