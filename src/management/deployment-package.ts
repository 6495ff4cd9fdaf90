/** The code that comes with CreateFunction and UpdateFunctionCode: where it may come from, and what is said of bad zips. */
import type { CodeStore, StoredCode } from "../functions/code-store.ts";
import { UnzipError } from "../functions/unzip-error.ts";
import { notServed } from "./function-rules.ts";
import type { LambdaFail, LambdaInput } from "./lambda-api.ts";

const MAX_ZIPPED_BYTES = 52_428_800;

const REFUSALS: Readonly<Record<UnzipError["kind"], string>> = {
  invalid: "Could not unzip uploaded file. Please check your file, then try to upload again.",
  "too-large": "Unzipped size must be smaller than 262144000 bytes",
  empty: "Uploaded file must be a non-empty zip",
};

/**
 * The zip that was sent. S3 and container images are not sources here yet.
 * @throws ServiceError
 */
export function uploadedZip(fail: LambdaFail, code: LambdaInput<"CreateFunction">["Code"]): Uint8Array {
  const refuse = (message: string): never => fail("InvalidParameterValueException", message);
  const { ZipFile: zip } = code;
  const fromS3 = code.S3Bucket ?? code.S3Key ?? code.S3ObjectVersion ?? code.S3ObjectStorageMode;
  if (zip !== undefined && fromS3 !== undefined) {
    return refuse("Please do not provide other FunctionCode parameters when providing a ZipFile.");
  }
  if (fromS3 !== undefined) return refuse(notServed("Code from Amazon S3"));
  if (zip === undefined) return refuse("Please provide a source for function code.");
  if (code.SourceKMSKeyArn) return refuse(notServed("SourceKMSKeyArn"));
  if (zip.length === 0) return refuse(REFUSALS.empty);
  if (zip.length > MAX_ZIPPED_BYTES) {
    return fail("RequestEntityTooLargeException", `Zipped size must be smaller than ${MAX_ZIPPED_BYTES} bytes`);
  }
  return zip;
}

/**
 * Keep the zip while `use` makes a function of it.
 * @throws ServiceError when it cannot be unpacked
 */
export async function withStoredCode<T>(
  fail: LambdaFail,
  codeStore: CodeStore,
  zip: Uint8Array,
  use: (code: StoredCode) => Promise<T>,
): Promise<T> {
  try {
    return await codeStore.store(zip, use);
  } catch (error) {
    if (!(error instanceof UnzipError)) throw error;
    return fail("InvalidParameterValueException", REFUSALS[error.kind]);
  }
}
