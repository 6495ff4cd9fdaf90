/** A deployment package that cannot be unpacked, through its own fault. */
export class UnzipError extends Error {
  override readonly name = "UnzipError";
  /** `invalid`: broken or hostile; `too-large`: more than Lambda's limit unpacked; `empty`: a zip without entries. */
  readonly kind: "invalid" | "too-large" | "empty";

  constructor(kind: UnzipError["kind"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}
