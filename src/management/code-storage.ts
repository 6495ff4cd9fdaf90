/** The account's room for deployment packages: every version of every function counts, and every layer version. */
import type { Catalog } from "../functions/catalog.ts";
import type { Layers } from "../functions/layers.ts";
import type { CodeRoom, LambdaFail } from "./lambda-api.ts";

export class CodeStorage implements CodeRoom {
  readonly limit: number;
  readonly #catalog: Catalog;
  readonly #layers: Layers;

  constructor(limit: number, catalog: Catalog, layers: Layers) {
    this.limit = limit;
    this.#catalog = catalog;
    this.#layers = layers;
  }

  async used(): Promise<number> {
    const [{ totalCodeSize }, layersSize] = await Promise.all([
      this.#catalog.listing.usage(),
      this.#layers.totalCodeSize(),
    ]);
    return totalCodeSize + layersSize;
  }

  async left(): Promise<number> {
    return this.limit - (await this.used());
  }
}

/** @throws CodeStorageExceededException when the bytes do not fit into what is left */
export function checkCodeStorage(fail: LambdaFail, bytes: number, left: number): void {
  if (bytes > 0 && bytes > left) fail("CodeStorageExceededException", "Code storage limit exceeded.");
}
