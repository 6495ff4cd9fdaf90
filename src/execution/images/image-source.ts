/** Where manifests and blobs come from: a registry, or a place on this machine. */
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { ImageError } from "./image-error.ts";
import { type Descriptor, isDigest, MAX_DOCUMENT_BYTES } from "./manifest.ts";

export interface ImageSource {
  /**
   * @param reference tag or digest
   * @throws ImageError
   */
  manifest(repository: string, reference: string): Promise<Buffer>;
  /** Unchecked bytes. @throws ImageError */
  blob(repository: string, descriptor: Descriptor): Promise<Readable>;
  /** Files that were made to read it are given back. */
  close?(): Promise<void>;
}

export const digestOf = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** A manifest that is what its digest says. @throws ImageError */
export async function checkedManifest(source: ImageSource, repository: string, reference: string): Promise<Buffer> {
  const bytes = await source.manifest(repository, reference);
  if (isDigest(reference) && digestOf(bytes) !== reference) {
    throw new ImageError("invalid", "The image cannot be used: a manifest is not what its digest says.");
  }
  return bytes;
}

/** A small blob, whole and checked. @throws ImageError */
export async function checkedDocument(
  source: ImageSource,
  repository: string,
  descriptor: Descriptor,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of await source.blob(repository, descriptor)) {
    bytes += chunk.length;
    if (bytes > MAX_DOCUMENT_BYTES)
      throw new ImageError("invalid", "The image cannot be used: its configuration is too large.");
    chunks.push(chunk);
  }
  const document = Buffer.concat(chunks);
  if (digestOf(document) !== descriptor.digest) {
    throw new ImageError("invalid", "The image cannot be used: its configuration is not what its digest says.");
  }
  return document;
}
