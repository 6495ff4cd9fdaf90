/** The routes of the qualifiers that were resolved last, a bounded number of them. Holds values; its owner keeps them right. */
import type { Route } from "./route.ts";

export class RouteCache {
  readonly #capacity: number;
  /** By function, then by qualifier; a Map remembers insertion order, so the first function is the least recent. */
  readonly #functions = new Map<string, Map<string, Route>>();
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(functionName: string, qualifier: string): Route | undefined {
    return this.#functions.get(functionName)?.get(qualifier);
  }

  put(functionName: string, qualifier: string, route: Route): void {
    const routes = this.#functions.get(functionName) ?? new Map<string, Route>();
    if (!routes.has(qualifier)) this.#size += 1;
    routes.set(qualifier, route);
    this.#functions.delete(functionName);
    this.#functions.set(functionName, routes);
    while (this.#size > this.#capacity) this.forget(this.#functions.keys().next().value as string);
  }

  /** Forget every qualifier of the function. */
  forget(functionName: string): void {
    this.#size -= this.#functions.get(functionName)?.size ?? 0;
    this.#functions.delete(functionName);
  }
}
