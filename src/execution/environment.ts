/**
 * One execution environment: a sandbox with one function version in it, through init -> (invoke -> freeze)* -> shutdown
 * (contract/01 §1). It owns the order of things and the deadlines; the sandbox owns the processes, the slot the
 * runtime's protocol state.
 */
import type { FunctionVersion } from "../functions/function-version.ts";
import { type AnswerStream, MAX_STREAMED_BYTES } from "./answer-stream.ts";
import type { EnvironmentLog } from "./environment-log.ts";
import type { EnvironmentParts } from "./environment-parts.ts";
import type { EnvironmentState } from "./environment-state.ts";
import type { Extensions } from "./extensions.ts";
import {
  badModeFailure,
  type Failure,
  sandboxFailure,
  timeoutFailure,
  tooLargeFailure,
  truncatedFailure,
} from "./failure.ts";
import { Initialisation } from "./init-phase.ts";
import type { InitializationType } from "./initialization.ts";
import type { Invocation } from "./invocation.ts";
import type { InvocationSlot, RuntimeAnswer } from "./invocation-slot.ts";
import type { Outcome } from "./outcome.ts";
import { PlatformLog } from "./platform-log.ts";
import { newRunning, openStream, type Running, sendToSink } from "./running-invocation.ts";
import { RuntimeProcess } from "./runtime-process.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";
import { WriteUp } from "./write-up.ts";

/** What the pool hears. */
export interface EnvironmentListener {
  /** It can take the next invocation (or, reset, will start its runtime again inside it). */
  onIdle(environment: Environment): void;
  /** Its runtime ended with nothing to do; the next invocation will start it again. */
  onRuntimeExit(environment: Environment): void;
  /** A fault of ours or of the machine's: the caller has been told, this is for the operator. */
  onFault(environment: Environment, error: unknown): void;
}

export class Environment {
  readonly version: FunctionVersion;
  readonly #sandbox: Sandbox;
  readonly #slot: InvocationSlot;
  readonly #extensions: Extensions;
  readonly #log: EnvironmentLog;
  readonly #telemetry: Telemetry;
  readonly #platform: PlatformLog;
  readonly initialization: InitializationType;
  readonly #listener: EnvironmentListener;
  readonly #runtime: RuntimeProcess;
  readonly #initialisation: Initialisation;
  readonly #writeUp: WriteUp;
  readonly #streamingRate: number;
  #running: Running | undefined;
  #frozen = false;
  /** It will be frozen when subscribers have got what is due. */
  #isSettling = false;
  #destroyed = false;
  /** performance.now() */
  readonly bornMs = performance.now();
  /** performance.now() when it last became idle */
  idleSinceMs = 0;
  /** ms that its last invocation took; undefined when it had none */
  lastMs: number | undefined;

  constructor(parts: EnvironmentParts, listener: EnvironmentListener) {
    this.version = parts.version;
    this.#sandbox = parts.sandbox;
    this.#slot = parts.slot;
    this.#log = parts.log;
    this.#telemetry = parts.telemetry;
    this.initialization = parts.initialization;
    this.#listener = listener;
    this.#platform = new PlatformLog({ ...parts, instanceId: parts.sandbox.id });
    this.#streamingRate = parts.streamingRate;
    this.#writeUp = new WriteUp(parts.log, this.#platform, parts.version, parts.initialization, parts.sandbox);
    this.#extensions = parts.extensions;
    this.#runtime = new RuntimeProcess(parts.sandbox, parts.slot, parts.extensions, parts.telemetry, parts.launch, {
      onExit: (failure) => this.#onExit(failure),
      onFault: (error) => listener.onFault(this, error),
    });
    const flushOutput = () => parts.log.flushPartial();
    this.#initialisation = new Initialisation({
      ...parts,
      platform: this.#platform,
      runtime: this.#runtime,
      flushOutput,
    });
    parts.extensions.listen(() => this.#onArrival());
    parts.slot.listen({
      onNext: () => {
        this.#extensions.closeRegistration();
        this.#initialisation.runtimeCame();
        this.#onArrival();
      },
      onStream: (contentType) => this.#onStream(contentType),
      onAnswer: (answer) => this.#onAnswer(answer),
      onInitError: (body, errorType) => this.#runtime.failedInit(body, errorType),
      onRestoreError: (body, errorType) => this.#runtime.failedInit(body, errorType),
    });
  }

  /** performance.now() when its invocation began; undefined while it has none. */
  get runningSinceMs(): number | undefined {
    return this.#running?.startedMs;
  }

  get id(): string {
    return this.#sandbox.id;
  }

  get state(): EnvironmentState {
    if (this.#destroyed) return "shutdown";
    if (this.#running) return "invoke";
    if (this.#frozen) return "frozen";
    if (this.#runtime.isUp) return "idle";
    return this.#initialisation.isUnderWay ? "init" : "down";
  }

  /** What its invocations have used. */
  get usage(): { readonly invocations: number; readonly maxMemoryMb: number } {
    return this.#writeUp;
  }

  /** Its runtime is initialised: an invocation costs no init. */
  get isInitialised(): boolean {
    return this.#runtime.isUp;
  }

  /** How long its init phase took; undefined when it failed, and once an invocation has told of it. */
  get initMs(): number | undefined {
    return this.#writeUp.initMs;
  }

  /** The init phase, or the restore. An init that fails is repeated inside the first invocation. @throws RestoreError */
  async init(): Promise<void> {
    const result = await this.#initialisation.ahead(() => !this.#destroyed);
    if (this.#destroyed) return;
    const { failure } = result;
    if (!failure) return this.#writeUp.initialised(result);
    await this.#runtime.reset(failure.status === "timeout" ? "timeout" : "failure");
  }

  /** Run one invocation to its outcome. Only legal when idle; never rejects for what the function does. */
  invoke(invocation: Invocation, wantsLogTail: boolean): Promise<Outcome> {
    this.#wake();
    return new Promise((resolve) => {
      const timeoutMs = this.version.timeoutSeconds * 1000;
      const running = newRunning(invocation, wantsLogTail, resolve);
      this.#running = running;
      this.#log.begin(invocation.traceId, wantsLogTail);
      this.#platform.start(invocation);
      if (!this.#runtime.isUp) return void this.#invokeWithInit(running, timeoutMs);
      this.#deliverEvent(running, timeoutMs);
    });
  }

  /** Not before subscribers have got what is due, within bounds. */
  freeze(): void {
    if (this.#isSettling || !this.#mayFreeze()) return;
    if (this.#telemetry.isSettled) return this.#freezeNow();
    this.#isSettling = true;
    void this.#telemetry.settle().then(() => {
      this.#isSettling = false;
      if (this.#mayFreeze()) this.#freezeNow();
    });
  }

  #mayFreeze(): boolean {
    return !this.#frozen && !this.#running && this.#runtime.isUp && !this.#destroyed;
  }

  #freezeNow(): void {
    this.#frozen = true;
    this.#telemetry.suspend();
    this.#sandbox.freeze();
  }

  #wake(): void {
    if (!this.#frozen) return;
    this.#frozen = false;
    this.#sandbox.thaw();
    this.#telemetry.resume();
  }

  /** Shutdown: extensions are told and get their time; without any the processes are killed at once (contract/01). */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    const running = this.#running;
    clearTimeout(running?.timer);
    this.#runtime.abandon();
    // Whoever destroys a busy environment does not leave its caller waiting for ever.
    if (running && !running.finished) this.#fail(running, sandboxFailure(), "exit");
    else this.#goOn();
    if (this.#extensions.registered !== "none") {
      this.#wake();
      await this.#runtime.shutDown("spindown");
    }
    await this.#sandbox.destroy();
    this.#log.flushPartial();
  }

  /** Suppressed init: the runtime starts inside the invoke phase, under the function's own timeout. */
  async #invokeWithInit(running: Running, timeoutMs: number): Promise<void> {
    const onLimit = () => timeoutFailure(this.version.timeoutSeconds);
    const isWanted = () => !running.finished;
    const { failure, durationMs } = await this.#initialisation.run("invoke", timeoutMs, onLimit, isWanted);
    // Destroyed meanwhile: its caller knows.
    if (running.finished) return;
    if (failure) return this.#fail(running, failure, failure.status === "timeout" ? "timeout" : "init-error");
    this.#deliverEvent(running, Math.max(1, timeoutMs - durationMs));
  }

  #deliverEvent(running: Running, leftMs: number): void {
    running.timer = setTimeout(() => this.#onTimeout(running), leftMs);
    const deadlineMs = Math.round(Date.now() + leftMs);
    this.#slot.deliver(running.invocation, deadlineMs);
    running.hadExtensions = this.#extensions.invoke(running.invocation, deadlineMs);
    if (running.hadExtensions && !running.wantsLogTail) running.finalBilled = Promise.withResolvers();
  }

  /** The runtime or an extension came for more. */
  #onArrival(): void {
    if (!this.#runtime.cameForWork()) this.#goOn();
  }

  #onStream(contentType: string): AnswerStream | undefined {
    const running = this.#running;
    if (!running || running.finished) return undefined;
    return openStream(running, contentType, this.version.version, this.#streamingRate);
  }

  #onAnswer(answer: RuntimeAnswer): void {
    const running = this.#running;
    if (!running || running.finished) return;
    switch (answer.kind) {
      case "response":
        if (answer.turn && !running.invocation.sink) running.invocation.onLargeAnswer?.(answer.turn);
        return this.#finish(running, "ok", sendToSink(running, answer.body, this.version.version));
      case "error":
        return this.#finish(running, "function-error", answer.body, answer.errorType);
      case "too-large":
        return this.#fail(running, tooLargeFailure(running.stream && MAX_STREAMED_BYTES), "response-too-large");
      case "truncated":
        return this.#fail(running, truncatedFailure(), "function-error");
      case "bad-mode":
        return this.#fail(running, badModeFailure(), "function-error");
    }
  }

  /** The runtime ended, or an extension. */
  #onExit(failure: Failure): void {
    const running = this.#running;
    if (this.#destroyed) return;
    if (!running) return void this.#runtime.reset("failure").then(() => this.#listener.onRuntimeExit(this));
    if (running.finished) return this.#goOn();
    // What it streamed may still be on its way, even to its very end: the connection's end tells.
    if (running.stream) return;
    // The exit overtakes output that is still in the pipe.
    setImmediate(() => {
      if (running.finished) return;
      this.#log.flushPartial();
      this.#fail(running, failure, "exit");
    });
  }

  #onTimeout(running: Running): void {
    if (!running.finished) {
      this.#log.flushPartial();
      this.#fail(running, timeoutFailure(this.version.timeoutSeconds), "timeout");
    } else if (this.#running === running) {
      // It answered, but it or an extension never came back for more.
      running.resetFor = "timeout";
      if (!running.reported) this.#platform.timeout(running.invocation.requestId);
      this.#goOn();
    }
  }

  #fail(running: Running, failure: Failure, kind: Outcome["kind"]): void {
    const { requestId } = running.invocation;
    if (kind === "timeout") {
      this.#platform.timeout(requestId);
    } else if (failure.logMessage !== undefined) {
      if (failure.extraLine !== undefined) this.#log.platform(`${failure.extraLine}\n`);
      this.#platform.fault(requestId, failure.logMessage, failure.errorType);
    }
    const isUsable = kind === "response-too-large" || kind === "function-error";
    if (!isUsable) running.resetFor = kind === "timeout" ? "timeout" : "failure";
    this.#finish(running, kind, failure.document(requestId), failure.errorType, failure.status);
  }

  /** The outcome is known: answer the caller now, write END and REPORT once what the function wrote has been read. */
  #finish(
    running: Running,
    kind: Outcome["kind"],
    payload: Buffer,
    errorType?: string,
    status?: "timeout" | "error",
  ): void {
    running.finished = true;
    running.stream?.close();
    const outcome = this.#writeUp.outcome(running, { kind, payload, errorType });
    this.lastMs = outcome.durationMs;
    if (!running.wantsLogTail) running.resolve({ ...outcome, logTail: EMPTY });
    // What the function wrote before it answered became readable before the answer did, so that this turn of the event
    // loop still reads it; the next phase comes after.
    setImmediate(() => {
      running.answer = { outcome, status };
      this.#goOn();
    });
  }

  /**
   * The last invocation is written up once extensions have come back; the environment gives itself back once the runtime
   * has, too, or they are gone and cleared away.
   */
  #goOn(): void {
    const running = this.#running;
    if (!running?.answer) return;
    const isLost = running.resetFor !== undefined || !this.#runtime.isUp || this.#destroyed;
    // What is told of a runtime that is back is told before the report, where anybody wants to know.
    const isTold = !this.#platform.isDetailed || isLost || this.#slot.state === "Ready";
    if (isTold && this.#platform.isDetailed) this.#writeUp.runtimeDone(running, running.answer);
    if (!running.reported && isTold && (isLost || this.#extensions.areReady)) {
      this.#writeUp.finish(running, running.answer);
    }
    if (!running.reported || this.#destroyed) return;
    if (!isLost && (this.#slot.state !== "Ready" || !this.#extensions.areReady)) return;
    clearTimeout(running.timer);
    this.#running = undefined;
    if (isLost) void this.#runtime.reset(running.resetFor ?? "failure").then(() => this.#offer());
    else this.#offer();
  }

  #offer(): void {
    if (this.#destroyed) return;
    this.idleSinceMs = performance.now();
    this.#listener.onIdle(this);
  }
}

const EMPTY = Buffer.alloc(0);
