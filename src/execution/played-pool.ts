/** For tests: a pool whose environments are played by the test. */
import type { FunctionVersion } from "../functions/function-version.ts";
import { createLog } from "../observability/log.ts";
import type { Environment, EnvironmentListener } from "./environment.ts";
import type { EnvironmentFactory } from "./environment-factory.ts";
import type { InitializationType } from "./initialization.ts";
import type { Outcome } from "./outcome.ts";
import type { Placement } from "./placement.ts";
import { EnvironmentPool } from "./pool.ts";

export const version = (functionName: string, codeSha256 = "1", number = "$LATEST") =>
  ({
    functionName,
    functionArn: `arn:${functionName}`,
    version: number,
    codeSha256,
    memoryMb: 128,
  }) as FunctionVersion;

const outcome = { kind: "ok" } as Outcome;

type Script = (version: FunctionVersion) => Promise<void> | void;

/** An environment of which the test decides when its invocation ends. */
export class PlayedEnvironment {
  readonly id: string;
  readonly version: FunctionVersion;
  readonly initialization: InitializationType;
  readonly #listener: EnvironmentListener;
  readonly #init: Script | undefined;
  readonly #pending: (() => void)[] = [];
  isInitialised = false;
  idleSinceMs = performance.now();
  invocations = 0;
  frozen = 0;
  destroyed = false;

  constructor(
    id: string,
    version: FunctionVersion,
    initialization: InitializationType,
    listener: EnvironmentListener,
    init: Script | undefined,
  ) {
    this.#init = init;
    this.id = id;
    this.version = version;
    this.initialization = initialization;
    this.#listener = listener;
  }

  get isBusy(): boolean {
    return this.#pending.length > 0;
  }

  /** A script that throws is a function that cannot be initialised. */
  async init(): Promise<void> {
    try {
      await this.#init?.(this.version);
      this.isInitialised = !this.destroyed;
    } catch {
      this.isInitialised = false;
    }
  }

  invoke(): Promise<Outcome> {
    this.invocations++;
    return new Promise((resolve) => this.#pending.push(() => resolve(outcome)));
  }

  finish(): void {
    this.answer();
    this.comeBack();
  }

  /** The caller has its outcome, the runtime has not asked for more yet. */
  answer(): void {
    this.#pending.shift()?.();
  }

  comeBack(): void {
    this.idleSinceMs = performance.now();
    this.#listener.onIdle(this as unknown as Environment);
  }

  /** The runtime ended while it waited for work. */
  exit(): void {
    this.isInitialised = false;
    this.#listener.onRuntimeExit(this as unknown as Environment);
  }

  fault(): void {
    this.#listener.onFault(this as unknown as Environment, new Error("no more"));
  }

  freeze(): void {
    this.frozen++;
  }

  async destroy(): Promise<void> {
    this.destroyed = true;
    this.isInitialised = false;
    this.answer();
  }
}

export function playedPool(
  options: { room?: () => boolean; create?: Script; init?: Script; idleTimeoutMs?: number } = {},
) {
  const made: PlayedEnvironment[] = [];
  const factory = {
    create: async (version: FunctionVersion, initialization: InitializationType, listener: EnvironmentListener) => {
      await options.create?.(version);
      const environment = new PlayedEnvironment(`e${made.length}`, version, initialization, listener, options.init);
      made.push(environment);
      return environment;
    },
  } as unknown as EnvironmentFactory;
  const placement = { hasRoom: options.room ?? (() => true) } as unknown as Placement;
  const log = createLog(() => {});
  const idleTimeoutMs = options.idleTimeoutMs ?? 60_000;
  const pool = new EnvironmentPool({ factory, placement, log, idleTimeoutMs, parallelStarts: 2 });
  const busy = async (count: number) => {
    while (made.reduce((sum, { invocations }) => sum + invocations, 0) < count) await new Promise(setImmediate);
  };
  return { pool, made, busy };
}
