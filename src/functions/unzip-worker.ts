/** The thread that unpacks: takes one job after the other from unzipper.ts, so that the region's own thread never blocks. */
import { parentPort } from "node:worker_threads";
import type { Job } from "../state/job-thread.ts";
import { mergeDirectories } from "./merged-layers.ts";
import { unzip, unzippedSize } from "./unzip.ts";
import { UnzipError } from "./unzip-error.ts";

export type Work =
  | { readonly kind: "unzip"; readonly zipFile: string; readonly directory: string }
  | { readonly kind: "measure"; readonly zipFile: string }
  | { readonly kind: "merge"; readonly sources: readonly string[]; readonly directory: string };

export interface UnzipAnswer {
  readonly id: number;
  /** What was measured. */
  readonly bytes?: number;
  /** Absent when the job was done. */
  readonly failure?: { readonly kind?: UnzipError["kind"]; readonly message: string };
}

parentPort?.on("message", async (job: Job<Work>) => {
  const answer = await done(job.work).then(
    (bytes): UnzipAnswer => ({ id: job.id, ...(bytes !== undefined && { bytes }) }),
    (error: unknown): UnzipAnswer => ({
      id: job.id,
      failure: { ...(error instanceof UnzipError && { kind: error.kind }), message: String(error) },
    }),
  );
  parentPort?.postMessage(answer);
});

async function done(work: Work): Promise<number | undefined> {
  switch (work.kind) {
    case "unzip":
      await unzip(work.zipFile, work.directory);
      return undefined;
    case "measure":
      return unzippedSize(work.zipFile);
    case "merge":
      mergeDirectories(work.sources, work.directory);
      return undefined;
  }
}
