/** Hands deployment packages to the thread that unpacks them. The thread starts with the first and is started anew if it dies. */
import { Worker } from "node:worker_threads";
import { UnzipError } from "./unzip-error.ts";
import type { UnzipAnswer, UnzipJob, Work } from "./unzip-worker.ts";

interface Waiting {
  readonly resolve: (bytes: number) => void;
  readonly reject: (error: Error) => void;
}

export class Unzipper {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;

  /**
   * Unpack a zip into a directory that does not exist yet.
   * @throws UnzipError when the zip is at fault
   */
  async unzip(zipFile: string, directory: string): Promise<void> {
    await this.#do({ kind: "unzip", zipFile, directory });
  }

  /** bytes of all files of a zip that could be unpacked */
  measure(zipFile: string): Promise<number> {
    return this.#do({ kind: "measure", zipFile });
  }

  /** Lay directories over each other into one that does not exist yet (merged-layers.ts). */
  async merge(sources: readonly string[], directory: string): Promise<void> {
    await this.#do({ kind: "merge", sources, directory });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #do(work: Work): Promise<number> {
    const worker = this.#worker ?? this.#start();
    const job: UnzipJob = { id: this.#nextId++, work };
    return new Promise((resolve, reject) => {
      this.#waiting.set(job.id, { resolve, reject });
      // An idle thread must not keep the program alive; a working one must.
      worker.ref();
      worker.postMessage(job);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL("./unzip-worker.ts", import.meta.url));
    worker.on("message", (answer: UnzipAnswer) => this.#answer(worker, answer));
    worker.on("error", (error: Error) => this.#abandon(worker, error));
    worker.on("exit", () => this.#abandon(worker, new Error("the thread that unpacks has ended")));
    this.#worker = worker;
    return worker;
  }

  #answer(worker: Worker, { id, bytes = 0, failure }: UnzipAnswer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) worker.unref();
    if (!failure) waiting?.resolve(bytes);
    else if (failure.kind) waiting?.reject(new UnzipError(failure.kind, failure.message));
    else waiting?.reject(new Error(failure.message));
  }

  #abandon(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
