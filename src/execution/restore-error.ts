/** An environment was restored from its snapshot, and what the function does then failed or took too long: for its caller. */
export class RestoreError extends Error {
  override readonly name = "RestoreError";
  readonly kind: "timeout" | "error";

  constructor(kind: "timeout" | "error") {
    super(kind === "timeout" ? "the restore took too long" : "an after-restore hook failed");
    this.kind = kind;
  }
}
