/** The thread that unpacks layers and puts roots together, so that the region's own thread never blocks. */
import { parentPort } from "node:worker_threads";
import type { Job } from "../../state/job-thread.ts";
import { assembleRoot, prepareRoot } from "./assemble-root.ts";
import { unpackLayer } from "./unpack-layer.ts";

export type ImageWork =
  | { readonly kind: "layer"; readonly blob: string; readonly directory: string }
  | {
      readonly kind: "root";
      readonly layers: readonly string[];
      readonly directory: string;
      readonly mountPoints: readonly string[];
      readonly files: Readonly<Record<string, string>>;
    };

export interface ImageJobEnd {
  readonly id: number;
  /** Why it could not be done; ours when it is this machine's trouble, not the image's. */
  readonly failure?: { readonly message: string; readonly isOurs: boolean };
}

/** Codes of trouble with this machine rather than with the image. */
const OURS: ReadonlySet<string | undefined> = new Set([
  "ENOSPC",
  "EDQUOT",
  "EROFS",
  "EACCES",
  "EMFILE",
  "ENFILE",
  "EIO",
]);

async function carryOut(work: ImageWork): Promise<void> {
  if (work.kind === "layer") return unpackLayer(work.blob, work.directory);
  assembleRoot(work.layers, work.directory);
  prepareRoot(work.directory, work.mountPoints, work.files);
}

parentPort?.on("message", async ({ id, work }: Job<ImageWork>) => {
  let end: ImageJobEnd = { id };
  try {
    await carryOut(work);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    end = { id, failure: { message, isOurs: OURS.has(code) } };
  }
  parentPort?.postMessage(end);
});
