/** Hands deployment packages to the thread that unpacks them. */
import { JobThread } from "../state/job-thread.ts";
import { UnzipError } from "./unzip-error.ts";
import type { UnzipAnswer, Work } from "./unzip-worker.ts";

export class Unzipper {
  readonly #thread = new JobThread<Work, UnzipAnswer>(new URL("./unzip-worker.ts", import.meta.url), "unpacks");

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

  close(): Promise<void> {
    return this.#thread.close();
  }

  async #do(work: Work): Promise<number> {
    const { bytes = 0, failure } = await this.#thread.do(work);
    if (!failure) return bytes;
    throw failure.kind ? new UnzipError(failure.kind, failure.message) : new Error(failure.message);
  }
}
