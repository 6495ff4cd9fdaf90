/**
 * Which function a URL belongs to and who may call it, for every request that comes in by one: the settings, with those
 * used last in memory.
 */
import type { Catalog } from "./catalog.ts";
import { type FunctionSettings, UNQUALIFIED } from "./function-settings.ts";
import type { FunctionUrl } from "./function-url.ts";
import type { PolicyDocument } from "./policy-document.ts";

const CACHED_URLS = 10_000;

export interface UrlOwner {
  readonly functionName: string;
  /** The alias that the URL belongs to; undefined for the function itself. */
  readonly alias: string | undefined;
  readonly url: FunctionUrl;
  /** Of the function, or of the alias. */
  readonly policy: PolicyDocument | undefined;
}

/** The settings of all function URLs, found by their ids. */
export function functionUrlSettings(catalog: Catalog): FunctionSettings<FunctionUrl> {
  return catalog.settings<FunctionUrl>("functionUrl", (url) => url.urlId);
}

export class FunctionUrlDirectory {
  readonly #settings: FunctionSettings<FunctionUrl>;
  readonly #policies: Catalog["policies"];
  /** A Map remembers insertion order: the first is the one that was read longest ago. */
  readonly #cache = new Map<string, UrlOwner>();
  /** Grows with every change: a read that was overtaken by one must not fill the cache. */
  #changes = 0;

  constructor(catalog: Catalog) {
    this.#settings = functionUrlSettings(catalog);
    this.#policies = catalog.policies;
    catalog.onChange((functionName) => this.#forget(functionName));
  }

  async find(urlId: string): Promise<UrlOwner | undefined> {
    const cached = this.#cache.get(urlId);
    if (cached) return cached;
    const changes = this.#changes;
    const [found] = await this.#settings.find(urlId);
    if (!found) return undefined;
    const { functionName, qualifier, value: url } = found;
    const policy = await this.#policies.find(functionName, qualifier);
    const owner = { functionName, alias: qualifier === UNQUALIFIED ? undefined : qualifier, url, policy };
    if (changes === this.#changes) this.#put(urlId, owner);
    return owner;
  }

  #put(urlId: string, owner: UrlOwner): void {
    this.#cache.set(urlId, owner);
    if (this.#cache.size > CACHED_URLS) this.#cache.delete(this.#cache.keys().next().value as string);
  }

  #forget(functionName: string): void {
    this.#changes += 1;
    for (const [urlId, owner] of this.#cache) if (owner.functionName === functionName) this.#cache.delete(urlId);
  }
}
