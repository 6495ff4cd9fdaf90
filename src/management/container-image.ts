/** Container images as code: how they are named, and which members go with them and which with zips. */
import type { FunctionConfiguration } from "../functions/function-version.ts";
import type { FunctionSettings } from "./function-settings.ts";
import type { LambdaInput } from "./lambda-api.ts";

const LONGEST_REFERENCE = 1024;

/** A reference as registries understand it. AWS takes only its own registry's; here any may be reachable. */
const REFERENCE =
  /^(?<name>(?:[a-zA-Z0-9.-]+(?::\d{1,5})?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)(?::\w[\w.-]{0,127})?(?:@sha256:(?<digest>[0-9a-f]{64}))?$/;

export interface ImageReference {
  /** Registry and repository. */
  readonly name: string;
  /** SHA-256 in hex; undefined when only a tag says which image is meant. */
  readonly digest?: string;
}

/** What an ImageUri names; undefined when it is none. */
export function parseImageUri(uri: string): ImageReference | undefined {
  if (uri.length > LONGEST_REFERENCE) return undefined;
  const groups = REFERENCE.exec(uri)?.groups;
  if (!groups?.name) return undefined;
  return { name: groups.name, ...(groups.digest !== undefined && { digest: groups.digest }) };
}

/** Why the code and the package type of a new function do not go together, or undefined. */
export function newPackageRefusal(input: LambdaInput<"CreateFunction">): string | undefined {
  if (input.PackageType !== "Image") {
    if (input.Runtime === undefined || input.Handler === undefined) {
      return "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
    }
    return undefined;
  }
  if (input.Code.ImageUri === undefined) {
    return "Please provide ImageUri when creating a function with packageType Image.";
  }
  return zipMembersRefusal("Image", input);
}

/** Why these members cannot be set on a function of this package type, or undefined. */
export function zipMembersRefusal(
  packageType: FunctionConfiguration["packageType"],
  settings: FunctionSettings,
): string | undefined {
  if (packageType !== "Image") return undefined;
  const ofZips = settings.Runtime ?? settings.Handler ?? settings.Layers?.[0];
  if (ofZips === undefined) return undefined;
  return "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.";
}

/** Why the code of a function of this package type cannot be replaced by this, or undefined. */
export function newCodeRefusal(
  packageType: FunctionConfiguration["packageType"],
  code: LambdaInput<"UpdateFunctionCode">,
): string | undefined {
  if ((code.ImageUri !== undefined) === (packageType === "Image")) return undefined;
  return packageType === "Image"
    ? "Please provide ImageUri when updating a function with packageType Image."
    : "Please don't provide ImageUri when updating a function with packageType Zip.";
}
