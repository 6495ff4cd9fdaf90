/** What a connection from inside a sandbox and the endpoints of the Runtime API say to each other. */
import type { Turn } from "../large-bodies.ts";
import type { Headers } from "./head.ts";
import type { StreamedBody } from "./streamed-body.ts";

export interface RuntimeRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Headers;
  /** What came behind a chunked body. */
  readonly trailers: Headers;
  readonly body: Buffer;
  /** Of a large body: it ends with the handling of the request, unless somebody keeps it. */
  readonly turn: Turn | undefined;
  /** Set when the body went on as it came; `body` is empty then. */
  readonly streamed: StreamedBody | undefined;
  /** Whole: all of it is in `body`. Too large: the body was over the limit and was thrown away. Truncated: the peer closed
   * before the end. */
  readonly bodyState: "whole" | "too-large" | "truncated";
}

export interface Responder {
  readonly alive: boolean;
  /**
   * @param head status line and headers without the closing empty line; content-length is added here
   * @param mayWait this answer may go out together with the next one, when the peer has already sent its next request
   * @param onSent called when the body is out of our hands, or lost
   */
  send(head: string, body: Buffer, mayWait?: boolean, onSent?: () => void): void;
}

export interface RequestHandler {
  handle(request: RuntimeRequest, responder: Responder): void;
  /** The head of a request that announces a streamed body. @returns where it goes; undefined: it is collected as any other */
  stream(method: string, path: string, headers: Headers): StreamedBody | undefined;
}
