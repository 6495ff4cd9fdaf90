/** The function versions that were resolved last, a bounded number of them. Holds values; its owner keeps them right. */
import type { FunctionVersion } from "./function-version.ts";

export class VersionCache {
  readonly #capacity: number;
  /** By function, then by qualifier; a Map remembers insertion order, so the first function is the least recent. */
  readonly #functions = new Map<string, Map<string, FunctionVersion>>();
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(functionName: string, qualifier: string): FunctionVersion | undefined {
    return this.#functions.get(functionName)?.get(qualifier);
  }

  put(functionName: string, qualifier: string, version: FunctionVersion): void {
    const versions = this.#functions.get(functionName) ?? new Map<string, FunctionVersion>();
    if (!versions.has(qualifier)) this.#size += 1;
    versions.set(qualifier, version);
    this.#functions.delete(functionName);
    this.#functions.set(functionName, versions);
    while (this.#size > this.#capacity) this.forget(this.#functions.keys().next().value as string);
  }

  /** Forget every qualifier of the function. */
  forget(functionName: string): void {
    this.#size -= this.#functions.get(functionName)?.size ?? 0;
    this.#functions.delete(functionName);
  }
}
