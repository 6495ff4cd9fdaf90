/** Code of functions in buckets that another S3 keeps. */
import { type CodeObject, CodeObjectRefusal, type CodeObjects } from "../../functions/code-objects.ts";
import { AwsClientError } from "./aws-client.ts";
import type { ExternalService } from "./external-service.ts";
import { objectPath } from "./object-path.ts";

/** For a package of 250 MB over a slow line. */
const TIMEOUT_MS = 300_000;

export class ExternalObjects implements CodeObjects {
  readonly #s3: ExternalService;

  constructor(s3: ExternalService) {
    this.#s3 = s3;
  }

  /** Whatever is not here may be there. */
  has(): boolean {
    return true;
  }

  async read({ bucket, key, versionId }: CodeObject, limit: number): Promise<Buffer> {
    const request = {
      method: "GET",
      path: objectPath(bucket, key),
      headers: {},
      ...(versionId !== undefined && { query: { versionId } }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    try {
      return (await this.#s3.send("", request, limit)).body;
    } catch (error) {
      if (error instanceof AwsClientError) throw new CodeObjectRefusal(error.code, error.message);
      throw new CodeObjectRefusal("ServiceUnavailable", `the S3 endpoint does not answer: ${(error as Error).message}`);
    }
  }
}
