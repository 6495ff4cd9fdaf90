/** Hands layers and roots to the thread that makes directories of them. It starts with the first, and anew if it dies. */
import { Worker } from "node:worker_threads";
import { ImageError } from "./image-error.ts";
import type { ImageJob, ImageJobEnd, ImageWork } from "./image-worker.ts";

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

export class ImageUnpacker {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;

  /** @throws ImageError when the layer is at fault */
  unpackLayer(blob: string, directory: string): Promise<void> {
    return this.#do({ kind: "layer", blob, directory });
  }

  /** @throws ImageError when the layers do not go together */
  assembleRoot(root: Omit<Extract<ImageWork, { kind: "root" }>, "kind">): Promise<void> {
    return this.#do({ kind: "root", ...root });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #do(work: ImageWork): Promise<void> {
    const worker = this.#worker ?? this.#start();
    const job: ImageJob = { id: this.#nextId++, work };
    return new Promise((resolve, reject) => {
      this.#waiting.set(job.id, { resolve, reject });
      // An idle thread must not keep the program alive; a working one must.
      worker.ref();
      worker.postMessage(job);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL("./image-worker.ts", import.meta.url));
    worker.on("message", (end: ImageJobEnd) => this.#end(worker, end));
    worker.on("error", (error: Error) => this.#abandon(worker, error));
    worker.on("exit", () => this.#abandon(worker, new Error("the thread that unpacks images has ended")));
    this.#worker = worker;
    return worker;
  }

  #end(worker: Worker, { id, failure }: ImageJobEnd): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) worker.unref();
    if (!failure) waiting?.resolve();
    else if (failure.isOurs) waiting?.reject(new Error(failure.message));
    else waiting?.reject(new ImageError("invalid", `The image cannot be used: ${failure.message}.`));
  }

  #abandon(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
