/** Objects that hold code: where deployment packages come from that are not sent along. */

export interface CodeObject {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

export interface CodeObjects {
  has(bucket: string): boolean;
  /** The whole object. @param limit bytes @throws CodeObjectRefusal */
  read(object: CodeObject, limit: number): Promise<Buffer>;
}

/** The object cannot be had; the code and the message are those of the service that keeps it. */
export class CodeObjectRefusal extends Error {
  override readonly name = "CodeObjectRefusal";
  /** e.g. NoSuchKey; `TooLarge` for one of more bytes than the limit. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
