/** The thread that unpacks: takes one job after the other from unzipper.ts, so that the region's own thread never blocks. */
import { parentPort } from "node:worker_threads";
import { unzip } from "./unzip.ts";
import { UnzipError } from "./unzip-error.ts";

export interface UnzipJob {
  readonly id: number;
  readonly zipFile: string;
  readonly directory: string;
}

export interface UnzipAnswer {
  readonly id: number;
  /** Absent when the job was done. */
  readonly failure?: { readonly kind?: UnzipError["kind"]; readonly message: string };
}

parentPort?.on("message", async (job: UnzipJob) => {
  const answer = await unzip(job.zipFile, job.directory).then(
    (): UnzipAnswer => ({ id: job.id }),
    (error: unknown): UnzipAnswer => ({
      id: job.id,
      failure: { ...(error instanceof UnzipError && { kind: error.kind }), message: String(error) },
    }),
  );
  parentPort?.postMessage(answer);
});
