/** Reads objects whole, for parts of the region that need what is in them: code of functions. */
import { buffer } from "node:stream/consumers";
import { type CodeObject, CodeObjectRefusal, type CodeObjects } from "../../functions/code-objects.ts";
import { ServiceError } from "../../wire/service-error.ts";
import { type ObjectStore, readable } from "./object-store.ts";

export class ObjectReader implements CodeObjects {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  has(bucket: string): boolean {
    return this.#store.buckets.find(bucket) !== undefined;
  }

  async read({ bucket, key, versionId }: CodeObject, limit: number): Promise<Buffer> {
    try {
      this.#store.buckets.get(bucket);
      const version = readable(this.#store.index, bucket, key, versionId);
      if (version.size > limit) throw new CodeObjectRefusal("TooLarge", `${version.size} bytes`);
      return await buffer(await this.#store.files.read(version.about.segments, 0, version.size - 1));
    } catch (error) {
      throw error instanceof ServiceError ? new CodeObjectRefusal(error.code, error.message) : error;
    }
  }
}
