/** Images in a directory of this machine: OCI image layouts, which `buildah push`, `skopeo copy` and others write. */
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { ImageError } from "./image-error.ts";
import type { ImageSource } from "./image-source.ts";
import { type Descriptor, isDigest } from "./manifest.ts";

const TAG = "org.opencontainers.image.ref.name";

interface IndexEntry {
  readonly digest?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export class Layout implements ImageSource {
  readonly #directoryOf: (repository: string) => string;

  /** @param directoryOf where the layout of a repository is */
  constructor(directoryOf: (repository: string) => string) {
    this.#directoryOf = directoryOf;
  }

  async manifest(repository: string, reference: string): Promise<Buffer> {
    const directory = this.#directoryOf(repository);
    if (isDigest(reference)) return readFile(blobPath(directory, reference)).catch(missing(repository, reference));
    const text = await readFile(join(directory, "index.json"), "utf8").catch(missing(repository, reference));
    const { manifests = [] } = JSON.parse(text) as { manifests?: readonly IndexEntry[] };
    const tagged = manifests.find(({ annotations }) => {
      const tag = annotations?.[TAG];
      return tag === reference || tag?.endsWith(`:${reference}`);
    });
    // Some tools write no tag: of one image there is no doubt which is meant.
    const entry =
      tagged ?? (manifests.length === 1 && manifests[0]?.annotations?.[TAG] === undefined ? manifests[0] : undefined);
    if (entry?.digest === undefined || !isDigest(entry.digest)) return missing(repository, reference)();
    return readFile(blobPath(directory, entry.digest)).catch(missing(repository, reference));
  }

  async blob(repository: string, { digest }: Descriptor): Promise<Readable> {
    const path = blobPath(this.#directoryOf(repository), digest);
    await stat(path).catch(missing(repository, digest));
    return createReadStream(path);
  }
}

const blobPath = (directory: string, digest: string): string =>
  join(directory, "blobs", "sha256", digest.slice("sha256:".length));

function missing(repository: string, reference: string): () => never {
  return () => {
    throw new ImageError("missing", `there is no ${repository} ${reference} among the images of this machine`);
  };
}
