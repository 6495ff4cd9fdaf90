/** A signature whose signer is known and whose body is still to come, of either version. */
import type { BodyStream, Principal } from "../wire/service.ts";

export interface OpenSignature {
  readonly principal: Principal;
  readonly accessKeyId: string;
  /** Is the body in aws-chunked encoding, larger on the wire than what it carries? */
  readonly isChunked: boolean;
  /** Is it certain already, before the body is known, that the holder of the key signed this request? */
  readonly isVerified: boolean;

  /**
   * Check the body. @returns it, out of its aws-chunked encoding where it was in one
   * @throws ServiceError InvalidSignature when it is not the body that was signed
   */
  accept(body: Buffer): Buffer;

  /**
   * The same for a body that is read as it comes, of a request whose signature isVerified.
   * @param length bytes on the wire, where declared
   */
  acceptStream(source: AsyncIterable<Buffer>, length: number | undefined): BodyStream;
}
