/**
 * The code that comes with CreateFunction, UpdateFunctionCode and PublishLayerVersion: where it may come from, and what is
 * said of bad zips and of too much together.
 */
import { type CodeObject, CodeObjectRefusal } from "../functions/code-objects.ts";
import type { CodeStore } from "../functions/code-store.ts";
import type {
  Architecture,
  FunctionConfiguration,
  FunctionLayer,
  FunctionVersion,
} from "../functions/function-version.ts";
import { MAX_UNZIPPED_BYTES } from "../functions/unzip.ts";
import { UnzipError } from "../functions/unzip-error.ts";
import type { SignedBy } from "./code-admission.ts";
import { parseImageUri } from "./container-image.ts";
import { notServed } from "./function-rules.ts";
import type { CallContext, LambdaFail, LambdaInput, ManagementContext } from "./lambda-api.ts";

const MAX_ZIPPED_BYTES = 52_428_800;

const REFUSALS: Readonly<Record<UnzipError["kind"], string>> = {
  invalid: "Could not unzip uploaded file. Please check your file, then try to upload again.",
  "too-large": `Unzipped size must be smaller than ${MAX_UNZIPPED_BYTES} bytes`,
  empty: "Uploaded file must be a non-empty zip",
};

/** What a version says of its code. */
export type VersionCode = Pick<FunctionVersion, "codeSha256" | "codeSize" | "imageUri" | "sourceKmsKeyArn"> & SignedBy;

/** Code that is there, checked as far as that goes without looking into it. */
export type GivenCode =
  | { readonly zip: Uint8Array; readonly sourceKmsKeyArn?: string }
  | { readonly imageUri: string; readonly digest?: string };

/** Code that was sent, or the object that holds it. */
export type NamedCode = GivenCode | { readonly object: CodeObject; readonly sourceKmsKeyArn?: string };

/** What refusals call the code and the structure that it comes in. */
interface Naming {
  readonly structure: string;
  readonly code: string;
}

const FUNCTION_CODE: Naming = { structure: "FunctionCode", code: "function code" };
/** By analogy: what AWS says of layers is not recorded. */
export const LAYER_CONTENT: Naming = { structure: "LayerVersionContentInput", code: "layer content" };

/**
 * The code that was sent, or where it is.
 * @throws ServiceError
 */
export function givenCode(
  fail: LambdaFail,
  packageType: FunctionConfiguration["packageType"],
  code: LambdaInput<"CreateFunction">["Code"],
  naming = FUNCTION_CODE,
): NamedCode {
  const refuse = (message: string): never => fail("InvalidParameterValueException", message);
  const { ZipFile: zip, ImageUri: imageUri } = code;
  const fromS3 = code.S3Bucket ?? code.S3Key ?? code.S3ObjectVersion ?? code.S3ObjectStorageMode;
  if (zip !== undefined && (fromS3 ?? imageUri) !== undefined) {
    return refuse(`Please do not provide other ${naming.structure} parameters when providing a ZipFile.`);
  }
  if (packageType === "Image" && imageUri !== undefined) {
    if (fromS3 !== undefined || code.SourceKMSKeyArn) {
      return refuse("Please do not provide other FunctionCode parameters when providing an ImageUri.");
    }
    const reference =
      parseImageUri(imageUri) ?? refuse(`Source image ${imageUri} is not valid. Provide a valid source image.`);
    return { imageUri, ...(reference.digest !== undefined && { digest: reference.digest }) };
  }
  const key = { ...(code.SourceKMSKeyArn && { sourceKmsKeyArn: code.SourceKMSKeyArn }) };
  if (code.S3Bucket !== undefined && code.S3Key !== undefined) {
    if (code.S3ObjectStorageMode === "REFERENCE") return refuse(notServed("Code that stays in Amazon S3"));
    const versionId = code.S3ObjectVersion;
    return {
      object: { bucket: code.S3Bucket, key: code.S3Key, ...(versionId !== undefined && { versionId }) },
      ...key,
    };
  }
  if (zip === undefined) return refuse(`Please provide a source for ${naming.code}.`);
  if (zip.length === 0) return refuse(REFUSALS.empty);
  if (zip.length > MAX_ZIPPED_BYTES) {
    return fail("RequestEntityTooLargeException", `Zipped size must be smaller than ${MAX_ZIPPED_BYTES} bytes`);
  }
  return { zip, ...key };
}

/** The code itself, fetched where an object holds it. @throws ServiceError */
export async function fetchedCode(
  management: Pick<ManagementContext, "fail" | "readCodeObject" | "resolveImage">,
  { principal }: CallContext,
  named: NamedCode,
  architecture: Architecture = "x86_64",
): Promise<GivenCode> {
  if ("imageUri" in named) return resolvedImage(management, named, architecture);
  if (!("object" in named)) return named;
  const { fail, readCodeObject } = management;
  const { object, ...key } = named;
  try {
    const zip = await readCodeObject(object, MAX_UNZIPPED_BYTES, principal);
    return zip.length === 0 ? fail("InvalidParameterValueException", REFUSALS.empty) : { zip, ...key };
  } catch (error) {
    if (!(error instanceof CodeObjectRefusal)) throw error;
    return fail("InvalidParameterValueException", objectRefusal(error, object));
  }
}

type NamedImage = Extract<GivenCode, { imageUri: string }>;

/** One that is pinned is looked for when it is fetched. */
async function resolvedImage(
  { fail, resolveImage }: Pick<ManagementContext, "fail" | "resolveImage">,
  image: NamedImage,
  architecture: Architecture,
): Promise<NamedImage> {
  if (image.digest !== undefined) return image;
  const { imageUri } = image;
  const resolution = await resolveImage(imageUri, architecture);
  switch (resolution.kind) {
    case "found":
      return { imageUri, digest: resolution.digest };
    case "unknown":
      return image;
    case "missing":
      return fail(
        "InvalidParameterValueException",
        `Source image ${imageUri} does not exist. Provide a valid source image.`,
      );
    case "denied":
      return fail(
        "AccessDeniedException",
        "Lambda does not have permission to access the ECR image. Check the ECR permissions.",
      );
    case "invalid":
      // AWS names the media types that it takes; here the reason says which part is at fault.
      return fail(
        "InvalidParameterValueException",
        `The image manifest, config or layer media type for the source image ${imageUri} is not supported. ${resolution.reason}`,
      );
  }
}

function objectRefusal({ code, message }: CodeObjectRefusal, { bucket, key }: CodeObject): string {
  if (code === "TooLarge") return REFUSALS["too-large"];
  const told = `S3 Error Code: ${code}. S3 Error Message: ${message}`;
  if (code !== "AccessDenied") return `Error occurred while GetObject. ${told}`;
  return `Your access has been denied by S3, please make sure your request credentials have permission to GetObject for ${bucket}/${key}. ${told}`;
}

/**
 * @param codeBytes unzipped size of a function's own code
 * @throws ServiceError when it and the function's layers are too large together
 */
export function checkUnzippedSize(fail: LambdaFail, codeBytes: number, layers: readonly FunctionLayer[] = []): void {
  const bytes = layers.reduce((sum, { unzippedSize }) => sum + unzippedSize, codeBytes);
  if (bytes > MAX_UNZIPPED_BYTES) fail("InvalidParameterValueException", REFUSALS["too-large"]);
}

/** bytes that the region keeps of it */
export function zippedSize(given: GivenCode): number {
  return "zip" in given ? given.zip.length : 0;
}

/**
 * Keep the code while `use` makes a function of it.
 * @param admit judges the signature of a zip that could be unpacked
 * @throws ServiceError when it is a zip that cannot be unpacked
 */
export async function withStoredCode<T>(
  fail: LambdaFail,
  codeStore: CodeStore,
  given: GivenCode,
  admit: (zip: Uint8Array) => Promise<SignedBy>,
  use: (code: VersionCode) => Promise<T>,
): Promise<T> {
  if ("imageUri" in given) {
    return use({ codeSha256: given.digest ?? "", codeSize: 0, imageUri: given.imageUri });
  }
  const { zip, ...key } = given;
  try {
    return await codeStore.store(zip, async (stored) => use({ ...stored, ...key, ...(await admit(zip)) }));
  } catch (error) {
    if (!(error instanceof UnzipError)) throw error;
    return fail("InvalidParameterValueException", REFUSALS[error.kind]);
  }
}
