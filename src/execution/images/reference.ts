/** Where an image is, as its owner wrote it: `registry/repository:tag@digest`, with what people leave out. */

export interface ImageReference {
  /** Host and port, or a name that the operator has given to a directory. */
  readonly registry: string;
  readonly repository: string;
  /** Tag, or `sha256:<64 hex>` when the image is pinned. */
  readonly reference: string;
}

/** Docker's own registry goes by another name than its host's. */
const DOCKER_HUB = "docker.io";

/** @param uri that management has checked (container-image.ts) */
export function parseImageReference(uri: string): ImageReference {
  const [named = "", digest] = uri.split("@");
  const slash = named.indexOf("/");
  const first = named.slice(0, Math.max(slash, 0));
  // A first part without dot, port or `localhost` is a part of the repository's name.
  const isHost = first.includes(".") || first.includes(":") || first === "localhost";
  const registry = isHost ? first : DOCKER_HUB;
  const rest = isHost ? named.slice(slash + 1) : named;
  const [name = "", tag = "latest"] = rest.split(":");
  const repository = registry === DOCKER_HUB && !name.includes("/") ? `library/${name}` : name;
  return { registry, repository, reference: digest ?? tag };
}
