/**
 * Jobs for a thread of its own, answered by their numbers. The thread starts with the first job, and anew after it died;
 * what it was working on then fails.
 */
import { Worker } from "node:worker_threads";

export interface Job<Work> {
  readonly id: number;
  readonly work: Work;
}

interface Waiting<Answer> {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

export class JobThread<Work, Answer extends { readonly id: number }> {
  readonly #script: URL;
  /** What it does, in the message when it ends. */
  readonly #purpose: string;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  #worker: Worker | undefined;
  #nextId = 1;

  /** @param script takes messages Job<Work> and posts an Answer to each */
  constructor(script: URL, purpose: string) {
    this.#script = script;
    this.#purpose = purpose;
  }

  do(work: Work): Promise<Answer> {
    const worker = this.#worker ?? this.#start();
    const job: Job<Work> = { id: this.#nextId++, work };
    return new Promise((resolve, reject) => {
      this.#waiting.set(job.id, { resolve, reject });
      // An idle thread must not keep the program alive; a working one must.
      worker.ref();
      worker.postMessage(job);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#script);
    worker.on("message", (answer: Answer) => this.#answer(worker, answer));
    worker.on("error", (error: Error) => this.#abandon(worker, error));
    worker.on("exit", () => this.#abandon(worker, new Error(`the thread that ${this.#purpose} has ended`)));
    this.#worker = worker;
    return worker;
  }

  #answer(worker: Worker, answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) worker.unref();
    waiting?.resolve(answer);
  }

  #abandon(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
