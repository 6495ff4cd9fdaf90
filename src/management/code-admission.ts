/**
 * May this code be deployed to a function with this code signing configuration? A signature that does not fit the code never
 * may; what no allowed profile has signed, or whose signature has expired, may where the configuration only warns.
 */
import { buffer } from "node:stream/consumers";
import { codeSignature } from "../functions/code-signature.ts";
import type { CodeSigningConfig } from "../functions/code-signing-configs.ts";
import type { Place } from "../functions/function-name.ts";
import type { FunctionLayer, FunctionVersion } from "../functions/function-version.ts";
import { layerArn } from "../functions/layer-name.ts";
import type { ManagementContext } from "./lambda-api.ts";

/** What a version says of its code's signature. */
export type SignedBy = Pick<FunctionVersion, "signingProfileVersionArn" | "signingJobArn">;

/** As AWS shows it. */
export function signedBy({ signingProfileVersionArn: profile, signingJobArn: job }: SignedBy) {
  return {
    ...(profile !== undefined && { SigningProfileVersionArn: profile }),
    ...(job !== undefined && { SigningJobArn: job }),
  };
}

/**
 * Layers are held to the configuration of the function that refers to them.
 * @throws InvalidCodeSignatureException, CodeVerificationFailedException
 */
export async function admitLayers(
  management: ManagementContext,
  place: Place,
  layers: readonly FunctionLayer[],
  config: CodeSigningConfig | undefined,
): Promise<void> {
  if (!config) return;
  for (const { layerName, version, codeSha256 } of layers) {
    const zip = await buffer(management.codeStore.open(codeSha256));
    await admitCode(management, zip, layerArn(place, layerName, version), config);
  }
}

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
