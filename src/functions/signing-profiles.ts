/**
 * Whose signatures are believed: signing profile versions, each with the certificates that vouch for it. Read once, from a
 * JSON file of the operator's: `{ "<profile version ARN>": "certificate.pem" | ["root.pem", ...] }`, paths as seen from the
 * file. A certificate is that of a signer itself, or a root that the signer's certificate leads to, such as AWS Signer's.
 */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

export interface SigningProfile {
  readonly versionArn: string;
  /** DER */
  readonly certificates: readonly Uint8Array[];
}

/** The file cannot be used. The message is for the operator. */
export class SigningProfilesError extends Error {
  override readonly name = "SigningProfilesError";
  readonly hint = "a JSON object that maps ARNs of signing profile versions to files of PEM certificates";
}

const ARN = /^arn:aws[a-zA-Z-]*:signer:[a-z0-9-]+:\d{12}:\/signing-profiles\/[^/]+\/[^/]+$/;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** @param file empty for none @throws SigningProfilesError */
export async function loadSigningProfiles(file: string): Promise<readonly SigningProfile[]> {
  if (file === "") return [];
  const entries = parsed(file, await read(file));
  return Promise.all(
    entries.map(async ([versionArn, paths]) => {
      const files = await Promise.all(paths.map((path) => certificatesIn(resolve(dirname(file), path))));
      return { versionArn, certificates: files.flat() };
    }),
  );
}

function parsed(file: string, text: string): [arn: string, paths: string[]][] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new SigningProfilesError(`${file} is not JSON`, { cause: error });
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new SigningProfilesError(`${file} is not a JSON object`);
  }
  return Object.entries(content).map(([arn, value]) => {
    if (!ARN.test(arn)) throw new SigningProfilesError(`${file}: '${arn}' is not the ARN of a signing profile version`);
    const paths: unknown[] = Array.isArray(value) ? value : [value];
    const isPath = (path: unknown): path is string => typeof path === "string" && path !== "";
    if (paths.length === 0 || !paths.every(isPath)) throw new SigningProfilesError(`${file}: ${arn} names no file`);
    return [arn, paths];
  });
}

async function certificatesIn(file: string): Promise<Uint8Array[]> {
  const certificates = (await read(file)).match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw new SigningProfilesError(`${file} holds no PEM certificate`);
  try {
    return certificates.map((pem) => new Uint8Array(new X509Certificate(pem).raw));
  } catch (error) {
    throw new SigningProfilesError(`${file} holds a broken certificate`, { cause: error });
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new SigningProfilesError(`${file} cannot be read`, { cause: error });
  }
}
