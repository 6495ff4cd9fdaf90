/** Bytes that are there already, for those who read them as they come. */
import type { BodyStream } from "./service.ts";

export function streamOf(body: Buffer): BodyStream {
  return {
    length: body.length,
    announced: [],
    trailers: {},
    async *[Symbol.asyncIterator]() {
      if (body.length > 0) yield body;
    },
  };
}
