/** Manifests, indexes and configurations of images (OCI image specification, Docker's schema 2): read strictly. */
import { ImageError } from "./image-error.ts";

export const MANIFEST_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
] as const;

export interface Descriptor {
  readonly mediaType: string;
  /** sha256:<64 hex> */
  readonly digest: string;
  readonly size: number;
}

export interface Manifest {
  readonly config: Descriptor;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
}

/** What an image says of how it is run. */
export interface ImageConfiguration {
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** `amd64`, `arm64`, ... */
  readonly architecture: string;
}

/** bytes of a manifest or a configuration */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
const MOST_LAYERS = 127;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** How they are packed is seen in their first bytes: not everybody says it right. */
const LAYER_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd",
  "application/vnd.oci.image.layer.nondistributable.v1.tar",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
]);

export const isDigest = (text: string): boolean => DIGEST.test(text);

/** @throws ImageError when it is no manifest of an image that can be run */
export function readManifest(bytes: Buffer): Manifest {
  const { config, layers } = object(bytes);
  if (!Array.isArray(layers) || layers.length > MOST_LAYERS)
    return invalid("its manifest names no layers, or too many");
  return { config: descriptor(config), layers: layers.map(layer) };
}

/**
 * The manifest for this processor, when the document is an index of several.
 * @param architecture as images call it
 * @returns undefined when the document is a manifest itself
 */
export function chooseManifest(bytes: Buffer, architecture: string): Descriptor | undefined {
  const { manifests } = object(bytes);
  if (!Array.isArray(manifests)) return undefined;
  const found = manifests.find(
    ({ platform } = {}) => platform?.os === "linux" && platform.architecture === architecture,
  );
  // A layout on disk may have an index of one image that tells no platform.
  const only = manifests.length === 1 && manifests[0]?.platform === undefined ? manifests[0] : undefined;
  if (!found && !only) return invalid(`it has nothing for linux/${architecture}`);
  return descriptor(found ?? only);
}

/** @throws ImageError */
export function readConfiguration(bytes: Buffer): ImageConfiguration {
  const { config = {}, architecture } = object(bytes);
  if (typeof config !== "object" || config === null) return invalid("its configuration is none");
  const { Entrypoint, Cmd, WorkingDir, Env } = config as Record<string, unknown>;
  const variables = texts(Env).map((text): [string, string] => {
    const at = text.indexOf("=");
    return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  });
  return {
    entryPoint: texts(Entrypoint),
    command: texts(Cmd),
    workingDirectory: typeof WorkingDir === "string" && WorkingDir !== "" ? WorkingDir : "/",
    environment: Object.fromEntries(variables.filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))),
    architecture: typeof architecture === "string" ? architecture : "",
  };
}

function layer(value: unknown): Descriptor {
  const found = descriptor(value);
  return LAYER_TYPES.has(found.mediaType) ? found : invalid(`a layer is of the type ${found.mediaType}`);
}

function descriptor(value: unknown): Descriptor {
  const { mediaType, digest, size } = (value ?? {}) as Partial<Descriptor>;
  if (typeof digest !== "string" || !isDigest(digest)) return invalid("a digest in its manifest is none");
  return { mediaType: String(mediaType), digest, size: typeof size === "number" ? size : 0 };
}

function object(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  return invalid("its manifest or configuration is no JSON object");
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function invalid(why: string): never {
  throw new ImageError("invalid", `The image cannot be used: ${why}.`);
}
