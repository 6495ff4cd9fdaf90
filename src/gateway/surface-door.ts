/**
 * The way in to what the region serves over HTTP besides AWS's APIs (wire/http-surface.ts): finds the surface that a request
 * means and gives it what it needs of the connection, the signature and the memory.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { BodyBudget } from "../execution/body-budget.ts";
import { LARGE_BYTES, type Turn } from "../execution/large-bodies.ts";
import { requestTooLarge } from "../wire/common-errors.ts";
import type {
  HttpSurface,
  SurfaceHead,
  SurfaceMatch,
  SurfaceRequest,
  SurfaceSigner,
  SurfaceStream,
  SurfaceUpgrade,
} from "../wire/http-surface.ts";
import type { Authorize } from "./authorization.ts";
import { chunkedWireBytes } from "./aws-chunked.ts";
import { BodyBudgetSpent, BodyTooLarge } from "./body.ts";
import { hostName } from "./cors.ts";
import { type Call, type Exchange, onWritten } from "./exchange.ts";
import type { OpenSignature } from "./open-signature.ts";
import { refusal } from "./refusal.ts";
import { isTreacherous, type RequestHead } from "./request-head.ts";
import { traceId } from "./request-id.ts";
import type { SignatureVerifier } from "./sigv4.ts";

/** Pages below the region's own origin must not act as the console's: the browser is to give them an origin of their own. */
const SANDBOX: readonly string[] = [
  "Content-Security-Policy",
  "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts",
];

export interface SurfaceDoorParts {
  readonly surfaces: readonly HttpSurface[];
  readonly verifier: SignatureVerifier;
  readonly unverified: BodyBudget;
  readonly authorize: Authorize;
  readonly now: () => number;
}

/** Of a request that wants to become a WebSocket. */
export type Connection = Pick<SurfaceUpgrade, "incoming" | "socket" | "first" | "refuse">;

export class SurfaceDoor {
  readonly #parts: SurfaceDoorParts;

  constructor(parts: SurfaceDoorParts) {
    this.#parts = parts;
  }

  /** @param host as the Host header says it */
  match(host: string, path: string): SurfaceMatch | undefined {
    for (const surface of this.#parts.surfaces) {
      const match = surface.match(hostName(host), path);
      if (match) return match;
    }
    return undefined;
  }

  /** @throws ServiceError */
  async handle(call: Call & { readonly turn?: Pick<Turn, "leave"> }, match: SurfaceMatch): Promise<void> {
    const { exchange } = call;
    exchange.service = match;
    if (match.by === "path") exchange.extraHeaders = SANDBOX;
    await match.handle(new SurfaceExchange(call, this.#parts));
  }

  /** @throws ServiceError */
  async upgrade(head: RequestHead, requestId: string, connection: Connection, match: SurfaceMatch): Promise<void> {
    await match.upgrade(new Upgrade(head, requestId, connection, this.#parts));
  }
}

/** Before the body. */
class PlainHead implements SurfaceHead {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: readonly string[];
  readonly requestId: string;
  readonly traceId: string;
  readonly sourceIp: string;
  readonly port: number;
  readonly protocol: string;
  protected readonly parts: SurfaceDoorParts;
  protected signature: OpenSignature | undefined;
  readonly #head: RequestHead;

  constructor(head: RequestHead, requestId: string, incoming: IncomingMessage, parts: SurfaceDoorParts) {
    this.method = head.method;
    this.path = head.path;
    this.query = head.query;
    this.headers = head.headers;
    this.rawHeaders = head.rawHeaders;
    this.requestId = requestId;
    this.traceId = traceId(head.headers["x-amzn-trace-id"], parts.now());
    this.sourceIp = addressOf(incoming.socket.remoteAddress);
    this.port = incoming.socket.localPort ?? 80;
    this.protocol = `HTTP/${incoming.httpVersion}`;
    this.parts = parts;
    this.#head = head;
  }

  signer(service: string): SurfaceSigner {
    // Signatures cover normalised paths: what differs from the path that is routed must not be in it.
    if (isTreacherous(this.path)) {
      throw refusal("ValidationException", "The request path must not contain dot segments or NULs");
    }
    this.signature = this.parts.verifier.open(this.#head, service);
    const { principal, accessKeyId } = this.signature;
    return {
      principal,
      accessKeyId,
      may: (action, resource) => this.parts.authorize(principal, action, resource),
    };
  }
}

class SurfaceExchange extends PlainHead implements SurfaceRequest {
  readonly #exchange: Exchange;
  readonly #turn: Pick<Turn, "leave"> | undefined;

  constructor({ exchange, head, turn }: Call & { readonly turn?: Pick<Turn, "leave"> }, parts: SurfaceDoorParts) {
    super(head, exchange.requestId, exchange.request, parts);
    this.#exchange = exchange;
    this.#turn = turn;
  }

  async readBody(limit: number): Promise<Buffer> {
    const { signature } = this;
    const budget = signature?.isVerified ? undefined : this.parts.unverified;
    try {
      const wire = await this.#exchange.readBody(signature?.isChunked ? chunkedWireBytes(limit) : limit, budget);
      return signature ? signature.accept(wire) : wire;
    } catch (error) {
      throw error instanceof BodyTooLarge ? requestTooLarge("Invoke", limit) : error;
    }
  }

  hold(bytes: number): () => void {
    if (bytes <= LARGE_BYTES) return () => {};
    const { unverified } = this.parts;
    if (!unverified.take(bytes)) throw new BodyBudgetSpent("no room for the event");
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      unverified.giveBack(bytes);
      this.#turn?.leave();
    };
  }

  send(status: number, headers: readonly string[], body: Buffer): void {
    // Neither may have a body, and so no length of one.
    const length = status === 204 || status === 304 ? [] : ["Content-Length", String(body.length)];
    this.#exchange.send(status, [...headers, ...length], length.length === 0 ? NOTHING : body);
  }

  stream(status: number, headers: readonly string[]): SurfaceStream {
    const exchange = this.#exchange;
    exchange.begin(status, headers);
    return {
      write: (chunk, onDone) => exchange.response.write(chunk, onWritten(onDone)),
      end: () => void exchange.response.end(),
      abandon: () => exchange.abandon(),
    };
  }

  get isAbandoned(): boolean {
    return this.#exchange.isAbandoned;
  }

  onDrain(listener: () => void): void {
    this.#exchange.onDrain(listener);
  }
}

class Upgrade extends PlainHead implements SurfaceUpgrade {
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  readonly first: Buffer;
  readonly refuse: SurfaceUpgrade["refuse"];

  constructor(head: RequestHead, requestId: string, connection: Connection, parts: SurfaceDoorParts) {
    super(head, requestId, connection.incoming, parts);
    this.incoming = connection.incoming;
    this.socket = connection.socket;
    this.first = connection.first;
    this.refuse = connection.refuse;
  }
}

const NOTHING = Buffer.alloc(0);

/** IPv4 as such, also when it came over a socket that speaks IPv6. */
function addressOf(address = "127.0.0.1"): string {
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}
