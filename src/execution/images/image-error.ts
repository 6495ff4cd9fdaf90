/** Why an image cannot be had. */

export class ImageError extends Error {
  override readonly name = "ImageError";
  /** `unreachable` may be mended by trying again; the others not. */
  readonly kind: "missing" | "denied" | "invalid" | "unreachable";

  constructor(kind: ImageError["kind"], message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}
