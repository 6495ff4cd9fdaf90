/**
 * Environments that are kept initialised for one function version, so many at any time: started ahead, replaced when
 * they fail or grow old, never reaped for being idle. What invocations come beyond them is none of its business.
 */
import type { FunctionVersion } from "../functions/function-version.ts";
import type { Log } from "../observability/log.ts";
import type { Environment, EnvironmentListener } from "./environment.ts";
import { type EnvironmentStarts, NoRoomError } from "./environment-starts.ts";
import { Freezer } from "./freezer.ts";
import type { Invocation } from "./invocation.ts";
import type { Outcome } from "./outcome.ts";

/** Inits in a row that may fail before the allocation has failed: one may be bad luck. */
const TRIES = 3;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

/** ms in which an environment that has answered is expected back: a cold start takes no longer */
const RETURN_MS = 200;

/** Why there are fewer environments than there should be. The first is AWS's word (recorded); the others are ours. */
export type AllocationFailure = "FUNCTION_ERROR_INIT_FAILURE" | "INSUFFICIENT_CAPACITY" | "INTERNAL_ERROR";

export interface FleetOptions {
  readonly starts: EnvironmentStarts;
  readonly log: Log;
  /** ms after which an environment is replaced: before its credentials expire */
  readonly maxAgeMs: number;
  /** One was initialised. */
  readonly onInit?: (version: FunctionVersion, initMs: number) => void;
  /** There are more or fewer of them, or none can be had. */
  onChange(): void;
}

interface Member {
  readonly bornMs: number;
  initialised: boolean;
  failed: boolean;
  /** Number of the invocation that it runs or ran last. */
  invocation: number;
}

export class ProvisionedFleet implements EnvironmentListener {
  readonly version: FunctionVersion;
  readonly #options: FleetOptions;
  readonly #members = new Map<Environment, Member>();
  readonly #idle: Environment[] = [];
  /** They have answered and are about to come back: who asks now waits for them rather than for a cold start. */
  readonly #returning = new Set<Environment>();
  readonly #waiters: ((environment: Environment | undefined) => void)[] = [];
  readonly #freezer = new Freezer((environment) => this.#idle.includes(environment));
  readonly #underway = new Set<Promise<unknown>>();
  #target = 0;
  /** Starts that have no environment yet. */
  #pending = 0;
  #invocations = 0;
  #failures = 0;
  #failure: AllocationFailure | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(version: FunctionVersion, options: FleetOptions) {
    this.version = version;
    this.#options = options;
  }

  /** Environments that exist. */
  get allocated(): number {
    return this.#members.size;
  }

  /** Environments that are initialised, whether or not an invocation is in them. */
  get available(): number {
    let available = 0;
    for (const [environment, { initialised }] of this.#members) {
      // The runtime of one that is about to be replaced may have ended already.
      if (initialised && environment.isInitialised) available++;
    }
    return available;
  }

  all(): Iterable<Environment> {
    return this.#members.keys();
  }

  /** One of its own is not used again: another takes its place. @param atOnce what runs in it is broken off */
  dismiss(environment: Environment, atOnce: boolean): void {
    const member = this.#members.get(environment);
    if (!member) return;
    if (atOnce || this.#idle.includes(environment)) this.#end(environment);
    else if (member.initialised) member.failed = true;
  }

  /** Set while more are wanted and the last attempts at them failed. They go on, with pauses. */
  get failure(): AllocationFailure | undefined {
    return this.#failure;
  }

  /** Nothing is left of it, and nothing wanted. */
  get isEmpty(): boolean {
    return this.#target === 0 && this.#members.size === 0 && this.#underway.size === 0;
  }

  /** Whether invoke() would find an environment now. */
  get canServe(): boolean {
    return this.#idle.length > 0 || this.#returning.size > this.#waiters.length;
  }

  /** How many to keep. An allocation that had failed is tried anew. */
  keep(target: number): void {
    this.#target = target;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#failures = 0;
    this.#failure = undefined;
    // Those that are still being initialised go first, then those that are idle, the others when they come back.
    const starting = [...this.#members].filter(([, member]) => !member.initialised).map(([environment]) => environment);
    for (const surplus of [...starting, ...this.#idle]) if (this.#members.size > target) this.#end(surplus);
    this.#fill();
  }

  /** Only when it can serve. Answers undefined when the environment that was coming back did not. */
  async invoke(invocation: Invocation, wantsLogTail: boolean): Promise<Outcome | undefined> {
    const environment = this.#idle.pop() ?? (await this.#nextBack());
    const member = environment && this.#members.get(environment);
    if (!member) return undefined;
    const number = ++this.#invocations;
    member.invocation = number;
    const outcome = await environment.invoke(invocation, wantsLogTail);
    const isOut = member.invocation === number && !this.#idle.includes(environment);
    if (isOut && this.#members.has(environment) && environment.isInitialised) this.#returning.add(environment);
    return outcome;
  }

  /** Replace one environment that has grown old, if there is an idle one. */
  renewOldest(): void {
    const old = this.#idle.find((environment) => this.#isOld(this.#members.get(environment)));
    if (old) this.#end(old);
  }

  /** Nothing of it is left when this resolves. */
  async close(): Promise<void> {
    this.keep(0);
    this.#freezer.close();
    for (const environment of [...this.#members.keys()]) this.#end(environment);
    while (this.#underway.size > 0) await Promise.all(this.#underway);
  }

  onIdle(environment: Environment): void {
    const member = this.#members.get(environment);
    if (!member) return;
    this.#returning.delete(environment);
    const isUsable = environment.isInitialised && !member.failed && !this.#isOld(member);
    if (!isUsable || this.#members.size > this.#target) return this.#end(environment);
    const waiter = this.#waiters.shift();
    if (waiter) return waiter(environment);
    this.#idle.push(environment);
    this.#freezer.cool(environment);
  }

  onRuntimeExit(environment: Environment): void {
    if (this.#members.has(environment)) this.#end(environment);
  }

  onFault(environment: Environment, error: unknown): void {
    const { functionName } = this.version;
    this.#options.log.error("sandbox fault", { environment: environment.id, function: functionName, error });
    const member = this.#members.get(environment);
    if (!member) return;
    member.failed = true;
    if (this.#idle.includes(environment)) this.#end(environment);
  }

  #nextBack(): Promise<Environment | undefined> {
    return new Promise((resolve) => {
      const waiter = (environment: Environment | undefined): void => {
        clearTimeout(timer);
        resolve(environment);
      };
      const timer = setTimeout(() => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        // It works on after its answer, as long as it may: nobody else is to count on it.
        const [late] = this.#returning;
        if (late) this.#returning.delete(late);
        resolve(undefined);
      }, RETURN_MS);
      this.#waiters.push(waiter);
    });
  }

  #fill(): void {
    while (!this.#retry && this.#members.size + this.#pending < this.#target) {
      this.#pending++;
      this.#track(this.#start());
    }
  }

  /** Never rejects. */
  async #start(): Promise<void> {
    let isPending = true;
    let created: Environment | undefined;
    const noLongerPending = () => {
      if (isPending) this.#pending--;
      isPending = false;
    };
    try {
      const environment = await this.#options.starts.start({
        version: this.version,
        initialization: "provisioned-concurrency",
        listener: this,
        party: this,
        isWanted: () => !this.#retry && this.#members.size < this.#target,
        onCreated: (environment) => {
          created = environment;
          noLongerPending();
          this.#members.set(environment, { bornMs: Date.now(), initialised: false, failed: false, invocation: 0 });
          if (this.#members.size > this.#target) throw new NoRoomError("no longer wanted");
        },
      });
      noLongerPending();
      if (environment) this.#began(environment);
    } catch (error) {
      noLongerPending();
      if (created && this.#members.size > this.#target) return this.#end(created);
      const isFull = error instanceof NoRoomError;
      if (!isFull) this.#options.log.error("provisioning", { function: this.version.functionName, error });
      this.#failed(isFull ? "INSUFFICIENT_CAPACITY" : "INTERNAL_ERROR", created);
    }
  }

  #began(environment: Environment): void {
    const member = this.#members.get(environment);
    if (!member) return;
    if (member.failed) return this.#failed("INTERNAL_ERROR", environment);
    if (!environment.isInitialised) return this.#failed("FUNCTION_ERROR_INIT_FAILURE", environment);
    member.initialised = true;
    if (environment.initMs !== undefined) this.#options.onInit?.(this.version, environment.initMs);
    this.#failures = 0;
    this.#failure = undefined;
    this.onIdle(environment);
    this.#options.onChange();
  }

  #failed(failure: AllocationFailure, environment: Environment | undefined): void {
    this.#failures++;
    if (this.#target > 0 && (failure === "INSUFFICIENT_CAPACITY" || this.#failures >= TRIES)) {
      this.#failure = failure;
      const delayMs = Math.min(FIRST_RETRY_MS * 2 ** Math.max(0, this.#failures - TRIES), LAST_RETRY_MS);
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        this.#fill();
      }, delayMs).unref();
    }
    if (environment) this.#end(environment);
    else this.#changed();
  }

  #end(environment: Environment): void {
    if (!this.#members.delete(environment)) return;
    const place = this.#idle.indexOf(environment);
    if (place >= 0) this.#idle.splice(place, 1);
    this.#returning.delete(environment);
    this.#track(environment.destroy());
    this.#changed();
  }

  #changed(): void {
    while (this.#waiters.length > this.#returning.size) this.#waiters.shift()?.(undefined);
    this.#fill();
    this.#options.onChange();
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch((error) => this.#options.log.error("provisioned environment", { error }));
    this.#underway.add(tracked);
    void tracked.then(() => {
      this.#underway.delete(tracked);
      if (this.isEmpty) this.#options.onChange();
    });
  }

  #isOld(member: Member | undefined): boolean {
    return member !== undefined && Date.now() - member.bornMs > this.#options.maxAgeMs;
  }
}
