/**
 * What a driver throws when it cannot do its work: a fault of the machine or of the setup, never the function's. The
 * hint tells the operator what would mend it.
 */
export class SandboxError extends Error {
  override readonly name = "SandboxError";
  readonly hint: string | undefined;

  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}
