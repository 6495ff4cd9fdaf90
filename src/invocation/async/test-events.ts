/** For tests: the queue and its workers with a clock that the test moves, and functions and targets that it plays. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outcome } from "../../execution/outcome.ts";
import type { Catalog, ChangeListener } from "../../functions/catalog.ts";
import type { EventInvokeConfig } from "../../functions/event-invoke-config.ts";
import type { FunctionVersion } from "../../functions/function-version.ts";
import { SqliteQueue } from "../../state/sqlite-queue.ts";
import type { InvokeRequest, Invoker } from "../invoker.ts";
import { LambdaTarget } from "../lambda-target.ts";
import { Precedence } from "../precedence.ts";
import { InvokeRefusal } from "../refusal.ts";
import { type Delivery, type Target, Targets } from "../targets.ts";
import { AsyncInvocation } from "./async-invocation.ts";

export const PLACE = { region: "us-east-1", accountId: "000000000000" };
export const ARN = "arn:aws:lambda:us-east-1:000000000000:function:";
export const QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:letters";
export const TRACE = "Root=1-67000000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0";

export interface Delivered {
  readonly arn: string;
  readonly message: string;
  readonly attributes: Delivery["attributes"];
  readonly traceId: string;
  readonly sender: Delivery["sender"];
}

export const ok = (payload = "null"): Outcome => ({
  kind: "ok",
  payload: Buffer.from(payload),
  executedVersion: "$LATEST",
  logTail: Buffer.alloc(0),
  durationMs: 1,
  billedMs: 1,
  maxMemoryMb: 1,
});

export const failed = (payload = '{"errorMessage":"no","errorType":"Error"}'): Outcome => ({
  ...ok(payload),
  kind: "function-error",
  functionError: "Unhandled",
});

export const refused = (code: InvokeRefusal["code"], message = "Rate Exceeded."): InvokeRefusal =>
  new InvokeRefusal(code, message);

export class TestEvents implements AsyncDisposable {
  nowMs = 1_700_000_000_000;
  /** What functions do, by name. One that is not here does not exist. */
  readonly functions = new Map<string, (request: InvokeRequest) => Outcome | Promise<Outcome>>();
  readonly configs = new Map<string, EventInvokeConfig>();
  readonly deadLetterArns = new Map<string, string>();
  /** Of functions that tell them. */
  readonly creationIds = new Map<string, string>();
  /** `name:alias` */
  readonly goneAliases = new Set<string>();
  readonly switchedOff = new Set<string>();
  readonly invoked: InvokeRequest[] = [];
  readonly delivered: Delivered[] = [];
  readonly logged: string[] = [];
  /** What SQS does with a message. */
  receive: () => Promise<void> = async () => {};
  /** Nobody presses. */
  readonly precedence = new Precedence(() => 0);
  queue!: SqliteQueue;
  asynchronous!: AsyncInvocation;
  readonly #directory = mkdtempSync(join(tmpdir(), "alonzo-events-"));
  readonly #listeners: ChangeListener[] = [];
  readonly #retryDelaysMs: readonly number[];
  #requests = 0;

  private constructor(retryDelaysMs: readonly number[]) {
    this.#retryDelaysMs = retryDelaysMs;
  }

  static async start(retryDelaysMs: readonly number[] = [60_000, 120_000]): Promise<TestEvents> {
    const events = new TestEvents(retryDelaysMs);
    await events.open();
    return events;
  }

  async open(): Promise<void> {
    const clock = { now: () => this.nowMs };
    const note = (message: string): void => void this.logged.push(message);
    this.queue = await SqliteQueue.open(join(this.#directory, "events.sqlite"), clock);
    const targets = new Targets();
    this.asynchronous = new AsyncInvocation({
      queue: this.queue,
      invoker: this.#invoker(),
      catalog: this.#catalog(),
      place: PLACE,
      clock,
      log: { info: note, warn: note, error: note },
      retryDelaysMs: this.#retryDelaysMs,
      concurrency: 100,
      isSwitchedOff: (functionName) => this.switchedOff.has(functionName),
      targets,
      precedence: this.precedence,
    });
    targets.add("sqs", this.#sqs());
    targets.add(
      "lambda",
      new LambdaTarget({ events: this.asynchronous.events, place: PLACE, policyOf: async () => undefined }),
    );
    await this.asynchronous.start();
  }

  /** Accept an event. @returns its request id */
  async send(functionName: string, payload = '{"n": 1}', qualifier?: string): Promise<string> {
    this.#requests += 1;
    const requestId = `request-${this.#requests}`;
    const invokedFunctionArn = ARN + functionName + (qualifier === undefined ? "" : `:${qualifier}`);
    const invocation = { requestId, payload: Buffer.from(payload), invokedFunctionArn, traceId: TRACE };
    await this.asynchronous.events.accept({ functionName, qualifier, invocation });
    return requestId;
  }

  /** Let time pass at once. */
  advance(ms: number): void {
    this.nowMs += ms;
    this.asynchronous.wake();
  }

  /** Resolves when it is so; what is waited for happens by itself. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise(setImmediate);
  }

  /** All that can happen now has happened. */
  async quiet(): Promise<void> {
    const isQuiet = () => this.asynchronous.isResting;
    for (let turns = 0; turns < 5; turns = isQuiet() ? turns + 1 : 0) await new Promise(setImmediate);
  }

  delete(functionName: string): void {
    this.functions.delete(functionName);
    for (const listener of this.#listeners) listener(functionName, true);
  }

  /** What the catalog says when a function has changed. */
  change(functionName: string): void {
    for (const listener of this.#listeners) listener(functionName, false);
  }

  async crash(): Promise<void> {
    this.queue.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.asynchronous.close();
    this.precedence[Symbol.dispose]();
    this.queue.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #invoker(): Invoker {
    const find = (functionName: string) => {
      const behaviour = this.functions.get(functionName);
      if (!behaviour) throw refused("ResourceNotFoundException", `Function not found: ${functionName}`);
      return behaviour;
    };
    return {
      invoke: async (request) => {
        const behaviour = find(request.functionName);
        if (request.creationId !== this.creationIds.get(request.functionName)) {
          throw refused("ResourceNotFoundException", `Function not found: ${request.functionName}`);
        }
        this.invoked.push(request);
        return behaviour(request);
      },
      check: async (functionName) => void find(functionName),
    };
  }

  #version(functionName: string): FunctionVersion | undefined {
    if (!this.functions.has(functionName)) return undefined;
    const deadLetterTargetArn = this.deadLetterArns.get(functionName);
    return { functionName, creationId: this.creationIds.get(functionName), deadLetterTargetArn } as FunctionVersion;
  }

  #catalog(): Catalog {
    return {
      resolve: async (functionName: string, qualifier?: string) =>
        this.goneAliases.has(`${functionName}:${qualifier}`) ? undefined : this.#version(functionName),
      onChange: (listener: ChangeListener) => void this.#listeners.push(listener),
      settings: () => ({ get: async (name: string, qualifier: string) => this.configs.get(`${name}:${qualifier}`) }),
    } as unknown as Catalog;
  }

  #sqs(): Target {
    return {
      deliver: async (arn, { body, attributes, traceId, sender }) => {
        await this.receive();
        this.delivered.push({ arn, message: body.toString(), attributes, traceId, sender });
      },
    };
  }
}
