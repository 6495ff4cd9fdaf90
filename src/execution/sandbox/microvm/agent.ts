/**
 * The region's end of the line to guest/agent.py: orders go out as lines of JSON, frames come back. Whoever is root in the
 * guest can say anything here: what is not understood is the end of the machine, and no frame is large.
 */
import { constants } from "node:os";
import type { Duplex } from "node:stream";
import { readUnhurried } from "../output.ts";
import type { SandboxExit } from "../sandbox.ts";
import { SandboxError } from "../sandbox-error.ts";

/** Letter and length. */
const HEAD_BYTES = 5;
const MOST_BYTES = 65_536;
/** Where the agent tells of an end, this is the runtime; extensions have their numbers. */
export const RUNTIME = "r";
const KILLED: SandboxExit = { code: null, signal: "SIGKILL", outOfMemory: false };

/** What is done, in the order in which it was asked for. */
export type Done = "booted" | "awake" | "ready" | "started" | "reset";

type Message =
  | { readonly event: Done }
  | { readonly event: "memory"; readonly peakBytes: number }
  | { readonly event: "ended"; readonly who: string; readonly code: number; readonly outOfMemory: boolean };

export interface AgentListener {
  readonly onOutput: (chunk: Buffer) => void;
  readonly onExtensionOutput: (chunk: Buffer) => void;
}

const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

export class Agent {
  readonly #line: Duplex;
  readonly #listener: AgentListener;
  #rest: Buffer = Buffer.alloc(0);
  readonly #awaited = new Map<Done, PromiseWithResolvers<void>>();
  readonly #ends = new Map<string, PromiseWithResolvers<SandboxExit>>();
  #isGone = false;
  /** Since the last order that starts something while nothing ran. */
  peakBytes = 0;

  constructor(line: Duplex, listener: AgentListener) {
    this.#line = line;
    this.#listener = listener;
    readUnhurried(line, (chunk) => this.#read(chunk));
    line.on("error", () => line.destroy());
    line.once("close", () => this.#gone());
  }

  order(what: string, details: object = {}): void {
    if (!this.#isGone) this.#line.write(`${JSON.stringify({ do: what, ...details })}\n`);
  }

  /** @throws SandboxError when the machine ends before */
  done(what: Done): Promise<void> {
    if (this.#isGone) return Promise.reject(gone());
    const awaited = this.#awaited.get(what) ?? Promise.withResolvers<void>();
    this.#awaited.set(what, awaited);
    return awaited.promise;
  }

  /** How one of what was started ends: killed, when the machine is gone before that is told. */
  endOf(who: string): Promise<SandboxExit> {
    if (this.#isGone) return Promise.resolve(KILLED);
    const end = Promise.withResolvers<SandboxExit>();
    this.#ends.set(who, end);
    return end.promise;
  }

  #read(chunk: Buffer): void {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (rest.length >= HEAD_BYTES) {
      const length = rest.readUInt32BE(1);
      if (length > MOST_BYTES) return void this.#line.destroy();
      if (rest.length < HEAD_BYTES + length) break;
      const letter = String.fromCharCode(rest[0] ?? 0);
      const content = rest.subarray(HEAD_BYTES, HEAD_BYTES + length);
      rest = rest.subarray(HEAD_BYTES + length);
      if (letter === "O") this.#listener.onOutput(content);
      else if (letter === "E") this.#listener.onExtensionOutput(content);
      else if (!this.#hear(content)) return void this.#line.destroy();
    }
    // Not a view of the chunk, which is large.
    this.#rest = Buffer.from(rest);
  }

  #hear(content: Buffer): boolean {
    const message = parse(content);
    if (!message) return false;
    if (message.event === "memory") this.peakBytes = message.peakBytes;
    else if (message.event === "ended") this.#end(message.who, exitOf(message.code, message.outOfMemory));
    else {
      this.#awaited.get(message.event)?.resolve();
      this.#awaited.delete(message.event);
    }
    return true;
  }

  #end(who: string, exit: SandboxExit): void {
    this.#ends.get(who)?.resolve(exit);
    this.#ends.delete(who);
  }

  #gone(): void {
    this.#isGone = true;
    for (const who of [...this.#ends.keys()]) this.#end(who, KILLED);
    for (const { promise, reject } of this.#awaited.values()) {
      promise.catch(() => {});
      reject(gone());
    }
    this.#awaited.clear();
  }
}

function gone(): SandboxError {
  return new SandboxError("the machine is gone");
}

function parse(content: Buffer): Message | undefined {
  try {
    const message: unknown = JSON.parse(content.toString());
    return isMessage(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== "object" || value === null || !("event" in value)) return false;
  const { event, who, code, outOfMemory, peakBytes } = value as Record<string, unknown>;
  if (event === "memory") return typeof peakBytes === "number" && peakBytes >= 0;
  if (event === "ended") return typeof who === "string" && Number.isInteger(code) && typeof outOfMemory === "boolean";
  return ["booted", "awake", "ready", "started", "reset"].includes(event as string);
}

/** A death by signal comes as the signal's number, negative. */
function exitOf(code: number, outOfMemory: boolean): SandboxExit {
  if (code >= 0) return { code, signal: null, outOfMemory };
  return { code: null, signal: SIGNAL_NAMES.get(-code) ?? `SIG${-code}`, outOfMemory };
}
