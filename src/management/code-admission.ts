/**
 * May this code be deployed to a function with this code signing configuration? A signature that does not fit the code never
 * may; what no allowed profile has signed, or whose signature has expired, may where the configuration only warns.
 */
import { codeSignature } from "../functions/code-signature.ts";
import type { CodeSigningConfig } from "../functions/code-signing-configs.ts";
import type { FunctionVersion } from "../functions/function-version.ts";
import type { ManagementContext } from "./lambda-api.ts";

/** What a version says of its code's signature. */
export type SignedBy = Pick<FunctionVersion, "signingProfileVersionArn" | "signingJobArn">;

/**
 * @param zip one that could be unpacked
 * @param arn of the function (or layer version) that the code is for
 * @throws InvalidCodeSignatureException, CodeVerificationFailedException
 */
export async function admitCode(
  { signingProfiles, onUntrustedCode, clock, fail }: ManagementContext,
  zip: Uint8Array,
  arn: string,
  config: CodeSigningConfig | undefined,
): Promise<SignedBy> {
  const signature = await codeSignature(zip, signingProfiles);
  if (signature.kind === "broken" && config) {
    // The text is not recorded.
    fail(
      "InvalidCodeSignatureException",
      `Lambda cannot deploy the function. The code signature failed the integrity check. Check the provided signature for ${arn}.`,
    );
  }
  const signers = signature.kind === "signed" ? signature.profileVersionArns : [];
  const allowed = signers.find((signer) => config?.profileVersionArns.includes(signer));
  const isGood = allowed !== undefined && signature.kind === "signed" && clock.now() < signature.expiresAt;
  if (config && !isGood) {
    if (config.untrusted === "Enforce") {
      fail(
        "CodeVerificationFailedException",
        `Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for ${arn}.`,
      );
    }
    onUntrustedCode(arn);
  }
  const signer = allowed ?? signers[0];
  if (signature.kind !== "signed" || signer === undefined) return {};
  return {
    signingProfileVersionArn: signer,
    ...(signature.jobArn !== undefined && { signingJobArn: signature.jobArn }),
  };
}
