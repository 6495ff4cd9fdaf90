/** Hands layers and roots to the thread that makes directories of them. */
import { JobThread } from "../../state/job-thread.ts";
import { ImageError } from "./image-error.ts";
import type { ImageJobEnd, ImageWork } from "./image-worker.ts";

export class ImageUnpacker {
  readonly #thread = new JobThread<ImageWork, ImageJobEnd>(
    new URL("./image-worker.ts", import.meta.url),
    "unpacks images",
  );

  /** @throws ImageError when the layer is at fault */
  unpackLayer(blob: string, directory: string): Promise<void> {
    return this.#do({ kind: "layer", blob, directory });
  }

  /** @throws ImageError when the layers do not go together */
  assembleRoot(root: Omit<Extract<ImageWork, { kind: "root" }>, "kind">): Promise<void> {
    return this.#do({ kind: "root", ...root });
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  async #do(work: ImageWork): Promise<void> {
    const { failure } = await this.#thread.do(work);
    if (!failure) return;
    if (failure.isOurs) throw new Error(failure.message);
    throw new ImageError("invalid", `The image cannot be used: ${failure.message}.`);
  }
}
